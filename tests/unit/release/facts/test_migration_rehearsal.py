"""The rehearsal of migrations: what its data files cannot show."""

from __future__ import annotations

from pathlib import Path

import runbook_lib
from runbook_lib.core import programs
from runbook_lib.release.facts.migration_rehearsal import RehearsalOutcome


def test_every_outcome_that_the_programs_print_is_known() -> None:
    text = programs.text("release/schema_copy.sh", "release/migration_rehearsal.sh")
    printed = {line.split("result ")[1].split()[0] for line in text.splitlines() if "result " in line and "result()" not in line
               and not line.lstrip().startswith("#")}
    assert printed == {outcome.value for outcome in RehearsalOutcome}
    assert (Path(runbook_lib.__file__).parent / "release/programs/migration_rehearsal.sh").exists()
