"""The one sentence that 00 opens with."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.observability.checks.first_answer import first_answer
from tests.unit.observability_doubles import staging

GOOD = Finding("/health answers", Verdict.PASSED, "200 in 20 ms")
BACKUP = Finding("the last backup is verified", Verdict.FAILED, "there is none", "one", "Run 30 Back up the database.")
LATE = Finding("restore drill is not overdue", Verdict.WARNING, "never", "each week")
UNKNOWN = Finding("alerts", Verdict.INCONCLUSIVE, "no reply within 6 s")


@pytest.mark.parametrize(("users", "others", "sentence"), [
    ([GOOD], [GOOD], "Users of GW2_WvWbuilder staging are answered, and nothing is wrong or overdue."),
    ([GOOD], [BACKUP, LATE], "Users of GW2_WvWbuilder staging are answered, but 1 check failed: the last backup is verified (there is none). "
                             "Run 30 Back up the database."),
    ([GOOD], [LATE, LATE], "Users of GW2_WvWbuilder staging are answered, with 2 warnings, the first: restore drill is not overdue (never)."),
    ([GOOD], [UNKNOWN, LATE], "Users of GW2_WvWbuilder staging are answered, but 1 check is inconclusive: alerts (no reply within 6 s)."),
    ([Finding("/health answers", Verdict.FAILED, "502"), GOOD], [BACKUP],
     "Users of GW2_WvWbuilder staging are affected: /health answers (502). Open 40 Health first."),
    ([UNKNOWN], [BACKUP], "It is not known whether users of GW2_WvWbuilder staging are answered: alerts (no reply within 6 s). Open 40 Health first."),
    ([Finding("users are answered", Verdict.NOT_APPLICABLE, "nothing is deployed yet")], [LATE],
     "Nothing of GW2_WvWbuilder staging is deployed yet, with 1 warning: restore drill is not overdue (never)."),
], ids=["good", "a failure next to users", "warnings", "not known", "users are affected", "not known of users", "nothing deployed"])
def test_it_begins_with_the_users_and_ends_with_where_to_begin(users: Any, others: Any, sentence: str) -> None:
    assert first_answer(staging(), users, others) == sentence
