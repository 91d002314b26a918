"""Figures and names for readers: durations, sizes, times, titles, and foreign text in bounds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

from runbook_lib.archive.records import truncate
from runbook_lib.contract import catalogue
from runbook_lib.core import times
from runbook_lib.core.errors import NotebookUnknown
from runbook_lib.core.text import printable

# a word as `shlex.quote` writes it: a quote inside stands as '"'"'
_QUOTED = re.compile(r"""'(?:[^']|'"'"')*'""")


def block(value: object, limit: int = 20_000) -> str:
    """`printable` text of bounded length, head and tail kept."""
    return truncate(printable(truncate(str(value), limit * 4)), limit).strip("\n")


def tail(value: object, lines: int = 30, limit: int = 6_000) -> str:
    """The last lines of an output."""
    kept = printable(str(value)[-limit * 2:]).rstrip().splitlines()
    text = "\n".join(kept[-lines:])
    return text if len(text) <= limit else "… " + text[-limit:]


def duration(seconds: object) -> str:
    """`3.2 s`, `4 min 07 s`, `1 h 02 min`; a dash where it is not known."""
    if not isinstance(seconds, int | float):
        return "–"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    # rounded first, or 59.96 s would read as "0 min 60 s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def on_host(host: str) -> str:
    """Where a step works, in words: `on the server`, `on this machine`."""
    return f"on {host}" if host.startswith("this ") else f"on the {host}"


def brief_command(command: str) -> str:
    """A command with each program that it carries as a word counted in lines: the gist is what a reader wants first."""
    return _QUOTED.sub(lambda word: f"‹{word[0].count(chr(10)) + 1} lines›" if "\n" in word[0] else word[0], command)


def sentences(lines: Iterable[str]) -> str:
    """Lines as one paragraph; each ends as a sentence does."""
    return " ".join(line if line.endswith((".", "!", "?", ":")) else f"{line}." for line in lines if line)


def moment(at: object) -> str:
    """An ISO time as `22 Nov 2026, 16:05:01 UTC`; other text as it is."""
    try:
        when = datetime.fromisoformat(str(at))
    except ValueError:
        return printable(at)
    return f"{when.day} {when:%b %Y, %H:%M:%S} UTC"


def clock(at: object) -> str:
    """The time of day of an ISO time: `16:05:01 UTC`; other text as it is."""
    try:
        return times.clock(times.parse_time(str(at)))
    except ValueError:
        return printable(at)


_ACRONYMS = {"ssh": "SSH", "tls": "TLS", "http": "HTTP", "sql": "SQL"}


def title_of(notebook: str) -> str:
    """Number and heading of a notebook of the project, `30 Back up the database`; of another its name in words."""
    if heading := _heading(catalogue.folder(), notebook):
        return heading
    words = printable(notebook).replace("_", " ").replace("-", " ").split()
    words = [_ACRONYMS.get(word, word) for word in words]
    first = next((number for number, word in enumerate(words) if not word.isdigit()), None)
    if first is not None:
        words[first] = words[first][:1].upper() + words[first][1:]
    return " ".join(words)


@cache
def _heading(folder: Path, notebook: str) -> str:
    # an index has thousands of runs, of a few notebooks; a report is made wherever its notebook is now
    try:
        own = {path.stem: path for path in folder.glob("*.ipynb")}.get(notebook)
        return printable(f"{(found := catalogue.Runbook(notebook, own)).number} {found.title}") if own else ""
    except (NotebookUnknown, OSError):
        return ""


def label(name: str) -> str:
    """A field name for people: `used_bytes` as `used bytes`."""
    return printable(name).replace("_", " ")
