"""Text for people and from them: near misses, counts, foreign text made safe to show, NAME=VALUE lines."""

from __future__ import annotations

import difflib
import math
import re
import textwrap
from collections.abc import Iterable, Sequence

_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_()#][0-9A-Za-z]?")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_STRONG = re.compile(r"(?<![\w*])\*\*(?=\S)(.+?)(?<=\S)\*\*(?![\w*])")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def plain_text(markdown: str) -> str:
    """Markdown as it is read where nothing renders it: a link's text, and words without asterisks or backticks."""
    text = _LINK.sub(r"\1", markdown.replace("`", ""))
    return _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", text))  # one may be part of the other


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`; did you mean 'x'?`, or nothing when no known word is as near as `cutoff` (0 to 1)."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


def pluralize(number: int, word: str) -> str:
    """`1 step`, `2 steps`, `10,080 minutes`; numbers of four digits stay as they are."""
    return f"{number if abs(number) < 10_000 else f'{number:,}'} {word}{'' if number == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *before, last = tuple(words) or ("",)
    return f"{', '.join(before)} and {last}" if before else last


def unit_for(number: str, unit: str) -> str:
    """The unit of a number as it is shown: `1 connection`, `1 user/s`, `2 connections`, `1 s`, `1 %`."""
    return re.sub(r"^([a-z]{3,})s(?=/|$)", r"\1", unit) if number == "1" else unit


def readable_number(value: float, digits: int = 3) -> str:
    """A number with so many digits that count, never as a power of ten: `0.0125`, `99.9`, `100`, `5,344`.

    What stands before the point is never rounded away. Digits below a billionth are left out.
    """
    if not math.isfinite(value) or not value:
        return f"{abs(value):.0f}" if not value else str(value)
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{value:,.{min(max(decimals, 0), 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def readable_size(count: object) -> str:
    """Bytes in binary units with three digits: `812 B`, `4.21 MiB`."""
    if not isinstance(count, int | float):
        return "–"
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(amount) < 1024 or unit == "GiB":
            break
        amount /= 1024
    whole = unit == "B" or amount >= 1000
    return f"{amount:.0f} {unit}" if whole else f"{amount:.3g} {unit}"


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, each at most `width` characters where its words allow; the indentation is kept."""
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip(" "))]
        lines += textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
                               replace_whitespace=False, drop_whitespace=True) or [""]
    return lines


def printable(value: object) -> str:
    """Text of others as plain text: no terminal codes; control and direction marks are shown, not obeyed."""
    text = _TERMINAL.sub("", str(value)).replace("\r\n", "\n")
    if "\r" in text:  # a progress bar overwrites itself; its last state counts
        # by halves of lines: a pattern that looks for the last return would begin anew at every character
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    text = _DIRECTION.sub(lambda mark: f"‹U+{ord(mark.group()):04X}›", text)
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


_BLANKS = ("\n", "\r", " ", "\t")  # the first that there is, where a text is cut at a line's end
LONGEST_LINE = 16_384  # characters; a longer line has no end to wait for, and no secret is as long


def from_next_line(text: str) -> str:
    """What follows the first line end, or blank where the line has no end: the text begins in the middle of a line,
    perhaps in the middle of a secret."""
    end = next((place for mark in _BLANKS if (place := text.find(mark, 0, LONGEST_LINE)) >= 0), LONGEST_LINE - 1)
    return text[end + 1:]


def to_last_line(text: str) -> str:
    """What ends with the last line end: the text was cut in the middle of a line."""
    last = max(0, len(text) - LONGEST_LINE)
    end = next((place for mark in _BLANKS if (place := text.rfind(mark, last)) >= 0), last - 1)
    return text[:end + 1]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines whose columns begin below each other; a cell's own line ends become spaces."""
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def head_of(text: str, limit: int) -> str:
    """At most `limit` characters of a foreign text, cut between words: a piece of a word may be a piece of a secret,
    which no redactor knows."""
    if len(text) <= limit:
        return text
    cut = text[:limit + 1]
    return f"{cut[:max(map(cut.rfind, _BLANKS)) + 1].rstrip()} …".lstrip()


def tail_of(text: str, limit: int) -> str:
    """The last `limit` characters of a foreign text at most, cut between words."""
    if len(text) <= limit:
        return text
    cut = text[-limit - 1:]
    blanks = [place for place in map(cut.find, _BLANKS) if place >= 0]
    return f"… {cut[min(blanks):].lstrip() if blanks else ''}".rstrip()


def parse_assignment(line: str) -> tuple[str, str] | None:
    """Name and value of a line `NAME=value`, without `export ` and without quotes around the value; None otherwise.

    The form is that of Compose's `env_file`: what a value holds is never expanded.
    """
    name, equals, value = line.strip().removeprefix("export ").partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name.isidentifier():
        return None
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return name, value


def lines_of(text: str) -> list[str]:
    """The lines of a command's output or of a file, as the programs that wrote them count: only a newline ends one.

    str.splitlines() also splits at U+2028, U+0085, a form feed and more, which names, comments and JSON texts may hold.
    """
    return text.removesuffix("\n").split("\n") if text else []


def parse_assignments(text: str) -> dict[str, str]:
    """All `NAME=value` lines of a text; comments, empty lines and lines of another form are left out."""
    return dict(found for found in map(parse_assignment, lines_of(text)) if found is not None)


def server_address(user: str, host: str, port: int) -> str:
    """`user@host:port` for people, without `user@` where it is empty; an IPv6 address in brackets."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{user}@{place}" if user else place
