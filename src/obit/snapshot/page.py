"""A page of terminal text: lines made of pieces, each safe to print, some in a style."""

from obit.snapshot.format import printable, truncate, width

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "1;31", "32", "33", "36"
"""SGR parameters (ECMA-48 8.3.117)."""

Piece = str | tuple[str, str]
"""Text, or text and its style."""


class Page:
    """Collects lines. Whatever a piece holds, control characters in it are spelled out here: a report cannot drive the terminal."""

    def __init__(self, columns: int, *, color: bool) -> None:
        """`columns` is where lines should end; `color` whether styles are written."""
        self.columns = columns
        self.color = color
        self.lines: list[str] = []

    def line(self, *pieces: Piece) -> None:
        """Add a line; what goes beyond the last column is cut off with `…`."""
        safe = [(printable(piece), "") if isinstance(piece, str) else (printable(piece[0]), piece[1]) for piece in pieces]
        if sum(width(text) for text, _ in safe) > self.columns:
            safe = self._clipped(safe)
        self.lines.append("".join(self._styled(text, style) for text, style in safe).rstrip())

    def command(self, indent: int, text: str, label: str = "", style: str = BOLD) -> None:
        """Add a command to be copied, never cut: half a command is worse than a long line. `label` stands in the indentation."""
        self.lines.append(self._styled(f"{label:<{indent}}", DIM) + self._styled(printable(text), style))

    def spread(self, left: list[Piece], right: Piece) -> None:
        """Add a line with `right` at its end, when both fit; else only `left`."""
        room = self.columns - sum(map(piece_width, left)) - piece_width(right)
        if room >= 2 and piece_width(right):
            self.line(*left, " " * room, right)
        else:
            self.line(*left)

    def blank(self) -> None:
        """Add an empty line, unless the last one is."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def text(self) -> str:
        """The whole page, ending in a newline."""
        return "\n".join(self.lines).rstrip("\n") + "\n"

    def _clipped(self, pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
        room, kept = self.columns, []
        for text, style in pieces:
            kept.append((truncate(text, room), style))
            room -= width(text)
            if room <= 0:
                break
        return kept

    def _styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and style and text.strip() else text


def piece_width(piece: Piece) -> int:
    """Columns of a piece."""
    return width(piece if isinstance(piece, str) else piece[0])
