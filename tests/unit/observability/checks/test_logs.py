"""The one sentence that the report opens with."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.observability.checks.logs import log_answer, logs_are_quiet
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS, message, request, reviewed
from tests.unit.observability_doubles import staging

QUIET = reviewed((REQUESTS, request() * 100), (MESSAGES, message(text="fine", level="INFO")))
WINDOW = "2026-11-26 12:00 to 2026-11-27 12:00 UTC"


@pytest.mark.parametrize(("verdict", "sentence"), [
    (Verdict.PASSED, f"are quiet, {WINDOW}: 100 requests and 1 message, and nothing is wrong in them."),
    (Verdict.WARNING, f"Nothing failed in 100 requests and 1 message, {WINDOW}; worth reading: it: as measured."),
    (Verdict.FAILED, f"show a fault, {WINDOW}: it: as measured. Read: 100 requests and 1 message."),
    (Verdict.INCONCLUSIVE, f"do not tell enough, {WINDOW}: it: as measured."),
    (Verdict.NOT_APPLICABLE, "There is nothing to review: it: as measured."),
])
def test_the_answer_is_one_sentence_about_the_worst(verdict: Verdict, sentence: str) -> None:
    other = Finding("other", Verdict.NOT_APPLICABLE if verdict is Verdict.NOT_APPLICABLE else Verdict.PASSED, "fine")
    found = (Finding("it", verdict, "as measured"),) if verdict is Verdict.NOT_APPLICABLE else (other, Finding("it", verdict, "as measured"))
    assert sentence in log_answer(staging(), QUIET, found)


def test_lines_of_any_kind_end_in_findings_and_never_in_an_error() -> None:
    for text in (b"", b"\0" * 10_000, b"\xff\xfe" * 99 + b"\n", request() + b"{" * 20_000, b"junk\n" * 50):
        found = logs_are_quiet(staging(), reviewed((REQUESTS, text), (MESSAGES, text)))
        assert {one.verdict for one in found} <= {Verdict.INCONCLUSIVE, Verdict.PASSED, Verdict.WARNING, Verdict.NOT_APPLICABLE}
        assert log_answer(staging(), QUIET, found)
        assert Verdict.INCONCLUSIVE in {one.verdict for one in found}
