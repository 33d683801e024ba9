"""The page: whole in itself, and unmoved by what the process chose."""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from obit.snapshot.html import render_page, rows
from obit.snapshot.model import Fault, MemoryBlock, Thread, Variable
from tests.builders import faults

EVERY = pytest.mark.parametrize("make", faults.ALL.values(), ids=faults.ALL.keys())
VOID = {"meta", "input", "link", "br", "img"}


class Outline(HTMLParser):
    """Checks that elements nest, and collects what could act."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.inline: dict[str, str] = {"script": "", "style": ""}
        self.count = {"script": 0, "style": 0}
        self.policy = ""
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        if tag in self.count:
            self.count[tag] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.inline:
            self.inline[self.open[-1]] += data
        else:
            self.text.append(data)


@EVERY
def test_a_page_is_whole_and_asks_for_nothing(make: Callable[[], Fault]) -> None:
    page = render_page(make())
    outline = Outline(page)
    assert page.lower().startswith("<!doctype html>")
    assert "<html" in page[:600].lower()
    assert outline.open == []
    assert all(link.startswith("#") for link in outline.links)
    assert "url(" not in page
    assert "@import" not in page


@EVERY
def test_only_our_own_style_and_script_may_act(make: Callable[[], Fault]) -> None:
    outline = Outline(render_page(make()))
    assert outline.handlers == []
    assert outline.count == {"script": 1, "style": 1}
    assert outline.policy.startswith("default-src 'none';")
    assert "unsafe" not in outline.policy
    for text in outline.inline.values():
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in outline.policy


def test_what_the_process_chose_is_text() -> None:
    page = render_page(faults.hostile())
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "\\e]0;owned" in "".join(Outline(page).text)


def test_the_page_says_what_the_report_says() -> None:
    text = " ".join("".join(Outline(render_page(faults.null_read())).text).split())
    for words in (
        "shop-cart crashed",
        "null pointer (read)",
        "cart->owner->balance -= total * code->percent / 100;",
        "mov rdx, qword ptr [rax + 0x10]",
        "Thread 4711 “worker-3”",
        "2 threads in epoll_wait < loop",
        "apt-get install libc6-dbg",
        "optimized out",
        "53 50 52 49 4e 47",
        "team",
    ):
        assert words in text


def test_every_section_that_the_navigation_names_exists() -> None:
    for make in faults.ALL.values():
        page = render_page(make())
        assert set(re.findall(r'href="#(\w+)"', page)) <= set(re.findall(r'id="(\w+)"', page))


def test_registers_say_where_they_point() -> None:
    page = render_page(faults.null_read())
    assert re.search(r"0x7ffd2c6e1a60<small>\[stack\]</small>", page)
    assert re.search(r"0x55d0c00011a9<small>shop-cart\+0x11a9</small>", page)


def test_a_deep_tree_ends() -> None:
    tree = Variable(name="leaf", kind="local", type="int", value="1")
    for _ in range(300):
        tree = Variable(name="node", kind="local", type="node", value=None, children=(tree,))
    frame = faults.frame("f", "f.c", 1, tree)
    assert Outline(render_page(faults.fault((Thread(tid=1, crashed=True, frames=(frame,)),)))).open == []


def test_memory_is_shown_in_rows() -> None:
    block = MemoryBlock(label="stack", address="0x1000", bytes="41" * 16 + "0042")
    assert list(rows(block)) == [
        ("000000001000", "41 41 41 41 41 41 41 41  41 41 41 41 41 41 41 41", "A" * 16),
        ("000000001010", "00 42  ", "·B"),
    ]
    assert list(rows(MemoryBlock(label="x", address="0x0", bytes="zz"))) == []
