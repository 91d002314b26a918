"""The release history on the server: one line of JSON a release, in the order in which they became live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.text import lines_of
from runbook_lib.core.times import parse_time

_COMPATIBLE_BEFORE_0_2 = "old_code"  # the name of `compatible_with` in lines that earlier versions wrote

# The version of a release that ran before any runbook: nothing proves another. It can be given as a ref.
AS_FOUND = "as-found"


@dataclass(frozen=True)
class Release:
    """One line of the release history: a deployment that passed its gate.

    `compatible_with` is the previous commit that was verified on this release's schema; None where none was. With the
    strategy recreate, `colour` is empty and `images` has the image of each service; an `adopted` release ran before any
    runbook: its images are kept under names of ours, and its commit is only the one that was checked out then.
    `rolled_back_from` is the commit that a rollback to this release took from the users; None for a deployment.
    `started`: when the first of its containers was made, minutes before the line of the history; None: not known.
    """

    commit: str
    version: str
    colour: str
    schema_revision: str | None
    run_id: str
    by: str
    reason: str
    at: datetime
    compatible_with: str | None = None
    images: Mapping[str, str] = field(default_factory=dict, hash=False)
    adopted: bool = False
    rolled_back_from: str | None = None
    started: datetime | None = None

    @property
    def begun(self) -> datetime:
        """From when on lines of logs may be this release's: it passes its gate, and is recorded, only later."""
        return self.started if self.started is not None and self.started < self.at else self.at

    @property
    def was_found(self) -> bool:
        """Whether it ran before any runbook: what it was built from and what it calls itself is not known.

        Also by the line of a rollback to it, which is not `adopted`: it was live from that line on.
        """
        return self.adopted or self.version == AS_FOUND

    @property
    def named_version(self) -> str:
        """What it calls itself where a reply names its version; empty for what was found, whose is not known."""
        return "" if self.was_found else self.version


def parse_releases(text: str) -> tuple[Release, ...]:
    """The release history, oldest first. A torn last line is left out; any other damage raises FactUnreadable."""
    lines = lines_of(text)
    releases = []
    for number, line in enumerate(lines, start=1):
        try:
            record = read_json(line)
            record["at"] = parse_time(record["at"])
            record["started"] = parse_time(record["started"]) if record.get("started") else None
            record.setdefault("compatible_with", record.get(_COMPATIBLE_BEFORE_0_2))
            record["images"], record["adopted"] = dict(record.get("images") or {}), record.get("adopted") is True
            releases.append(Release(**{name: record.get(name) for name in Release.__dataclass_fields__}))
        except (ValueError, KeyError, TypeError) as cause:
            if number == len(lines) and not text.endswith("\n"):
                break  # the writer died in this line; the release it names was never committed
            raise FactUnreadable(
                f"line {number} of the release history is not a release: {cause}", where=".runbook/releases.jsonl",
                next_step="Compare with the archived reports of the last deployments and correct the line manually.",
            ) from cause
    return tuple(releases)
