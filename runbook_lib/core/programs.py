"""Shell programs that run on the server: files of the families, joined into the text of one program."""

from __future__ import annotations

from importlib.resources import files


def text(*names: str) -> str:
    """The programs of these names, e.g. "recovery/dump_contents.sh", one after the other as one text.

    A name is the family and the file in its `programs/` folder. Raises FileNotFoundError: a bug in the runbooks.
    """
    package = files("runbook_lib")
    return "".join(package.joinpath(*_place(name)).read_text() for name in names)


def _place(name: str) -> tuple[str, ...]:
    family, _, file = name.partition("/")
    return (family, "programs", file)
