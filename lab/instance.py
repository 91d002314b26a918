"""One staging server: a container with its own sshd and Docker Engine, its volume, and its folder in `.lab/`."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lab import container, image_cache, images, volumes
from lab.address import Address, Ports
from lab.applications import registry
from lab.applications.registry import Application
from lab.engine import docker
from lab.entering import entering
from lab.errors import REFUSED, USAGE, CommandFailed, LabError, absent
from lab.processes import file_lock, log_file, output, pipe, root, run
from lab.progress import Progress

LABEL = images.LABEL
# those of the first application
CHECKOUT = registry.FIRST.directory
ORIGIN = registry.FIRST.origin
CERTIFICATES = registry.FIRST.certificates
DEPLOY_ID = 1000  # user and group, as the server's Dockerfile makes them
PORT_ATTEMPTS = 5
INNER_PORTS = (22, 80, 443, 25)  # in the order of Ports
NO_PORT = [{"HostPort": "0"}]


@dataclass(frozen=True)
class Instance:
    """A staging server of this checkout, by name."""

    name: str
    chosen: str = ""  # the application of one that is yet to be made; without it, that of its name

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", self.name) or self.name in ("logs", "build"):
            raise LabError(f"{self.name!r} cannot name an instance.", exit_code=USAGE,
                           next_step="use up to 31 lower-case letters, digits and dashes, a letter first")
        if self.chosen and registry.by_name(self.chosen).environment != self.name in registry.ENVIRONMENTS:
            raise LabError(f"The environment {self.name!r} is that of another application than {self.chosen}.",
                           exit_code=USAGE, next_step=f"python -m lab up --application {self.chosen}")

    @property
    def container(self) -> str:
        # two checkouts on one machine may both have a lab
        return f"gw2-lab-{self.name}-{hashlib.sha256(str(root()).encode()).hexdigest()[:6]}"

    @property
    def address(self) -> Address:
        return Address(self.name, self.chosen)

    @property
    def application(self) -> Application:
        """What runs on it."""
        return self.address.application

    @property
    def labels(self) -> dict[str, str]:
        return {LABEL: "1", f"{LABEL}.instance": self.name, f"{LABEL}.checkout": str(root())}

    @property
    def finished(self) -> Path:
        """Written last; without it, `up` was interrupted, and what it left is not to be trusted."""
        return self.address.folder / "up"

    def inspect(self) -> dict[str, Any] | None:
        """What the engine knows about the container; None when there is none."""
        try:
            described = json.loads(output((docker(), "container", "inspect", self.container)))
        except CommandFailed:
            return None
        return dict(described[0])

    def shell_command(self) -> list[str]:
        """The command that opens a shell on the server as the user the runbooks are."""
        return [docker(), "exec", "-it", "-u", "deploy", "-w", self.application.directory, self.container, "bash", "-l"]

    def inside(self, *words: str, user: str = "root") -> list[str]:
        """A command that runs `words` on the server."""
        return entering(self.container, *words, user=user)

    def ports(self) -> Ports:
        """The loopback ports of the running server."""
        described = self.inspect()
        if described is None:
            raise absent(self.name, names())
        bound = described["HostConfig"]["PortBindings"]
        # a server that is older than its mail transfer agent has no port for it
        return Ports(*(int(bound.get(f"{port}/tcp", NO_PORT)[0]["HostPort"]) for port in INNER_PORTS))


def up(instance: Instance) -> str:
    """Make the instance, or start it when it is stopped. Returns one sentence that says which of them it was."""
    described = instance.inspect()
    if described is not None and instance.finished.exists():
        if described["State"]["Running"] and container.engine_answers(instance.container):
            return f"{instance.name} is up already"
        _start(instance, running=described["State"]["Running"])
        return f"{instance.name} was stopped and is up again"
    if described is not None or instance.address.folder.exists():
        down(instance)
    with file_lock("images"):
        images.ensure_images()
        image_cache.ensure_image_cache()
    try:
        _make(instance)
    except KeyboardInterrupt:
        down(instance)
        raise
    return f"{instance.name} is up"


def down(instance: Instance) -> bool:
    """Remove container, volume and folder. False when there was nothing to remove."""
    found = instance.inspect() is not None
    if found:
        run((docker(), "rm", "--force", "--volumes", instance.container), log_file(f"down-{instance.name}"))
    if volumes.exists(instance.container):
        run((docker(), "volume", "rm", instance.container), log_file(f"down-{instance.name}"))
        found = True
    if instance.address.folder.exists():
        shutil.rmtree(instance.address.folder)
        found = True
    log_file(f"down-{instance.name}").unlink(missing_ok=True)
    return found


def reset(instance: Instance) -> None:
    """Back to the empty server: no containers, no data, no backups, the checkout as it was; images are kept."""
    if not instance.finished.exists() or not container.engine_answers(instance.container):
        raise LabError(f"{instance.name} is not up.", exit_code=REFUSED,
                       next_step=f"python -m lab up --name {instance.name}")
    log = log_file(f"reset-{instance.name}")
    log.unlink(missing_ok=True)
    with Progress(f"reset {instance.name}", total=2) as progress:
        with progress.step("containers, data, backups and logs are removed"):
            script = (Path(__file__).parent / "server" / "empty.sh").read_text()
            run(instance.inside("bash", "-s", "--", instance.application.directory), log, input=script.encode(),
                timeout_s=180)
        with progress.step("the application's repository is put back"):
            install_repository(instance, log)


def names() -> list[str]:
    """The instances of this checkout, running or not."""
    shown = output((docker(), "ps", "--all", "--filter", f"label={LABEL}.checkout={root()}", "--format",
                    f'{{{{.Label "{LABEL}.instance"}}}}'))
    return sorted(set(shown.split()))


def _make(instance: Instance) -> None:
    log = log_file(f"up-{instance.name}")
    log.unlink(missing_ok=True)
    with Progress(f"lab {instance.name}", total=4) as progress:
        with progress.step("keys, certificate and secrets"):
            instance.address.create()
        with progress.step("the images are copied"):
            volumes.create(instance.container, instance.labels, log)
            image_cache.copy_to(instance.container, log)
        with progress.step("the server starts"):
            start_new(instance, log)
        with progress.step("the application's repository is cloned"):
            install_repository(instance, log)
    instance.finished.write_text(f"{instance.ports()}\n")


def _start(instance: Instance, *, running: bool) -> None:
    with Progress(f"lab {instance.name}", total=1) as progress, progress.step("the server starts again"):
        if not running:
            run((docker(), "start", instance.container), log_file(f"up-{instance.name}"))
        container.wait_until_ready(instance.container, instance.ports().ssh)


def start_new(instance: Instance, log: Path, *options: str, image: str = "", command: Sequence[str] = (),
              prepare: Callable[[str], None] = lambda name: None,
              ready: Callable[[str, int], None] = container.wait_until_ready) -> None:
    """Make the container over its volume, with ports and credentials of its own, and wait until it is ready.

    `prepare` is called with its name before it starts.
    """
    for attempt in range(PORT_ATTEMPTS):
        ports = free_ports()
        published = [f"--publish=127.0.0.1:{outer}:{inner}"
                     for outer, inner in zip(astuple(ports), INNER_PORTS, strict=True)]
        try:
            container.create(instance.container, instance.labels, log, "--hostname", f"staging-{instance.name}",
                             "--restart", "unless-stopped", *published, *options, image=image,
                             command=command)
            prepare(instance.container)
            install_credentials(instance, ports, log)
            container.start(instance.container, log)
            break
        except CommandFailed:
            # between our probe and the engine's, another process may have taken a port
            run((docker(), "rm", "--force", "--volumes", instance.container), log)
            if attempt == PORT_ATTEMPTS - 1:
                raise
    ready(instance.container, ports.ssh)


def free_ports() -> Ports:
    """Free ports of loopback, one for each of the server's own."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in INNER_PORTS]
    numbers = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return Ports(*numbers)


def install_repository(instance: Instance, log: Path) -> None:
    """The application's repository as a bare origin on the server, and a checkout of it where deploys happen."""
    from lab.applications.sources import build_sources  # needed here alone; `down` must work without it

    application = instance.application
    origin, directory = application.origin, application.directory
    with tempfile.TemporaryDirectory(prefix="gw2-repository-") as name:
        build_sources(application, Path(name) / "work")
        run(("git", "clone", "--quiet", "--bare", Path(name) / "work", Path(name) / "origin.git"), log)
        script = (f"rm -rf {origin} && mkdir -p {origin} && tar -x --no-same-owner -C {origin} "
                  f"&& git -C {origin} remote remove origin 2>/dev/null; chown -R deploy:deploy {origin}")
        pipe(("tar", "-C", Path(name) / "origin.git", "-c", "."), instance.inside("sh", "-c", script), log)
    run(instance.inside("install", "-d", "-o", "deploy", "-g", "deploy", directory), log)
    checkout = (f"cd {directory} && find . -mindepth 1 -delete && git clone --quiet --no-hardlinks {origin} . "
                "&& git config user.name deploy && git config user.email deploy@localhost")
    run(instance.inside("sh", "-c", checkout, user="deploy"), log)


def install_credentials(instance: Instance, ports: Ports, log: Path) -> None:
    """Put keys and certificate on the server, which need not have started, and write down its address."""
    address, certificates = instance.address, instance.application.certificates
    files = [container.File("home/deploy/.ssh", None, 0o700, DEPLOY_ID),
             container.File("home/deploy/.ssh/authorized_keys", address.public_key.encode(), 0o600, DEPLOY_ID),
             *(container.File(str(folder)[1:], None, 0o755) for folder in (*PurePosixPath(certificates).parents[1::-1],
                                                                           certificates))]
    for place, name, mode in ((certificates, "fullchain.pem", 0o644), (certificates, "privkey.pem", 0o600),
                              ("/etc/ssh", address.host_key.name, 0o600),
                              ("/etc/ssh", f"{address.host_key.name}.pub", 0o644)):
        files.append(container.File(f"{place[1:]}/{name}", (address.folder / name).read_bytes(), mode))
    container.put_files(instance.container, files, log)
    address.write_overlay(ports)
