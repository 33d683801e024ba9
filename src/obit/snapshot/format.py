"""Text for a terminal: what is safe to print, how wide it is, where it breaks, and how numbers read."""


def printable(text: str) -> str:
    """`text` with everything that a terminal would obey, hide or reorder spelled out: control and format characters (escape
    sequences, bidirectional overrides), unpaired surrogates. A crashed program chooses its names and strings; it must not choose
    what the reader sees."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else spelled(letter) for letter in text)


def spelled(letter: str) -> str:
    """A character that is not printable, in C's notation. Undecodable bytes (surrogates U+DC80…DCFF) become the byte that they were."""
    code = ord(letter)
    if letter in "\n\t\r\x1b":
        return {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\x1b": r"\e"}[letter]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code == 0xA0 or 0x2000 <= code <= 0x200A:
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable_lines(text: str) -> list[str]:
    """The lines of a message, each printable, tabs as spaces, without empty lines at the end."""
    return [printable(line.expandtabs(4)) for line in text.rstrip().splitlines()]


def width(text: str) -> int:
    """Columns that printable text takes: East Asian wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(letter) in ("Mn", "Me") else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def cut(text: str, columns: int) -> str:
    """The longest beginning of `text` that takes at most `columns`."""
    if text.isascii():
        return text[: max(columns, 0)]
    end, used = 0, 0
    for letter in text:
        used += width(letter)
        if used > columns:
            break
        end += 1
    return text[:end]


def truncate(text: str, columns: int) -> str:
    """`text`, or its beginning and `…` when it is wider than `columns`."""
    return text if width(text) <= columns else cut(text, columns - 1).rstrip(" …") + "…"


def truncate_left(text: str, columns: int) -> str:
    """`text`, or `…` and its end when it is wider than `columns`."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[max(1, width(text) - columns) :]
    return "…" + text


def shorten_path(path: str, columns: int) -> str:
    """A path that takes at most `columns`: whole directories go first, from the left (`…/src/cart.c`)."""
    if width(path) <= columns:
        return path
    parts = path.split("/")
    for first in range(1, len(parts)):
        short = "…/" + "/".join(parts[first:])
        if width(short) <= columns:
            return short
    return truncate_left(parts[-1], columns)


def pad(text: str, columns: int) -> str:
    """`text` with spaces up to `columns`."""
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most `columns`, broken between words; a word that is wider than a line is broken where it must."""
    lines: list[str] = []
    line, used = "", 0
    for word in text.split():
        size = width(word)
        if line and used + 1 + size <= columns:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        *full, line = chop(word, columns)
        lines += full
        used = width(line)
    return [*lines, line] if line else lines


def chop(word: str, columns: int) -> list[str]:
    """A word in pieces of at most `columns`. A word may have megabytes, so each step looks at a few lines of it and no more."""
    pieces = []
    at, reach = 0, 8 * columns
    while len(word) - at > reach or width(word[at:]) > columns:
        head = cut(word[at : at + reach], columns) or word[at]
        pieces.append(head)
        at += len(head)
    return [*pieces, word[at:]]


def size_text(count: int) -> str:
    """Bytes for a person: `606 kB`, `4.2 GB` (powers of 1000)."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 100 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def duration_text(seconds: float) -> str:
    """A time span in its two largest units: `3 h 12 m`, `45 s`, `300 ms`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    whole = int(seconds)
    first = next(index for index, (_, size) in enumerate(units) if whole >= size)
    unit, size = units[first]
    rest_unit, rest_size = units[first + 1] if first < 3 else ("s", 1)
    rest = whole % size // rest_size
    return f"{whole // size} {unit}" + (f" {rest} {rest_unit}" if rest else "")


def count_text(count: int, singular: str, plural: str | None = None) -> str:
    """`1 frame`, `39,936 frames`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
