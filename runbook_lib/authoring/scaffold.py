"""`runbook new`: a notebook, its contract's test, its page and the lines that lead to it; all tests pass at once."""

from __future__ import annotations

import re
from pathlib import Path

from runbook_lib.authoring.family_code import made_files, room_for_plans
from runbook_lib.authoring.page_edits import edited_pages
from runbook_lib.authoring.template import Draft, notebook_text
from runbook_lib.core.errors import UsageError

UNFIT = re.compile(r'[|"\\{}\x00-\x1f]')
NAME = re.compile(r"(?P<number>\d\d)_[a-z][a-z0-9_]{1,30}")
# the decade of a notebook's number is its family
FAMILIES = {"0": "observability", "1": "release", "2": "release", "3": "recovery", "4": "observability",
            "5": "audits", "6": "capacity", "7": "maintenance", "8": "incidents", "9": "incidents"}


def make_notebook(name: str, root: Path, *, title: str = "", when: str = "", apply: bool = False) -> tuple[Path, ...]:
    """Write everything a new notebook needs below `root`; returns the files written, the notebook first.

    `when` is what an operator sees or wants, as in README; `apply` makes a notebook that changes something. Raises
    UsageError, before anything is written, on a name that is taken or not of the form 49_disk_usage.
    """
    draft = make_draft(name, root, title=title, when=when, apply=apply)
    files = {root / f"notebooks/{name}.ipynb": notebook_text(draft), **made_files(draft, root),
             **edited_pages(draft, root)}
    # every text is made before the first is written: a refusal leaves nothing behind
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(files)


def make_draft(name: str, root: Path, *, title: str = "", when: str = "", apply: bool = False) -> Draft:
    """The draft of that name, with what was not given filled in. Raises UsageError on a name that cannot be used."""
    found = NAME.fullmatch(name)
    if found is None:
        raise UsageError(f"{name!r} is not the name of a notebook.", where="command line",
                         next_step="Two digits, `_`, a letter, then 1 to 30 more of a–z, 0–9 and `_`: 49_disk_usage.")
    taken = sorted(path.stem for path in (root / "notebooks").glob(f"{found['number']}_*.ipynb"))
    if taken:
        raise UsageError(f"The number {found['number']} is taken by {taken[0]}.", where=str(root / "notebooks"),
                         next_step="Choose another number; the decade is the family.")
    word = name.partition("_")[2]
    odd = next((text for text in (title, when) if UNFIT.search(text)), "")
    if odd:
        raise UsageError(f"{odd!r} holds a character that a table or a text cannot.", where="command line",
                         next_step='Leave out | " \\ { } and line breaks.')
    words = title or word.replace("_", " ").capitalize()
    return Draft(name, words, when or f"TO WRITE: what an operator sees or wants ({words})",
                 FAMILIES[name[0]], f"plan_{word}" if apply else "",
                 room_for_plans(root / "runbook_lib" / FAMILIES[name[0]]) if apply else "")
