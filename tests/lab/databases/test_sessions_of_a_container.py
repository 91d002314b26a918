"""Sessions of one container among everybody's, in a real PostgreSQL: what is canceled or ended is its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab import images
from lab.engine import ensure_engine
from lab.processes import file_lock
from runbook_lib.core import programs
from tests.lab.databases.shell import Shell
from tests.lab.databases.throwaway import IMAGE

PROGRAM = programs.text("platform/own_session.sh", "platform/sessions.sh")
HOLDS, WAITS, WORKS = "BEGIN; LOCK TABLE shelves; SELECT pg_sleep(900)", "SELECT count(*) FROM shelves", "SELECT pg_sleep(899)"


@dataclass(frozen=True)
class Neighbours:
    """A PostgreSQL in several networks, and containers in the same ones that ask it: each is started once."""

    name: str
    networks: tuple[str, ...]
    folder: Path
    shells: list[Shell] = field(default_factory=list)
    started: set[str] = field(default_factory=set)
    clients: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        for one in self.networks:
            docker("network", "create", one)
        labels = [f"--label=com.docker.compose.{label}" for label in (f"project={self.name}", "service=db", "oneoff=False")]
        self.run("db", *labels, f"--volume={self.folder}:{self.folder}", "--tmpfs=/var/lib/postgresql/data", "--env=POSTGRES_HOST_AUTH_METHOD=trust", IMAGE)
        self.shells.append(Shell.of(f"{self.name}-db", self.folder / "shell"))
        self.until(lambda: self.sql("SELECT 1", "-h", self.name + "-db") == "1")
        self.sql("CREATE TABLE shelves (); GRANT ALL ON shelves TO PUBLIC")

    def stop(self) -> None:
        for shell in self.shells:
            shell.end()
        subprocess.run(("docker", "rm", "--force", "--volumes", *(f"{self.name}-{one}" for one in self.started)), capture_output=True)
        self.forget()
        subprocess.run(("docker", "network", "rm", *self.networks), capture_output=True)

    def forget(self) -> None:
        """Wait for all who asked: their sessions have ended."""
        for client in self.clients.values():
            client.wait(60)
        self.clients.clear()

    def end_sessions(self) -> None:
        """As they were before the first test: no session, and no role but the superuser."""
        self.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        self.forget()
        self.sql("DROP ROLE IF EXISTS owner, watcher")

    def run(self, name: str, *words: str) -> None:
        self.started.add(name)
        docker("run", "--detach", "--name", f"{self.name}-{name}", "--network", self.networks[0], *words)
        for one in self.networks[1:]:
            docker("network", "connect", one, f"{self.name}-{name}")

    def sql(self, text: str, *words: str) -> str:
        return self.shells[-1].run(("psql", "-XqAt", "-U", "postgres", *words, "-c", text)).stdout.strip()

    def ask(self, name: str, statement: str) -> None:
        """A session of the container `name`, which is there once PostgreSQL shows it."""
        if name not in self.started:
            self.run(name, "--entrypoint", "sleep", IMAGE, "900")
        self.clients[name] = subprocess.Popen(("docker", "exec", f"{self.name}-{name}", "psql", "-Xq", "-h", f"{self.name}-db", "-U", "postgres",
                                               "-c", statement), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: self.sql(f"SELECT count(*) FROM pg_stat_activity WHERE query = $asked${statement}$asked$") == "1")

    def of(self, name: str, call: str, user: str = "postgres") -> str:
        """What the program prints of a call about the sessions of the container `name`, on both streams."""
        head = f"project={self.name} service=db database=postgres user={user} limit_s=1 name={self.name}-{name}\n"
        done = subprocess.run(("bash", "-s"), input=PROGRAM + head + call, text=True, capture_output=True, timeout=60)
        return done.stdout + done.stderr

    def left(self, *ended: str) -> set[str]:
        """The containers whose session goes on, once those of `ended` are gone."""
        self.until(lambda: all(self.clients[name].poll() is not None for name in ended))
        time.sleep(1)  # what was canceled by mistake shows that it is gone
        return {name for name, one in self.clients.items() if one.poll() is None}

    @staticmethod
    def until(good: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not good():
            assert time.monotonic() < deadline
            time.sleep(0.2)


def docker(*words: str) -> None:
    done = subprocess.run(("docker", *words), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=[1, 3], ids=["in one network", "in three networks"])
def placed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    ensure_engine()
    with file_lock("images"):
        images.ensure_images()
    name = f"gw2-lab-sessions-{os.getpid()}"
    made = Neighbours(name, tuple(f"{name}-{number}" for number in range(request.param)), tmp_path_factory.mktemp("sessions"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def neighbours(placed: Neighbours) -> Iterator[Neighbours]:
    yield placed
    placed.end_sessions()


def waiting(neighbours: Neighbours, holder: str, waiter: str) -> None:
    """`waiter` has waited for more than a second for what `holder` has; another one works, and waits for nothing."""
    neighbours.ask(holder, HOLDS)
    neighbours.ask(waiter, WAITS)
    neighbours.ask("other", WORKS)
    neighbours.until(lambda: neighbours.sql("SELECT count(*) FROM pg_locks WHERE waitstart < clock_timestamp() - interval '2 s'") == "1")


def test_a_migration_that_users_wait_for_goes_on_and_so_does_every_user(neighbours: Neighbours) -> None:
    """PostgreSQL called pg_cancel_backend before it looked who waits: on the migration itself; in three networks on everybody."""
    waiting(neighbours, "one", "user")
    assert neighbours.of("one", "cancel_waits it") == ""
    assert neighbours.left() == {"one", "user", "other"}


def test_a_migration_that_waits_is_canceled_and_no_one_else(neighbours: Neighbours) -> None:
    waiting(neighbours, "user", "one")
    assert neighbours.of("one", "cancel_waits it") == "canceled: it waited more than 1 s for a lock on public.shelves\n"
    assert neighbours.left("one") == {"user", "other"}


def test_the_end_of_a_migration_ends_no_other_session(neighbours: Neighbours) -> None:
    waiting(neighbours, "one", "user")
    assert neighbours.of("one", "sessions pg_terminate_backend true") == "a session\n"
    # what it had is free again
    assert neighbours.clients["user"].wait(60) == 0
    assert neighbours.clients["one"].wait(60) != 0
    assert neighbours.left() == {"other"}


@pytest.mark.parametrize("call", ["", "knows_since=f; "], ids=["as it is", "as before PostgreSQL 14"])
def test_a_wait_is_found_whichever_role_the_container_logs_in_as_and_whatever_the_version(neighbours: Neighbours, call: str) -> None:
    """An owner without pg_read_all_stats sees no session of another role; and before 14 no lock shows since when it is waited for."""
    neighbours.sql("CREATE ROLE owner LOGIN")
    waiting(neighbours, "user", "one")
    assert neighbours.of("one", f"{call}cancel_waits it", "owner") == "canceled: it waited more than 1 s for a lock on public.shelves\n"
    assert neighbours.left("one") == {"user", "other"}


def test_without_a_superuser_who_may_log_in_it_is_said_what_cannot_be_seen(neighbours: Neighbours) -> None:
    neighbours.sql("CREATE ROLE owner LOGIN; CREATE ROLE watcher LOGIN; GRANT pg_read_all_stats, pg_signal_backend TO watcher")
    assert neighbours.of("one", "name_blindness it", "owner") == ""
    # who has come in already can let it in again
    with subprocess.Popen(("docker", "exec", "-i", f"{neighbours.name}-db", "psql", "-XqAt", "-U", "postgres"), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as inside:
        assert inside.stdin and inside.stdout
        inside.stdin.write("ALTER ROLE postgres NOLOGIN; SELECT 'done';\n")
        inside.stdin.flush()
        assert inside.stdout.readline() == "done\n"
        shown = neighbours.of("one", "name_blindness it", "owner")
        blind = neighbours.of("one", "name_blindness it", "watcher")
        inside.communicate("ALTER ROLE postgres LOGIN;\n", timeout=60)
    assert shown.startswith("no superuser may log in, and owner sees no session of another role")
    assert blind == ""


def test_what_waits_now_and_then_has_not_waited_throughout(neighbours: Neighbours) -> None:
    """As before PostgreSQL 14, where it can only be asked again and again."""
    waiting(neighbours, "user", "one")
    neighbours.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'")
    assert neighbours.of("one", "knows_since=f; cancel_waits it") == ""
    assert neighbours.clients["one"].wait(60) == 0
