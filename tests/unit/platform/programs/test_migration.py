"""The one-off container of a migration, with an engine that answers, one that does not, and one that takes its time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

PROGRAM = programs.text("platform/own_session.sh", "platform/sessions.sh", "platform/migration.sh")
# $STATE/state is the container's state; without it there is none. $STATE/waits: how often it goes on after a wait
DOCKER = r"""#!/bin/bash
echo "$*" >>"$STATE/log"
[[ -z $FAILS || $* != $FAILS ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
state=$(cat "$STATE/state" 2>/dev/null)
case $* in
    ps*service=postgres*) ;;
    ps*status=running*) [[ $state != running ]] || echo 0123 ;;
    ps*) [[ -z $state ]] || echo 0123 ;;
    inspect*) [[ -n $state ]] || exit 1 ;;
    wait*) if [[ -s $STATE/waits ]]; then : >"$STATE/waits"; exit 1; fi; echo exited >"$STATE/state" ;;
    rm*) [[ $KEEPS == forever ]] && exit 1
        [[ -z $KEEPS || -e $STATE/kept ]] && rm -f "$STATE/state"; touch "$STATE/kept" ;;
esac
exit 0
"""


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        for name, text in (("docker", DOCKER), ("sleep", "#!/bin/sh\n")):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

    def do(self, verb: str, *command: str, state: str = "", ask: str = "printf PGOPTIONS=",
           **settings: str) -> tuple[int, str, str]:
        if state:
            (self.folder / "state").write_text(state)
        asked = ("-c lock_timeout=5s", "3", "sh", "-c", ask) if verb == "run" else ()
        argv = ("bash", "-s", "--", verb, "gw2", "postgres", "db", "user", "5", "gw2-migration", *asked, *command)
        given = {"FAILS": "", "KEEPS": "", **settings}
        done = subprocess.run(argv, input=PROGRAM, text=True, capture_output=True, timeout=120,
                              env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "STATE": str(self.folder), **given})
        return done.returncode, done.stdout, done.stderr

    @property
    def is_gone(self) -> bool:
        return not (self.folder / "state").exists()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_the_undo_passes_where_there_is_no_container(server: Server) -> None:
    assert server.do("stop") == (0, "", "")


@pytest.mark.parametrize("keeps", ["", "a moment"])
def test_the_undo_removes_the_container_and_reports_it(server: Server, keeps: str) -> None:
    code, _, shown = server.do("stop", state="running", KEEPS=keeps)
    assert (code, "was stopped" in shown, server.is_gone) == (0, True, True)


@pytest.mark.parametrize("fails", ["*", "ps*", "rm*"])
def test_an_engine_that_does_not_answer_fails_the_undo(server: Server, fails: str) -> None:
    code, _, shown = server.do("stop", state="running", FAILS=fails)
    assert (code, bool(shown), "was stopped" in shown) == (1, True, False)


def test_a_container_that_stays_fails_the_undo(server: Server) -> None:
    code, _, shown = server.do("stop", state="running", KEEPS="forever")
    assert (code, "still there: gw2-migration" in shown) == (1, True)


@pytest.mark.parametrize("state", ["", "exited", "created"])
def test_a_migration_begins_where_none_is_running(server: Server, state: str) -> None:
    assert server.do("run", "echo", "migrated", state=state) == (0, "migrated\n", "")


@pytest.mark.parametrize("waits", ["", "one that was cut"])
def test_an_earlier_migration_is_waited_for_to_its_end(server: Server, waits: str) -> None:
    (server.folder / "waits").write_text(waits)
    code, output, shown = server.do("run", "echo", "migrated", state="running")
    assert (code, output, "waiting for its end" in shown) == (0, "migrated\n", True)
    log = (server.folder / "log").read_text()
    assert log.index("wait gw2-migration") < log.index("rm --force"), "it is never ended"


@pytest.mark.parametrize("fails", ["*", "ps*"])
def test_none_begins_where_it_is_not_known_whether_another_is_running(server: Server, fails: str) -> None:
    code, output, _ = server.do("run", "echo", "migrated", state="running", FAILS=fails)
    assert (code, output) == (1, "")
    assert not server.is_gone


def test_the_exit_code_of_the_migration_is_passed_on(server: Server) -> None:
    assert server.do("run", "sh", "-c", "exit 7")[0] == 7


@pytest.mark.parametrize(("ask", "options"), [
    ("printf PGOPTIONS=", "-c lock_timeout=5s"),
    ("printf 'PGOPTIONS=-c search_path=app'", "-c search_path=app -c lock_timeout=5s"),
])
def test_the_limits_come_after_the_options_that_the_service_has(server: Server, ask: str, options: str) -> None:
    command = ("env", "sh", "-c", 'echo "$* $PGOPTIONS"', "run", "--env", "PGOPTIONS", "web")
    assert server.do("run", *command, ask=ask) == (0, f"--env PGOPTIONS web {options}\n", "")


@pytest.mark.parametrize("ask", ["exit 1", "echo no such shell", "printf PGOPTIONS=; exit 1"])
def test_options_that_cannot_be_read_are_not_replaced(server: Server, ask: str) -> None:
    code, output, shown = server.do("run", "sh", "-c", 'echo "$*|$PGOPTIONS"', "run", "--env", "PGOPTIONS", "web", ask=ask)
    assert (code, output) == (0, "web|\n")
    assert "cannot be read, and stay" in shown


def test_what_a_container_has_put_into_unnamed_volumes_goes_with_it(server: Server) -> None:
    server.do("stop", state="running")
    assert "rm --force --volumes gw2-migration" in (server.folder / "log").read_text()


def test_what_an_earlier_run_left_does_not_hide_the_options_of_the_service(server: Server) -> None:
    """The name of its container would be taken, and the migration would have no limit of its own."""
    ask = 'grep -q "^rm --force --volumes gw2-migration-options$" "$STATE/log" && printf PGOPTIONS='
    code, output, shown = server.do("run", "sh", "-c", 'echo "$PGOPTIONS"', ask=ask)
    assert (code, output, shown) == (0, "-c lock_timeout=5s\n", "")
