"""What of the requests through the proxy is the application's API, and what is read where users send too little."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from runbook_lib.environment.requests import HostPath, placeholders_in
from runbook_lib.environment.rules import Load, Rollback
from runbook_lib.environment.types import StrictModel

# how our requests name themselves in logs: those of a watch, and what all of ours begin with
AGENT, OURS = "runbook-watch", "runbook-"


def own_paths(traffic: Traffic, load: Load) -> tuple[str, ...]:
    """What users read without a log-in: `traffic.reads` and `load.paths`."""
    return tuple(dict.fromkeys((*traffic.reads, *load.paths)))


def reads_of_watch(traffic: Traffic, load: Load, rollback: Rollback) -> int:
    """How many reads of ours a watch of the strategy recreate sends at least, while its probes are quick."""
    paths = own_paths(traffic, load)
    probes = int(rollback.watch_s // rollback.interval_s)
    return probes * max(len(paths), round(rollback.synthetic_per_s * rollback.interval_s)) if paths else 0


def more_reads(traffic: Traffic, load: Load) -> str:
    """The keys that bring more of them."""
    there = bool(own_paths(traffic, load))
    return "raise rollback.synthetic_per_s, reads in a second" if there else (
        "name paths that users read without a log-in in traffic.reads, and how many a second in "
        "rollback.synthetic_per_s")


class Traffic(StrictModel):
    """`api` is what the paths of the API begin with; health endpoints do not count. `slow_by_intent` are pieces of
    paths whose response times do not count, such as a log-in's.

    `reads` are paths that need no log-in and read the database; `${number}` is another one each time, so that no cache
    has the reply. Without any, the health endpoints that users may ask are read; with the strategy recreate, where no
    proxy counts requests, only these and `load.paths` are, and without any no error rate is known.
    """

    api: HostPath = "/api/"
    slow_by_intent: tuple[HostPath, ...] = ()
    reads: Annotated[tuple[HostPath, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _knows_its_placeholders(self) -> Traffic:
        odd = [name for name in placeholders_in(self.reads) if name != "number"]
        if odd:
            raise ValueError(f"reads: ${{{odd[0]}}} is not known here; there is ${{number}} alone")
        return self
