"""The one sentence that the report opens with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.checks.logs import log_answer, logs_are_quiet
from runbook_lib.observability.facts.log_reading import ACCESS_LINE
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS, TEXTS, at, deployed_at, message, request, reviewed
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


RUNSERVER = b'[26/Nov/2026 13:02:39] "GET /status/ HTTP/1.1" 200 5\n'  # in none of the formats, and without a zone
GUNICORN = b'127.0.0.1 - - [26/Nov/2026:05:02:39 -0600] "GET /status/ HTTP/1.1" 200 5 "-" "curl/8"\n'
TEXT = b"2026-11-26 12:10:00 INFO begun\n2026-11-26 14:00:00 INFO fine\n"


def verdicts(*logs: tuple[LogFile, bytes], minutes: float = 60) -> dict[str, Finding]:
    return {one.check: one for one in logs_are_quiet(staging(), reviewed(*logs, deployed=deployed_at(-600, minutes)))}


def test_a_log_that_was_mostly_not_read_is_inconclusive_and_names_the_reason_with_a_line() -> None:
    found = verdicts((TEXTS, TEXT + RUNSERVER * 8))
    one = found["log log0 can be read"]
    assert one.verdict is Verdict.INCONCLUSIVE
    assert f"8 lines {ACCESS_LINE}, for example: " in one.measured
    assert '"GET /status/ HTTP/1.1" 200' in one.measured
    new = found["new errors"]
    assert (new.verdict, new.measured) == (Verdict.INCONCLUSIVE, "none in what could be read; of log0 80 % could not be read")


def test_a_servers_lines_about_requests_are_read_next_to_its_messages() -> None:
    found = verdicts((TEXTS, TEXT + GUNICORN * 800))
    assert (found["log log0 can be read"].verdict, found["new errors"].verdict) == (Verdict.PASSED, Verdict.PASSED)


def test_an_error_in_what_could_be_read_of_such_a_log_is_new_all_the_same() -> None:
    found = verdicts((TEXTS, TEXT + b"2026-11-26 14:00:01 ERROR boom\n" + RUNSERVER * 8))
    assert found["new errors"].verdict is Verdict.FAILED


def test_the_lines_of_a_traceback_belong_to_their_message_and_are_no_reason_to_conclude_nothing() -> None:
    trace = b"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    f()\nValueError: x\n" * 5
    found = verdicts((TEXTS, TEXT + trace))
    assert (found["log log0 can be read"].verdict, found["new errors"].verdict) == (Verdict.PASSED, Verdict.PASSED)
    assert verdicts((TEXTS, trace))["log log0 can be read"].verdict is Verdict.INCONCLUSIVE


def test_a_few_unreadable_lines_stay_a_warning() -> None:
    found = verdicts((TEXTS, TEXT * 30 + RUNSERVER * 8))
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


FAILING = tuple(message(text=text) * 3 for text in ("no connection to alpha", "disk is full"))


def test_errors_that_no_deployment_explains_are_the_first_sentence() -> None:
    """400 lines of ERROR on a server with its first deployment read "Nothing failed in 381 requests"."""
    first = reviewed((REQUESTS, request() * 100), (MESSAGES, b"".join(FAILING)))
    sentence = log_answer(staging(), first, (Finding("it", Verdict.WARNING, "as measured"),))
    assert sentence.startswith("There are 6 errors of 2 kinds, most often ERROR ")
    assert sentence.endswith("; worth reading: it: as measured.")


def test_errors_that_were_there_before_the_deployment_are_not_called_quiet() -> None:
    old = reviewed((REQUESTS, request() * 100), (MESSAGES, message(text="disk is full") * 4))
    sentence = log_answer(staging(), old, (Finding("it", Verdict.PASSED, "as measured"),))
    assert sentence == ("There are 4 errors of 1 kind, most often ERROR disk is full (4 times since 13:00:00 UTC) in 100 requests and 4 messages, "
                        f"{WINDOW}.")


def test_the_example_of_what_could_not_be_read_is_one_that_can_be_shown() -> None:
    text = message(text="fine", level="INFO") * 50 + b"\0" * 5000 + b"\n" + b"plain words\n"
    (row,) = (one for one in logs_are_quiet(staging(), reviewed((MESSAGES, text))) if one.check.endswith("can be read"))
    assert "for example: plain words" in row.measured


def new_since(text: bytes, *, started: float | None = None) -> Finding:
    """What is new since a release that was recorded at minute 700, and whose first container was made then."""
    deployed = deployed_at(-600, 700)
    last = replace(deployed.releases[-1], started=None if started is None else at(started))
    deployed = replace(deployed, releases=(deployed.releases[0], last))
    found = logs_are_quiet(staging(), reviewed((MESSAGES, text), deployed=deployed))
    return next(one for one in found if one.check == "new errors")


BEFORE = message(100, "fine", "INFO")


def test_an_application_that_logs_only_at_its_start_has_its_lines_since_the_deployment() -> None:
    """The history's time is that of its last step: each such application ended inconclusive after each deployment."""
    text = BEFORE + message(690, "listening", "INFO")
    assert new_since(text).verdict is Verdict.INCONCLUSIVE
    assert new_since(text, started=689).verdict is Verdict.PASSED


def test_an_error_of_a_releases_start_is_new_though_it_goes_on_after_it_was_recorded() -> None:
    """It was older than the deployment, and so never new."""
    text = BEFORE + message(690, "no such table") + message(800, "no such table")
    assert new_since(text).verdict is Verdict.PASSED
    found = new_since(text, started=689)
    assert (found.verdict, "no such table" in found.measured) == (Verdict.FAILED, True)


def test_without_an_error_since_the_deployment_nothing_older_is_needed() -> None:
    """With recreate the lines of the container before are gone: each deployment ended inconclusive."""
    assert new_since(message(690, "listening", "INFO"), started=689).verdict is Verdict.PASSED
    found = new_since(message(690, "no such table"), started=689)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "since then ERROR no such table" in found.measured
    assert "lines of a container that it replaced are gone" in found.next_step
