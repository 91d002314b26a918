"""Plan mode looks and leaves the server byte for byte as it was."""

from __future__ import annotations

from tests.faults.operators import Operator
from tests.lab_server import Lab

# Content, owner, mode and time of change of every file; links by their target; and what the engine holds, by id.
STATE = """cd / && find opt/gw2-wvwbuilder backups etc srv home root usr/local var/spool/cron ! -type d -printf '%p %l %M %u %g %s %T@\\n' | sort
find opt/gw2-wvwbuilder backups etc srv home root usr/local var/spool/cron -type d -printf '%p %M %u %g\\n' | sort
find opt/gw2-wvwbuilder backups etc srv home root -type f -exec sha256sum {} + | sort
docker image ls --all --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
docker container ls --all --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | sort
docker volume ls --format '{{.Name}}' | sort; docker network ls --no-trunc --format '{{.ID}} {{.Name}}' | sort
ls -A /tmp /dev/shm /var/tmp | grep -v ^runc-process"""


def state(lab: Lab) -> list[str]:
    return lab.on_server("bash", "-c", STATE).splitlines()


def test_plan_runs_leave_the_server_byte_for_byte_as_it_was(operator: Operator, lab: Lab) -> None:
    before = state(lab)
    assert len(before) > 500
    deploy = operator.run("20_deploy", "-p", "ref=v3.2.0")
    backup = operator.run("30_backup_database")
    preflight = operator.run("10_preflight", "-p", "ref=v3.2.0")
    after = state(lab)
    assert sorted(set(before) ^ set(after)) == []
    for ended in (deploy, backup):
        assert (ended.code, ended.end["verdict"], ended.states) == (0, "not applied", {}), ended.said
        assert not ended.has("lock_taken")
    assert preflight.code in (0, 1), preflight.said


def test_plain_papermill_in_plan_mode_changes_nothing_either(operator: Operator, lab: Lab) -> None:
    before = state(lab)
    ended = operator.papermill("20_deploy", "-r", "ref", "v3.2.0")
    assert (ended.code, ended.end["verdict"]) == (0, "not applied"), ended.said
    assert sorted(set(before) ^ set(state(lab))) == []
