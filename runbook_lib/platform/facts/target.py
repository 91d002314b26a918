"""The release that is to be live, and the colour it goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook_lib.platform.facts.releases import Deployed

FIRST_COLOUR = "blue"


@dataclass(frozen=True)
class Target:
    """The release to be deployed.

    `configuration` maps a folder of mounted configuration (nginx, prometheus, …) to its git tree hash;
    `schema_head` is the newest of the alembic `revisions` that the release's code knows, `schema_now` the database's.
    """

    commit: str
    version: str
    configuration: Mapping[str, str]
    schema_head: str
    revisions: frozenset[str] = frozenset()
    schema_now: str | None = None

    @property
    def keeps_newer_schema(self) -> bool:
        """Whether the database is past this release: its schema then stays, and this older code runs on it."""
        return self.schema_now is not None and self.schema_now not in self.revisions

    @property
    def schema_expected(self) -> str:
        """The database's revision once this release is live."""
        return str(self.schema_now) if self.keeps_newer_schema else self.schema_head


def idle_colour(deployed: Deployed) -> str:
    """The colour that gets no traffic, and therefore the next release."""
    if deployed.live_colour is None:
        return FIRST_COLOUR
    return next(colour for colour in BOTH_COLOURS if colour != deployed.live_colour)


BOTH_COLOURS = ("blue", "green")
