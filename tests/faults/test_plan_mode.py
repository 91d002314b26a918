"""Plan mode looks and leaves the server byte for byte as it was."""

from __future__ import annotations

from tests.faults.operators import Operator
from tests.lab_server import Lab


def test_plan_runs_leave_the_server_byte_for_byte_as_it_was(operator: Operator, lab: Lab) -> None:
    before, ref = lab.state(), lab.other_release()
    deploy = operator.run("20_deploy", "-p", f"ref={ref}")
    backup = operator.run("30_backup_database")
    preflight = operator.run("10_preflight", "-p", f"ref={ref}")
    after = lab.state()
    assert sorted(set(before) ^ set(after)) == []
    for ended in (deploy, backup):
        assert (ended.code, ended.end["verdict"], ended.states) == (0, "not applied", {}), ended.output
        assert not ended.has("lock_taken")
    assert preflight.code in (0, 1), preflight.output


def test_plain_papermill_in_plan_mode_changes_nothing_either(operator: Operator, lab: Lab) -> None:
    before = lab.state()
    ended = operator.papermill("20_deploy", "-r", "ref", lab.other_release())
    assert (ended.code, ended.end["verdict"]) == (0, "not applied"), ended.output
    assert sorted(set(before) ^ set(lab.state())) == []
