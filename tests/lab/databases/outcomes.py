"""What 30, 31 and 32 end as on a database: their findings, and whether it came back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lab.databases import Specimen
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.recovery.checks.dump import READABLE
from runbook_lib.recovery.checks.restorability import can_be_restored
from runbook_lib.recovery.facts.restorability import Restorability, survey_restorability
from tests.lab.databases.throwaway import ENVIRONMENT, Throwaway


def survey(live: Throwaway) -> Restorability:
    """What 30 asks about the database itself, through the container."""
    connections: Any = SimpleNamespace(database=live)
    return survey_restorability(ENVIRONMENT).fetch(connections)


def findings(live: Throwaway) -> tuple[Finding, ...]:
    """What 30 says about the database itself."""
    return can_be_restored(survey(live))


def worst(found: tuple[Finding, ...], live: Throwaway) -> dict[str, str]:
    """Each check of 30 that is not passed, with its verdict; invalid indexes and bytes are named by the manifest."""
    said = {one.check: str(one.verdict) for one in found if one.verdict is not Verdict.PASSED}
    return said | ({"every index is valid": "warning"} if live.manifest()["invalid_indexes"] else {}) \
        | ({READABLE: "failed"} if live.manifest()["unreadable"] else {})


def expected(specimens: tuple[Specimen, ...]) -> dict[str, str]:
    return {one.finding: one.verdict for one in specimens if one.finding}


def restored(live: Throwaway) -> None:
    """30, 31 and 32 pass, and nothing is left of the load."""
    done = live.back_up()
    assert done.returncode == 0, done.stderr
    record = live.drill()
    assert record["outcome"] == "passed", record["stderr"]
    done = live.restore()
    assert done.returncode == 0, (done.args, done.stderr)
    assert live.sql("SELECT rolname FROM pg_roles WHERE rolname ~ '^runbook_' OR rolname ~ 'became_superuser'", "postgres") == ""


def swapped(live: Throwaway) -> None:
    """The names are swapped and swapped back, with every sequence no further back than it was."""
    descending, ends = live.sql("SELECT nextval('zoo_seq.down')"), "SELECT last_value FROM zoo_seq.at_its_end"
    done = live.step("swap")
    assert done.returncode == 0, done.stderr
    assert int(live.sql("SELECT nextval('zoo_seq.down')")) < int(descending)
    assert live.sql(ends) == "2"
    assert live.step("swap-back").returncode == 0
