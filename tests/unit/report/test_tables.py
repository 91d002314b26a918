"""Tables and words for readers."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.report.labels import block, duration, look_of, moment, size, title_of
from runbook_lib.report.tables import (
    findings_table,
    plan_table,
    steps_table,
    target_banner,
    value_table,
    verdict_box,
)
from runbook_lib.report.values import Table, shape, table_record

EVIL = "<script>alert(1)</script>"


@dataclass
class Disk:
    path: str
    free_bytes: int
    wait_s: float


def test_a_plan_shows_commands_undo_and_hash_and_never_a_secret():
    plan = Plan("deploy", "lab", (Step("a", EVIL, (Command(("psql", EVIL), stdin=Secret("P", "hunter22")),),
                                       undo=(Command(("undo",)),)),))
    html = plan_table(plan)
    assert EVIL not in html
    assert "hunter22" not in html
    assert plan.hash in html
    assert "undo" in html


def test_an_empty_plan_says_why():
    assert "already at 4f2c1d" in plan_table(Plan("deploy", "lab", reason="already at 4f2c1d"))


def test_findings_are_listed_gravest_first_and_escaped():
    html = findings_table([Finding("good", Verdict.PASSED), Finding(EVIL, Verdict.FAILED, next_step=EVIL)])
    assert EVIL not in html
    assert html.index("Failed") < html.index("Passed")


def test_the_banner_says_whether_anything_may_change():
    environment = SimpleNamespace(name="lab", title=EVIL, server=SimpleNamespace(user="deploy", host="h"))
    assert "may change the server" in target_banner(environment, mode="apply")
    assert "will be changed" in target_banner(environment, mode="plan")
    assert EVIL not in target_banner(environment)


@pytest.mark.parametrize("value", [
    Disk(EVIL, 2**30, 1.5), [Disk(EVIL, 1, 1)], {EVIL: EVIL}, EVIL, [EVIL], [[EVIL]], None, 3, [], {},
    pandas.DataFrame({EVIL: [EVIL]}),
])
def test_any_value_becomes_a_table_and_is_escaped(value):
    assert EVIL not in value_table(value, title=EVIL)
    assert table_record(value)["rows"]


def test_units_come_from_names():
    assert shape(Disk("/", 3 * 2**30, 0.25)) == Table(
        ("", "value"), (("path", "/"), ("free", "3 GiB"), ("wait", "0.2 s")))


def test_long_tables_say_how_much_is_left_out():
    assert shape([{"n": n} for n in range(1000)]).left_out == 800


def test_verdicts_have_a_word_and_a_sign_each():
    looks = [look_of(verdict) for verdict in Verdict]
    assert len({look.word for look in looks}) == len({look.sign for look in looks}) == len(looks)
    assert "Inconclusive" in verdict_box("inconclusive", "why")


@pytest.mark.parametrize(("seconds", "words"), [
    (0.0123, "12 ms"), (3.21, "3.2 s"), (59.96, "1 min 00 s"), (247, "4 min 07 s"), (3720, "1 h 02 min"), (None, "–")])
def test_durations_read_like_durations(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(812, "812 B"), (4_414_509, "4.21 MiB"), (1010 * 2**20, "1010 MiB")])
def test_sizes_read_like_sizes(count, words):
    assert size(count) == words


def test_times_and_titles():
    assert moment("2026-11-22T16:05:01.123Z") == "22 Nov 2026, 16:05:01 UTC"
    assert title_of("30_backup_database") == "30 Backup database"


@given(st.text())
def test_a_block_of_text_is_bounded(text):
    assert len(block(text * 10, 100)) < 200


def test_moments_in_values_are_read_by_people():
    assert shape({"at": "2026-11-22T17:03:49+00:00"}) == Table(("", "value"), (("at", "22 Nov 2026, 17:03:49 UTC"),))
    assert shape({"name": "2026-11-22T17:03:49 was late"}).rows[0][1] == "2026-11-22T17:03:49 was late"


def test_a_column_of_verdicts_shows_their_signs():
    assert "✓ Passed" in value_table([{"criterion": "fast", "verdict": "passed"}])


def test_steps_show_their_state_and_the_last_lines_of_the_one_at_work():
    shown = steps_table([("Build <it>", "passed", 2.0, ""), ("Start it", "not run", 0.0, "")], 1, "pulling & <waiting>")
    assert "✓ Passed" in shown and "2.0 s" in shown and "Build &lt;it&gt;" in shown
    assert "… Running" in shown and "pulling &amp; &lt;waiting&gt;" in shown
    assert "Not run" not in shown


def test_a_verdict_may_lead_to_its_report():
    shown = verdict_box("passed", "3 checks.", link=('a"b/report.html', "Open <it>"))
    assert '<a href="a&quot;b/report.html">Open &lt;it&gt;</a>' in shown
