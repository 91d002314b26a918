"""What runs have left next to the application is asked by their labels, by the real program; Docker alone is a double."""

from __future__ import annotations

import fcntl
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.leftovers import RunContainers, parse_leftovers, survey_leftovers
from tests.unit.shop_environment import shop

DOCKER = r"""#!/bin/bash
case "$*" in
    ps*label=runbook.project=shop) echo aa; echo bb; echo gone ;;
    ps*label=runbook.alert-drill=shop) echo dd ;;
    inspect*aa\ bb\ gone\ dd) printf 'container\t/shop-candidate\tcandidate\trunning\t2026-11-28T01:02:03.123456789Z\ncontainer\t/shop-copy\tschema-copy\texited\t0001-01-01T00:00:00Z\n'
        printf 'container\t/shop-alert-drill-cpu\talert-drill\trunning\t2026-11-28T01:02:03Z\n'; echo 'no such object: gone' >&2; exit 1 ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""


class Bash:
    """A server that is this machine, with another `docker`."""

    def __init__(self, folder: Path) -> None:
        self.server, self.folder = self, folder

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command.argv, input=str(command.stdin), capture_output=True, text=True, check=True, timeout=60,
                              env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"})


def asked(folder: Path, docker: str = DOCKER) -> RunContainers:
    (folder / "docker").write_text(docker)
    (folder / "docker").chmod(0o755)
    environment = shop()
    server = environment.server.model_copy(update={"directory": str(folder)})
    question = survey_leftovers(environment.model_copy(update={"server": server}))
    return question.fetch(Bash(folder))  # type: ignore[arg-type]


def test_each_container_of_a_run_is_found_by_its_label_and_one_that_went_meanwhile_hides_none(tmp_path: Path) -> None:
    found = asked(tmp_path)
    assert [(one.name, one.job, one.state) for one in found.containers] == [
        ("shop-alert-drill-cpu", "alert-drill", "running"), ("shop-candidate", "candidate", "running"), ("shop-copy", "schema-copy", "exited")]
    assert found.containers[1].made == datetime(2026, 11, 28, 1, 2, 3, 123456, tzinfo=UTC)
    assert found.containers[2].made is None
    assert not found.locked


def test_a_run_that_holds_the_lock_is_seen(tmp_path: Path) -> None:
    (tmp_path / ".runbook").mkdir()
    with (tmp_path / ".runbook" / "lock").open("w") as held:
        assert not asked(tmp_path).locked
        fcntl.flock(held, fcntl.LOCK_EX)
        assert asked(tmp_path).locked


def test_where_there_is_none_docker_is_asked_for_none(tmp_path: Path) -> None:
    assert asked(tmp_path, '#!/bin/sh\n[ "$1" = ps ]\n').containers == ()


def test_an_engine_that_does_not_answer_is_no_clean_server(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        asked(tmp_path, "#!/bin/sh\nexit 1\n")


@pytest.mark.parametrize("text", ["", "clock\tsoon\n", "clock\t1\ncontainer\tname\n", "clock\t1\ncontainer\ta\tb\tc\tyesterday\n"])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_leftovers(text)
