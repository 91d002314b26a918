"""The one sentence that the report opens with."""

from __future__ import annotations

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.checks.logs import log_answer, logs_are_quiet
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS, TEXTS, deployed_at, message, request, reviewed
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


GUNICORN = b'127.0.0.1 - - [27/Nov/2026:05:02:39 -0600] "GET /status/ HTTP/1.1" 200 5 "-" "curl/8"\n'
TEXT = b"2026-11-26 12:10:00 INFO begun\n2026-11-26 14:00:00 INFO fine\n"


def verdicts(*logs: tuple[LogFile, bytes], minutes: float = 60) -> dict[str, Finding]:
    return {one.check: one for one in logs_are_quiet(staging(), reviewed(*logs, deployed=deployed_at(-600, minutes)))}


def test_a_log_that_was_mostly_not_read_is_inconclusive_and_names_the_reason_with_a_line() -> None:
    found = verdicts((TEXTS, TEXT + GUNICORN * 8))
    one = found["log log0 can be read"]
    assert one.verdict is Verdict.INCONCLUSIVE
    assert "8 lines of an access log among messages (kind: access with format: combined would read them), for example: " in one.measured
    assert '"GET /status/ HTTP/1.1" 200' in one.measured
    new = found["new errors"]
    assert (new.verdict, new.measured) == (Verdict.INCONCLUSIVE, "none in what could be read; of log0 80 % could not be read")


def test_an_error_in_what_could_be_read_of_such_a_log_is_new_all_the_same() -> None:
    found = verdicts((TEXTS, TEXT + b"2026-11-26 14:00:01 ERROR boom\n" + GUNICORN * 8))
    assert found["new errors"].verdict is Verdict.FAILED


def test_the_lines_of_a_traceback_belong_to_their_message_and_are_no_reason_to_conclude_nothing() -> None:
    trace = b"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    f()\nValueError: x\n" * 5
    found = verdicts((TEXTS, TEXT + trace))
    assert (found["log log0 can be read"].verdict, found["new errors"].verdict) == (Verdict.PASSED, Verdict.PASSED)
    assert verdicts((TEXTS, trace))["log log0 can be read"].verdict is Verdict.INCONCLUSIVE


def test_a_few_unreadable_lines_stay_a_warning() -> None:
    found = verdicts((TEXTS, TEXT * 30 + GUNICORN * 8))
    assert (found["log log0 can be read"].verdict, found["new errors"].verdict) == (Verdict.WARNING, Verdict.PASSED)


@pytest.mark.parametrize(("status", "seconds", "expected"), [
    (200, 0.01, (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)), (500, 9.0, (Verdict.FAILED, Verdict.FAILED))])
def test_requests_that_were_mostly_not_read_show_faults_and_never_that_there_are_none(
        status: int, seconds: float, expected: tuple[Verdict, Verdict]) -> None:
    found = verdicts((REQUESTS, request(status=status, seconds=seconds) * 200 + b"junk\n" * 200))
    assert (found["requests answered with 5xx"].verdict, found["response times by route"].verdict) == expected


def test_the_answer_counts_no_requests_where_no_log_has_any() -> None:
    only = reviewed((TEXTS, TEXT))
    assert "Nothing failed in 2 messages, " in log_answer(staging(), only, (Finding("it", Verdict.WARNING, "as measured"),))
