"""The lines that lead to a new notebook: in README, in 00 Start here, and on its family's page."""

from __future__ import annotations

import json
import re
from pathlib import Path

from runbook_lib.authoring.place_rules import START
from runbook_lib.authoring.template import Draft
from runbook_lib.core.errors import UsageError
from runbook_lib.core.foreign_json import read_json

SYMPTOMS = "| what you see, or want | open |"
INDEX = "| notebook | question |"  # in the last cell of 00 Start here
TABLE = "| notebook | question | changes |"


def edited_pages(draft: Draft, root: Path) -> dict[Path, str]:
    """Every page that has to name the notebook, with its new text. Raises UsageError where a page lacks its table."""
    readme, start, family = root / "README.md", root / f"notebooks/{START}.ipynb", family_page(draft, root)
    row = f"| {draft.when} | [{draft.number} {draft.title}]({{folder}}{draft.name}.ipynb) |"
    pages = {
        readme: with_row(_read(readme), SYMPTOMS, row.format(folder="notebooks/"), readme),
        start: _start_with_rows(_read(start), row.format(folder=""), draft, start),
        family: _described(draft, family),
    }
    index = root / "docs/README.md"
    if not family.is_file():
        pages[index] = _with_family(_read(index), draft.family)
    return pages


def family_page(draft: Draft, root: Path) -> Path:
    """The page of the draft's family."""
    return root / "docs/runbooks" / f"{draft.family}.md"


def with_row(text: str, header: str, row: str, page: Path) -> str:
    """`text` with `row` in the table under `header`, before the first row whose notebook has a higher number.

    Raises UsageError where there is no such table.
    """
    lines = text.split("\n")
    if header not in lines:
        raise UsageError(f"There is no table `{header}`.", where=str(page), next_step="Restore the page from git.")
    first = lines.index(header) + 2
    last = next((place for place in range(first, len(lines)) if not lines[place].startswith("|")), len(lines))
    # a table in the order of the numbers: a symptom has one notebook, and is found where others of its family are
    number = _number(row)
    place = next((place for place in range(first, last) if _number(lines[place]) > number), last)
    return "\n".join([*lines[:place], row, *lines[place:]])


def _number(row: str) -> str:
    """The first two-digit number of a notebook that a row links; empty where there is none."""
    found = re.search(r"\((?:[\w./]*/)?(\d\d)_\w+\.ipynb\)", row)
    return found[1] if found else ""


def _start_with_rows(text: str, row: str, draft: Draft, page: Path) -> str:
    """00 Start here with the notebook among the symptoms of its first cell and in the index of its last."""
    document = read_json(text, strict=False)
    # the link has the title already
    index = f"| [{draft.number} {draft.title}]({draft.name}.ipynb) | {draft.when[:1].upper()}{draft.when[1:]} |"
    for header, added in ((SYMPTOMS, row), (INDEX, index)):
        cell = next((one for one in document["cells"] if header in "".join(one["source"]).split("\n")),
                    document["cells"][0])
        cell["source"] = with_row("".join(cell["source"]), header, added, page).splitlines(keepends=True)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _described(draft: Draft, page: Path) -> str:
    """The family's page with the notebook in its table and a section of its own; a new page for a new family."""
    title = draft.family.capitalize()
    text = _read(page) if page.is_file() else f"# {title}: {draft.number}\n\n{TABLE}\n|---|---|---|\n"
    changes = "TO WRITE" if draft.plan else "nothing"
    row = f"| [{draft.number} {draft.title}](../../notebooks/{draft.name}.ipynb) | {draft.when} | {changes} |"
    section = f"## {draft.title}\n\nTO WRITE: what it asks, what it compares, and why.\n"
    return f"{with_row(text, TABLE, row, page).rstrip()}\n\n{section}"


def _with_family(text: str, family: str) -> str:
    """The index of the documentation with the page of a new family after those of the others."""
    last = list(re.finditer(r"\[[\w ]+\]\(runbooks/\w+\.md\)", text))[-1]
    return f"{text[:last.end()]} · [{family}](runbooks/{family}.md){text[last.end():]}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
