"""Lines of a terminal page."""

from obit.snapshot.page import RED, Page


def test_whatever_a_piece_holds_is_safe_to_print() -> None:
    page = Page(80, color=True)
    page.line("\x1b[2J", ("\x07", RED))
    page.command(2, "echo \x1b]0;x\x07")
    assert page.lines == ["\\e[2J\x1b[1;31m\\x07\x1b[0m", "  \x1b[1mecho \\e]0;x\\x07\x1b[0m"]


def test_a_line_ends_with_the_page_and_a_command_does_not() -> None:
    page = Page(10, color=False)
    page.line("abcdef", "ghijkl", "mno")
    page.command(0, "apt-get install x")
    assert page.lines == ["abcdefghi…", "apt-get install x"]


def test_what_stands_right_is_left_out_where_there_is_no_room() -> None:
    page = Page(10, color=False)
    page.spread(["abc"], "xyz")
    page.spread(["abcdefg"], "xyz")
    assert page.lines == ["abc    xyz", "abcdefg"]
