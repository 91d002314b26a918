"""The guard of a container whose run may die: by its id, and not deterred by an engine that does not answer."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from runbook_lib.core import programs
from tests.unit.connections.local_server import eventually

# $STATE/NAME holds the id of the container of that name; $STATE/mute: the engine does not find one by its id. Each call is logged
DOCKER = r"""#!/bin/bash
echo "$*" >>"$STATE/log"
[[ ! -e $STATE/mute || $* != *id=* ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
last=${*: -1}
case $* in
    ps*name=*) cat "$STATE/named" 2>/dev/null ;;
    ps*id=*) grep -sx "${last#id=}" "$STATE/there" ;;
    rm*) grep -vx "$last" "$STATE/there" >"$STATE/left"; mv "$STATE/left" "$STATE/there" ;;
esac
exit 0
"""
# waits run a hundred times as fast; SECONDS goes on as it is
SLEEP = "#!/bin/sh\nexec /bin/sleep 0.02\n"
BEGIN = 'LIMIT_S=$1; guard shop-candidate-web; read -r -t "$2" <>"$STATE/parent"'


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        for name, text in (("docker", DOCKER), ("sleep", SLEEP), ("timeout", '#!/bin/sh\nshift; exec "$@"\n')):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        os.mkfifo(folder / "parent")

    def begin(self, limit_s: int, lives_s: float) -> subprocess.Popen[bytes]:
        program = programs.text("release/limited.sh") + BEGIN
        return subprocess.Popen(("bash", "-c", program, "program", str(limit_s), str(lives_s)),
                                env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "STATE": str(self.folder)})

    def write(self, name: str, text: str = "") -> None:
        (self.folder / "new").write_text(text)
        (self.folder / "new").rename(self.folder / name)

    @property
    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def logs(self, piece: str, times: int = 1) -> bool:
        deadline = time.monotonic() + 120
        while sum(piece in line for line in self.log) < times:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def has_run(self, container: str) -> None:
        self.write("there", f"{container}\n")
        self.write("named", f"{container}\n")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_it_ends_the_container_after_its_limit_and_lets_it_stop_first(server: Server) -> None:
    server.has_run("0123")
    server.begin(1, 0.1).wait(120)
    assert server.logs("rm --force --volumes 0123")
    assert server.log.index("stop 0123") < server.log.index("rm --force --volumes 0123")


def test_an_engine_that_does_not_answer_is_not_a_container_that_is_gone(server: Server) -> None:
    """Found by reading: one failed inspection, and nothing ended the container any more."""
    server.has_run("0123")
    server.write("mute")
    server.begin(3, 0.1).wait(120)
    assert server.logs("id=0123", 5)
    (server.folder / "mute").unlink()
    assert server.logs("rm --force --volumes 0123")


def test_a_later_container_of_the_same_name_is_not_touched(server: Server) -> None:
    """Found by reading: it went by the name, and the next run's container has the same."""
    server.has_run("0123")
    started = server.begin(20, 0.1)
    started.wait(120)
    assert server.logs("id=0123")
    server.has_run("4567")
    guard = ("pgrep", "-f", f" guard 20 shop-candidate-web {started.pid}$")
    # one that goes by the name ends after its limit, and the later container with it
    assert eventually(lambda: subprocess.run(guard, stdout=subprocess.DEVNULL).returncode == 1)
    assert not [line for line in server.log if line.startswith(("rm", "stop"))]


@pytest.mark.parametrize(("limit_s", "asked"), [(4, 5), (1, 120)], ids=["within its time", "when its time is over"])
def test_a_container_that_begins_late_is_ended_as_well(server: Server, limit_s: int, asked: int) -> None:
    """On a busy server one began after its limit, and nothing ended it."""
    running = server.begin(limit_s, 2)
    assert server.logs("name=", asked)
    server.has_run("0123")
    running.wait(120)
    assert server.logs("rm --force --volumes 0123")


@pytest.mark.parametrize(("status", "words", "known"), [
    (127, 'OCI runtime create failed: runc create failed: unable to start container process: exec: "sh": executable file not '
          'found in $PATH: unknown.', True),
    (125, "OCI runtime create failed: executable file `sh` not found in $PATH: No such file or directory: unknown.", True),
    (125, "Conflict. The container name is already in use.", False),
    (1, 'exec: "sh": executable file not found in $PATH', False),
], ids=["runc", "crun", "another refusal", "what a program printed"])
def test_an_image_without_a_shell_is_known_with_either_runtime(tmp_path: Path, status: int, words: str, known: bool) -> None:
    """Seen on an engine whose runtime is crun: Docker's status is 125 there, and the container was never started without it."""
    (tmp_path / "errors").write_text(f"docker: Error response from daemon: failed to create shim task: {words}\n")
    program = programs.text("release/limited.sh") + 'has_no_shell "$1" "$2"'
    done = subprocess.run(("bash", "-c", program, "program", str(status), str(tmp_path / "errors")), timeout=120)
    assert (done.returncode == 0) is known
