"""What the survey of logs understands of the server's reply, what it asks, and which windows are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import BadParameter, FactUnreadable, HostUnreachable
from runbook_lib.core.findings import Verdict
from runbook_lib.observability.facts.log_window import (
    NO_LINES,
    LogFilePart,
    LogSize,
    LogSurvey,
    parse_size,
    survey_logs,
)
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.log_lines import TIMES
from tests.unit.observability_doubles import staging

CLOCK = {"date +%s.%N": "no time is said\n"}
REPLY = "S ok\nF 1000 /var/log/a.log.1\nF 500 /var/log/a.log\nZ 9\n"


def test_a_reply_has_files_with_their_bytes_and_how_far_they_can_be_packed() -> None:
    found = parse_size(REPLY, "G /var/log/a.2.gz: cannot be read whole\nnoise\nG /var/log/a.2.gz: cannot be read whole\n", "proxy", "/var/log/a.log")
    assert [(one.name, one.size_bytes) for one in found.files] == [("/var/log/a.log.1", 1000), ("/var/log/a.log", 500)]
    assert (found.size_bytes, found.transfer_bytes, found.reason) == (1500, 135, "")
    assert found.gaps == ("/var/log/a.2.gz: cannot be read whole",)
    assert found.row["not read, because"] == "/var/log/a.2.gz: cannot be read whole"


@pytest.mark.parametrize("state", NO_LINES)
def test_each_state_without_lines_has_its_reason(state: str) -> None:
    assert parse_size(f"S {state}\n", "", "proxy", "/a").reason == NO_LINES[state]


@pytest.mark.parametrize("text", ["", "nonsense", "S strange\n", "S ok\nF many /a\n", "S ok\nZ x\n", "F 1 /a\n"])
def test_a_reply_of_another_form_has_no_size(text: str) -> None:
    with pytest.raises(FactUnreadable, match="unknown form"):
        parse_size(text, "", "proxy", "/a")


def test_names_of_files_are_made_plain() -> None:
    assert "\x1b" not in parse_size("S ok\nF 1 /var/\x1b[31mred\n", "", "x", "/a").files[0].name


def test_every_log_of_the_environment_is_asked_about_in_its_window() -> None:
    connections = ScriptedConnections(commands=CLOCK | {"bash": REPLY})
    found = survey_logs(staging(), 2.0, "2026-11-27 14:00", 60.0).fetch(connections)
    assert (found.since, found.until) == (datetime(2026, 11, 27, 12, tzinfo=UTC), datetime(2026, 11, 27, 14, tzinfo=UTC))
    assert list(found.logs) == list(staging().logs)
    asked = [one.argv[3:] for one in connections.server.asked]
    assert ("size", "1795780800", "1795788000", "32768", "0", "\n".join((*TIMES, "repr")), "file", "/var/log/nginx/access.log") in asked
    assert found.size_bytes == 4500
    assert found.sentence == "4.39 KiB of log lines from 2026-11-27 12:00 to 2026-11-27 14:00 UTC; about 405 B come over the link."
    assert {row["log"] for row in found.rows} == set(staging().logs)


@pytest.mark.parametrize(("sizes", "maximum_mb", "verdict"), [
    ((300,), 500, Verdict.PASSED), ((300,), 300, Verdict.PASSED), ((300,), 299, Verdict.FAILED), ((300, 300), 500, Verdict.FAILED),
    ((0,), 0, Verdict.PASSED), ((1,), -1, Verdict.FAILED), ((1,), float("nan"), Verdict.FAILED), ((), 1, Verdict.NOT_APPLICABLE),
])
def test_more_than_may_come_is_refused_before_anything_comes(sizes: tuple[int, ...], maximum_mb: float, verdict: Verdict) -> None:
    logs: dict[str, LogSize | Unanswered] = {f"log{place}": LogSize("x", "/a", "ok", (LogFilePart("/a", size * 1_000_000),))
                                             for place, size in enumerate(sizes)}
    found = LogSurvey(datetime.now(UTC), datetime.now(UTC), logs).fits(maximum_mb)
    assert found.verdict is verdict
    assert verdict is not Verdict.FAILED or "Give fewer hours" in found.next_step


def test_a_log_that_did_not_answer_has_no_size_and_is_named() -> None:
    half = LogSurvey(datetime.now(UTC), datetime.now(UTC), {
        "x": Unanswered("the log x", "no answer within 1 s"), "y": LogSize("y", "/a", "ok", (LogFilePart("/a", 1),))})
    assert half.fits(1).measured == "1 B of log lines; not known, and not read: x"


def test_a_log_of_containers_is_asked_of_each_colour() -> None:
    environment = staging(logs={"app": {"kind": "application", "format": "json", "service": "backend"},
                                "cache": {"kind": "application", "format": "text", "service": "redis"}})
    connections = ScriptedConnections(commands=CLOCK | {"bash": "S missing\n"})
    survey_logs(environment).fetch(connections)
    assert [one.argv[9:] for one in connections.server.asked[1:]] == [
        ("service", "gw2-staging", "backend-blue", "backend-green"), ("service", "gw2-staging", "redis")]


def test_a_log_that_does_not_answer_is_missing_and_the_others_are_there() -> None:
    connections = ScriptedConnections(commands=CLOCK | {"nginx/access.log": FactUnreadable("it was refused"), "bash": REPLY})
    found = survey_logs(staging(), 1.0).fetch(connections)
    assert {name for name, one in found.logs.items() if isinstance(one, Unanswered)} == {"proxy"}
    assert [row["not read, because"] for row in found.rows if row["log"] == "proxy"] == ["it was refused"]
    assert all(isinstance(one, LogSize) for one in found.known)


def test_logs_of_which_none_answers_are_not_zero_bytes() -> None:
    with pytest.raises(FactUnreadable, match="no route"):
        survey_logs(staging(), 1.0).fetch(ScriptedConnections(commands=CLOCK | {"bash": HostUnreachable("no route")}))


@pytest.mark.parametrize("deadline_s", [0.0, -3.0, 1e12, float("nan"), float("inf")])
def test_a_deadline_that_no_log_can_keep_is_refused(deadline_s: float) -> None:
    with pytest.raises(BadParameter, match="deadline_s: should be from 1 to 3,600"):
        survey_logs(staging(), 1.0, "", deadline_s)


@pytest.mark.parametrize("hours", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_number_of_hours_without_a_window_is_refused(hours: float) -> None:
    with pytest.raises(BadParameter, match="hours"):
        survey_logs(staging(), hours)


@pytest.mark.parametrize("until", ["yesterday", "2026-13-01", "14:00", "2026-11-27 25:00", "2999-01-01 10:00"])
def test_an_end_without_a_time_is_refused(until: str) -> None:
    with pytest.raises(BadParameter, match="until"):
        survey_logs(staging(), 1.0, until)


@pytest.mark.parametrize("until", ["2026-11-27T15:00:00+01:00", "2026-11-27 14:00:00"])
def test_an_end_may_have_a_zone_and_is_in_utc_without_one(until: str) -> None:
    found = survey_logs(staging(), 1.0, until).fetch(ScriptedConnections(commands={"date +%s.%N": "1795788000.5\n", "bash": REPLY}))
    assert found.until == datetime(2026, 11, 27, 14, tzinfo=UTC)


def test_without_an_end_the_window_ends_when_it_is_now_on_the_server() -> None:
    """Its clock dates the lines: by an operator's clock that is two hours late the log of the last hour was empty."""
    found = survey_logs(staging(), 1.0).fetch(ScriptedConnections(commands={"date +%s.%N": "1795788000.5\n", "bash": REPLY}))
    assert (found.since, found.until) == (datetime(2026, 11, 27, 13, tzinfo=UTC), datetime(2026, 11, 27, 14, tzinfo=UTC))
    assert "by the server's clock, which is " in found.sentence


def test_where_the_clock_cannot_be_asked_the_window_ends_now() -> None:
    found = survey_logs(staging(), 1.0).fetch(ScriptedConnections(commands={"date +%s.%N": "no date here\n", "bash": REPLY}))
    assert abs(datetime.now(UTC) - found.until) < timedelta(minutes=10)
    assert found.until - found.since == timedelta(hours=1)
    assert found.clock == ""
