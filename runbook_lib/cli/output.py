"""How commands print: what a machine reads, and what can be printed at all on this terminal."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import re
import sys
import textwrap
from typing import Annotated, Any, TextIO, cast

import typer

from runbook_lib.core.errors import UsageError
from runbook_lib.core.text import plain_text

AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]

# what our lines use, for terminals that know less than Unicode
_PLAIN = {"✔": "ok", "✘": "FAILED", "↺": "undone", "…": "...", "–": "-", "—": "-", "‹": "<", "›": ">", "→": "->",
          "×": "x", "·": "*", "≥": ">=", "≤": "<=", "“": '"', "”": '"', "’": "'"}
_REPLACE = "runbook.plain"


def print_json(value: Any) -> None:
    """Print `value` as indented JSON; what JSON does not know (paths, times) as text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=not _is_unicode(sys.stdout), default=str))


def print_result(text: str) -> None:
    """Print what the command is asked for, and nothing besides it.

    Raises UsageError where it could not be written; a reader that has read enough, as `head`, is not such a case.
    """
    typer.echo(text, nl=False)
    sys.stdout.flush()
    lost = getattr(sys.stdout, "lost", "")
    if lost:
        raise UsageError(f"The output could not be written ({lost}).", where="standard output",
                         next_step="Free space there, or name another file.")


def prepare_output() -> None:
    """Make standard output and error safe: what cannot be written is given up, what cannot be encoded is replaced.

    Descriptors that were closed are opened on the null device: the next file that is opened would take their place,
    and what is printed would be written into it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue
    os.close(descriptor)
    codecs.register_error(_REPLACE, _replacement)
    sys.stdout, sys.stderr = _safe(sys.stdout, 1), _safe(sys.stderr, 2)


class SafeOutput(io.TextIOBase):
    """A text stream that never fails: a reader that went away, a hung-up terminal or a full disk ends the output.

    Everything else is the stream's own: descriptor, encoding, whether it is a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = ""  # why output is missing; not for a reader that went away

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's own."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self._stream.flush)

    def isatty(self) -> bool:
        return not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _attempt(self, do: Any) -> None:
        try:
            do()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            if not isinstance(error, BrokenPipeError):
                self.lost = self.lost or getattr(error, "strerror", None) or str(error)
            self._give_up()

    def _give_up(self) -> None:
        """Send the rest nowhere: the interpreter writes what is buffered once more when it ends, and would complain."""
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def _safe(stream: TextIO | None, descriptor: int) -> TextIO:
    usable = stream if stream is not None else os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
    if isinstance(usable, io.TextIOWrapper):
        usable.reconfigure(errors=_REPLACE)
    return cast(TextIO, usable if isinstance(usable, SafeOutput) else SafeOutput(usable))


def _replacement(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in text), error.end


def _is_unicode(stream: TextIO) -> bool:
    return codecs.lookup(stream.encoding or "ascii").name.startswith("utf")


def card_text(card: str, width: int) -> str:
    """A card's Markdown as plain text of at most `width` columns: a row of its table is a name and what it says."""
    # the lines of a paragraph are one text, wherever its author broke them
    joined = re.sub(r"(?m)^((?![#|]).+)\n(?![#|\n]|[-*] |\d+\. )", r"\1 ", card.strip())
    return "\n".join(filled for line in joined.splitlines() if (filled := _filled(line, width)) is not None)


def _filled(line: str, width: int) -> str | None:
    cells = [one.strip() for one in line.strip().strip("|").split("|")] if line.startswith("|") else [line]
    if line.startswith("|") and not "".join(cells).strip("-: "):  # the table's empty head and the line below it
        return None
    name, *rest = map(plain_text, cells)
    text = f"{name}: {' | '.join(rest)}" if rest else name
    return textwrap.fill(text, width, subsequent_indent="    " if rest else "", break_long_words=False)
