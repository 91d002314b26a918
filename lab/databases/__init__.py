"""A zoo of databases: one property a file, each with what 30, 31 and 32 must end as on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
_HEADER = re.compile(
    r"-- what: (?P<what>.+)\n-- made by: (?P<made_by>owner|administrator)\n"
    r"-- 30: (?P<backup>.+)\n-- 31: (?P<drill>.+)\n"
    r"-- 32: (?P<restore>.+)\n-- together: (?P<together>yes|no: .+)\n\n"
)


@dataclass(frozen=True)
class Specimen:
    """One file of the zoo: `backup` is the verdict of 30, and after a colon the check behind it; `sql` makes it."""

    name: str
    what: str
    made_by: str
    backup: str
    drill: str
    restore: str
    together: str
    sql: str

    @property
    def goes_together(self) -> bool:
        """Whether it can be in one database with the others."""
        return self.together == "yes"

    @property
    def verdict(self) -> str:
        """What 30 must end as: passed, warning or failed."""
        return self.backup.partition(":")[0]

    @property
    def finding(self) -> str:
        """The check of 30 that is not passed; empty where all are."""
        return self.backup.partition(":")[2].strip()


def zoo() -> tuple[Specimen, ...]:
    """All specimens, by name. Raises ValueError for a file without the header that `_HEADER` describes."""
    return tuple(_specimen(path) for path in sorted(FOLDER.glob("*.sql")))


def specimen(name: str) -> Specimen:
    """The specimen of that name. Raises KeyError."""
    return {one.name: one for one in zoo()}[name]


def _specimen(path: Path) -> Specimen:
    text = path.read_text()
    header = _HEADER.match(text)
    if header is None:
        raise ValueError(f"{path.name} does not begin with the header of a specimen")
    return Specimen(path.stem, header["what"], header["made_by"], header["backup"], header["drill"], header["restore"],
                    header["together"], text[header.end():])
