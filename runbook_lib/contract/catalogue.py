"""Which runbooks there are, and how an operator may name one: `20_deploy`, `20`, or `deploy`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from runbook_lib.core.errors import NotebookUnknown
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import did_you_mean, plain_text
from runbook_lib.environment import project

NO_PROSE = ("#", "|")  # a heading, a row of a table
# up to a stop that a capital letter follows: neither "15.4" nor "e.g. blue" ends a sentence
SENTENCE = re.compile(r".*?[.?!](?:[*_)\"”]*)(?=\s+[*_(\"“]*[A-Z]|$)")


@dataclass(frozen=True)
class Runbook:
    """One notebook of the project. `name` is its file name without the ending."""

    name: str
    path: Path

    @property
    def number(self) -> str:
        """The digits that the file name starts with, e.g. "20"."""
        return self.name.partition("_")[0]

    @property
    def word(self) -> str:
        """The name without its number, e.g. "deploy"."""
        return self.name.partition("_")[2] or self.name

    @cached_property
    def _raw(self) -> bytes:
        return self.path.read_bytes()

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, as it was when its cells were read: 64 hex digits."""
        return hashlib.sha256(self._raw).hexdigest()

    @property
    def metadata(self) -> dict[str, Any]:
        """The notebook's own metadata, as nbformat keeps it. Raises NotebookUnknown on a damaged file."""
        found = self._document.get("metadata")
        return found if isinstance(found, dict) else {}

    @cached_property
    def cells(self) -> list[dict[str, Any]]:
        """The cells as nbformat keeps them, each source as one text. Raises NotebookUnknown on a damaged file."""
        try:
            return [{**cell, "source": "".join(cell["source"])} for cell in self._document["cells"]]
        except (KeyError, TypeError) as error:
            raise self._damaged(error) from error

    @cached_property
    def _document(self) -> dict[str, Any]:
        try:
            # not nbformat: its schema takes a second to import, and a damaged file shows here as well
            document = read_json(self._raw, strict=False)
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error
        if not isinstance(document, dict):
            raise self._damaged(TypeError("it is not a mapping"))
        return document

    def _damaged(self, error: Exception) -> NotebookUnknown:
        return NotebookUnknown(f"The notebook cannot be read: {error}", where=str(self.path),
                               next_step="Restore the file from git and run again.")

    @property
    def card(self) -> str:
        """The first prose cell: when to use the runbook, what it changes, how to undo it (Markdown)."""
        return next((cell["source"] for cell in self.cells if cell["cell_type"] == "markdown"), "")

    @property
    def title(self) -> str:
        """The heading of the card, as plain text."""
        lines = (line.lstrip("# ").strip() for line in self.card.splitlines() if line.startswith("#"))
        return plain_text(next(lines, self.word.replace("_", " ")))

    @property
    def summary(self) -> str:
        """The card's first sentence below its heading, as plain text."""
        lines = (line.strip() for line in self.card.splitlines())
        prose = dropwhile(lambda line: not line or line.startswith(NO_PROSE), lines)
        paragraph = " ".join(takewhile(lambda line: line and not line.startswith(NO_PROSE), prose))
        found = SENTENCE.match(paragraph)
        return plain_text(found[0] if found else paragraph)

    @property
    def parameters_source(self) -> str:
        """The source of the cell tagged `parameters`; empty where there is none."""
        tagged = (cell for cell in self.cells if "parameters" in cell.get("metadata", {}).get("tags", []))
        return str(next(tagged, {"source": ""})["source"])


def runbooks() -> list[Runbook]:
    """All notebooks of the project, in the order of their numbers. Raises NotebookUnknown where there is no project."""
    if not folder().is_dir():
        raise NotebookUnknown("There is no folder of notebooks here.", where=str(folder()),
                              next_step="Set RUNBOOK_HOME to the project's folder, or unset it.")
    return [Runbook(path.stem, path) for path in sorted(folder().glob("*.ipynb"))]


def folder() -> Path:
    """Where the project's notebooks lie."""
    return project.root() / "notebooks"


def find_runbook(name: str) -> Runbook:
    """The one notebook that `name` means: a path, a whole name, a number, or a part that only one has.

    Raises NotebookUnknown, with what was probably meant.
    """
    # a file that was named is the one that is meant, whatever the project has under that name
    if name.endswith(".ipynb") and Path(name).is_file():
        path = Path(name).absolute()
        return Runbook(path.stem, path)
    if "/" in name:
        raise NotebookUnknown("There is no such notebook file.", where=name,
                              next_step="Check the path; the project's own need none: runbook list")
    known = runbooks()
    # the whole name before a part of it: "20" is 20_deploy even where another name contains it
    wanted = name.removesuffix(".ipynb").lower().replace("-", "_")
    for fits in (
        [one for one in known if wanted in (one.name, one.word, one.number)],
        [one for one in known if wanted and wanted in one.name],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise _unknown(f"{name!r} fits several notebooks: {', '.join(one.name for one in fits)}.")
    names = [word for one in known for word in (one.word, one.name)]
    raise _unknown(f"There is no notebook {name!r}{did_you_mean(wanted, names) or '.'}")


def _unknown(what: str) -> NotebookUnknown:
    return NotebookUnknown(what, where=str(folder()),
                           next_step="See all of them with: runbook list")
