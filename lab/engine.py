"""A Docker Engine with Compose v2 on this machine: found, or installed from Debian's packages and started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from functools import cache
from pathlib import Path

from lab import debian
from lab.errors import REFUSED, LabError
from lab.processes import TAIL_LINES, log_file, output, succeeds
from lab.progress import Progress

PLUGIN = Path("/usr/local/lib/docker/cli-plugins/docker-compose")
START_TIMEOUT_S = 90.0
PID_FILES = (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))
NEEDED = (
    "The lab needs a Docker Engine and Docker Compose v2, and none answers on this machine ({why}). "
    "Either install and start both and let this user reach the engine (`docker compose version` and `docker info` "
    "must work), or run this command as root on Debian 12 or Ubuntu, where it installs the distribution's own "
    "packages and starts the engine automatically. Nothing has been installed or changed."
)


@cache
def docker() -> str:
    """The docker client that reaches an engine. Raises LabError when none does."""
    for client in _clients():
        if succeeds((client, "version", "--format", "{{.Server.Version}}"), timeout_s=15):
            return client
    raise LabError("No Docker Engine answers.", next_step="python -m lab engine", exit_code=REFUSED)


def compose_plugin() -> Path:
    """The file of the Compose v2 plugin that the client uses; it also goes into the server image."""
    described = json.loads(output((docker(), "info", "--format", "{{json .ClientInfo.Plugins}}")))
    for plugin in described or ():
        if plugin.get("Name") == "compose" and plugin.get("Path"):
            return Path(plugin["Path"])
    if PLUGIN.exists():
        return PLUGIN
    raise LabError("Docker Compose v2 is not installed as a plugin.", next_step="python -m lab engine",
                   exit_code=REFUSED)


def ensure_engine() -> None:
    """Start engine and Compose unless they answer. Raises LabError before anything is installed."""
    need_engine, need_compose = not _engine_answers(), not _compose_answers()
    if not (need_engine or need_compose):
        return
    why = obstacle(os.geteuid(), debian.this_machine())
    if why:
        raise LabError(NEEDED.format(why=why), exit_code=REFUSED)
    log = log_file("engine")
    log.unlink(missing_ok=True)
    with Progress("engine", total=3 * need_engine + need_compose) as progress:
        if need_engine:
            with progress.step("Docker Engine: packages"):
                _install_engine(log)
            with progress.step("Docker Engine: leftovers of a killed engine removed"):
                _clear_leftovers()
            with progress.step("Docker Engine: started"):
                _start(log_file("dockerd"))
        if need_compose:
            with progress.step("Docker Compose v2: plugin"):
                _install_compose(log)
    docker.cache_clear()
    if not _compose_answers():
        raise LabError("Docker Compose v2 was installed and still does not answer.", next_step=f"read {log}")


def obstacle(user_id: int, machine: debian.Machine) -> str:
    """Why this lab cannot install an engine here; empty when it can."""
    if user_id != 0:
        return "this user is not root, so it cannot be installed"
    if machine.identity not in ("debian", "ubuntu") or not machine.has_apt:
        return f"{machine.identity or 'this system'} is not a distribution on which the lab can install it"
    return ""


def _clients() -> list[str]:
    # PATH may name a broken or too new client before the one that belongs to the engine
    found = [shutil.which("docker"), "/usr/bin/docker", "/usr/local/bin/docker"]
    return list(dict.fromkeys(client for client in found if client and os.access(client, os.X_OK)))


def _engine_answers() -> bool:
    return any(succeeds((client, "version", "--format", "{{.Server.Version}}"), timeout_s=15) for client in _clients())


def _compose_answers() -> bool:
    for client in _clients():
        try:
            version = output((client, "compose", "version", "--short"), timeout_s=15)
        except LabError:
            continue
        if version.strip().lstrip("v").split(".")[0] not in ("", "1"):
            return True
    return False


def _install_engine(log: Path) -> None:
    wanted = {"dockerd": "docker.io", "iptables": "iptables", "debootstrap": "debootstrap"}
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = tuple(package for program, package in wanted.items() if not shutil.which(program, path=path))
    if not debian.KEYRING.exists():
        missing += ("debian-archive-keyring",)
    if missing:
        debian.install(missing, log)


def _clear_leftovers() -> None:
    """After SIGKILL, pid files name dead or unrelated processes, and a containerd may still be running."""
    for path in PID_FILES:
        try:
            pid = int(path.read_text())
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError):
            name = ""
        if name == "containerd":
            _end(pid)  # it belongs to the killed engine, and would keep the next one from its socket
        elif name == "dockerd":
            raise LabError(f"dockerd (process {pid}) is running and does not answer.",
                           next_step=f"stop it or wait until it answers: kill {pid}", exit_code=REFUSED)
        path.unlink(missing_ok=True)


def _end(pid: int) -> None:
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
            time.sleep(0.1)


def _start(log: Path) -> None:
    """Start dockerd in a separate session, so that it outlives this command, and wait until it answers."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    with log.open("ab") as sink:
        daemon = subprocess.Popen(("dockerd",), stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
                                  start_new_session=True, cwd="/", env={**os.environ, "PATH": path})
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _engine_answers():
        ended = daemon.poll() is not None
        if ended or time.monotonic() > deadline:
            tail = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
            how = f"ended with {daemon.returncode}" if ended else f"does not answer after {START_TIMEOUT_S:.0f} s"
            raise LabError(f"dockerd {how}. Its last lines:\n{tail}\nFull log: {log}")
        time.sleep(0.3)


def _install_compose(log: Path) -> None:
    if debian.this_machine().identity == "ubuntu":
        debian.install(("docker-compose-v2",), log)
    else:
        debian.fetch_compose(PLUGIN, log)
