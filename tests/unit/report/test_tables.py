"""Tables and words for readers."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pandas
import pytest

from runbook_lib.archive.records import plan_record
from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.report.tables import (
    findings_table,
    plan_table,
    steps_table,
    target_banner,
    value_table,
    verdict_box,
)
from runbook_lib.report.values import table_record

EVIL = "<script>alert(1)</script>"


@dataclass
class Disk:
    path: str
    free_bytes: int
    wait_s: float


def test_an_undo_is_shown_only_where_it_can_run() -> None:
    steps = tuple(Step(key, key, (Command((f"do-{key}",)),), undo=(Command((f"undo-{key}",)),)) for key in "abc")
    stops = Plan("back up", "lab", steps)
    undoes = Plan("deploy", "lab", steps, undo_on_failure=True, point_of_no_return="b")
    assert [f"undo-{key}" in plan_table(stops) for key in "abc"] == [False, False, False]
    assert [f"undo-{key}" in plan_table(undoes) for key in "abc"] == [True, True, False], "c comes after it"
    assert [step["undoes"] for step in plan_record(stops)["steps"]] == [[], [], []]
    assert [step["undoes"] for step in plan_record(undoes)["steps"]] == [["undo-a"], ["undo-b"], []]
    assert [step["undo"] != [] for step in stops.describe()["steps"]] == [True] * 3, "the hash covers them all the same"


def test_a_plan_shows_commands_undo_and_hash_and_never_a_secret():
    plan = Plan("deploy", "lab", (Step("a", EVIL, (Command(("psql", EVIL), stdin=Secret("P", "hunter22")),),
                                       undo=(Command(("undo",)),)),), undo_on_failure=True)
    html = plan_table(plan)
    assert EVIL not in html
    assert "hunter22" not in html
    assert plan.hash in html
    assert "undo" in html


def test_code_within_the_words_of_a_check_is_shown_as_code():
    html = findings_table([Finding("disk", Verdict.FAILED, "none in `df`", "1 `GB`", next_step="Run `df -h` there.")])
    assert "`" not in html
    assert "<code>df -h</code>" in html
    assert verdict_box("failed", "See `docker ps`.").count("<code>docker ps</code>") == 1


def test_a_program_is_folded_and_all_of_it_is_there():
    program = "set -e\necho one\n" + EVIL
    html = plan_table(Plan("deploy", "lab", (Step("a", "A", (Command(("sh", "-c", program)),)),)))
    assert "<summary><code style" in html and "sh -c ‹3 lines›" in html
    assert "echo one" in html and EVIL not in html


def test_an_empty_plan_says_why():
    assert "already at 4f2c1d" in plan_table(Plan("deploy", "lab", reason="already at 4f2c1d"))


@pytest.mark.parametrize(("host", "words"), [("server", "all on the server"), ("this machine", "all on this machine")])
def test_a_plan_of_one_host_says_where_once(host: str, words: str) -> None:
    assert f", {words} · " in plan_table(Plan("notify", "lab", (Step("a", "Send", (), host=host),)))


def test_a_plan_that_shows_no_command_has_no_column_for_them() -> None:
    assert ">does</th>" not in plan_table(Plan("notify", "lab", (Step("a", "Send", ()),)))
    assert ">does</th>" in plan_table(Plan("touch", "lab", (Step("a", "Touch", (Command(("touch", "a")),)),)))


def test_a_long_name_of_a_file_pushes_no_column_out_of_sight() -> None:
    path = "/backups/postgres/staging_db_20261128_103705.sql.gz"
    assert "/backups/<wbr>postgres/<wbr>staging_<wbr>db_<wbr>20261128_" in value_table([{"produced": path}])


def test_findings_are_listed_worst_first_and_escaped():
    html = findings_table([Finding("good", Verdict.PASSED), Finding(EVIL, Verdict.FAILED, next_step=EVIL)])
    assert EVIL not in html
    assert html.index("Failed") < html.index("Passed")


def test_the_banner_shows_whether_anything_may_change():
    environment = SimpleNamespace(name="lab", title=EVIL, server=SimpleNamespace(user="deploy", host="h"))
    assert "may change the server" in target_banner(environment, mode="apply")
    assert "does not change the server" in target_banner(environment, mode="plan")
    assert EVIL not in target_banner(environment)


@pytest.mark.parametrize("value", [
    Disk(EVIL, 2**30, 1.5), [Disk(EVIL, 1, 1)], {EVIL: EVIL}, EVIL, [EVIL], [[EVIL]], None, 3, [], {},
    pandas.DataFrame({EVIL: [EVIL]}),
])
def test_any_value_becomes_a_table_and_is_escaped(value):
    assert EVIL not in value_table(value, title=EVIL)
    assert table_record(value)["rows"]


def test_a_sentence_is_prose_and_lines_keep_their_form():
    assert "<pre" not in value_table("a sentence of prose " * 20)
    assert "<pre" in value_table("a: 1\nb: 2") and "word-break:normal" in value_table("a: 1\nb: 2")


def test_no_line_of_a_command_ends_within_an_option():
    shown = plan_table(Plan("x", "lab", (Step("a", "Do", (Command(("docker", "build", "--force-rm", "a-b", "-")),)),)))
    assert '<span style="white-space:nowrap">--force-rm</span>' in shown and ">a-b<" not in shown


def test_a_column_of_verdicts_shows_their_signs():
    assert "✓ Passed" in value_table([{"criterion": "fast", "verdict": "passed"}])


def test_steps_show_their_state_and_the_last_lines_of_the_one_in_progress():
    shown = steps_table([("Build <it>", "passed", 2.0, ""), ("Start it", "not run", 0.0, "")], 1, "pulling & <waiting>")
    assert "✓ Passed" in shown and "2.0 s" in shown and "Build &lt;it&gt;" in shown
    assert "… Running" in shown and "pulling &amp; &lt;waiting&gt;" in shown
    assert "Not run" not in shown


def test_each_line_of_a_verdict_is_a_line_of_its_own():
    assert "2 of 9 checks failed.<br>disk: &lt;full&gt;" in verdict_box("failed", "2 of 9 checks failed.\ndisk: <full>")


def test_a_verdict_may_lead_to_its_report():
    shown = verdict_box("passed", "3 checks.", link=('a"b/report.html', "Open <it>"))
    assert '<a href="a&quot;b/report.html">Open &lt;it&gt;</a>' in shown
