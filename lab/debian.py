"""Debian's packages, obtained through the machine's own apt configuration, which is not changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.errors import REFUSED, LabError
from lab.processes import output, pipe, run, state, succeeds
from runbook_lib.core.text import parse_assignments

RELEASE = "bookworm"  # the server's own release: PostgreSQL 15, Redis 7
COMPOSE_RELEASE = "trixie"  # the first release whose Compose package is version 2
NGINX_RELEASE = "forky"  # nginx 1.30: `keepalive_min_timeout`, without which a reload resets idle clients' requests
TREE_LIMIT_KB = 1_500_000
MEMORY_NEEDED_KB = 4 * TREE_LIMIT_KB  # two trees at once, and as much again for all else
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Machine:
    """From /etc/os-release: `identity` ("debian", "ubuntu", …) and `codename`."""

    identity: str
    codename: str

    @property
    def has_apt(self) -> bool:
        return shutil.which("apt-get") is not None


def this_machine(os_release: str | None = None) -> Machine:
    """This machine's distribution; empty values where /etc/os-release lacks them."""
    if os_release is None:
        path = Path("/etc/os-release")
        os_release = path.read_text() if path.exists() else ""
    values = parse_assignments(os_release)
    return Machine(values.get("ID", ""), values.get("VERSION_CODENAME", ""))


def mirrors(index_targets: str | None = None) -> dict[str, str]:
    """Release name → address, for the main component of every source in this machine's apt configuration."""
    if index_targets is None:
        index_targets = output(("apt-get", "indextargets", "Created-By: Packages",
                                "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"))
    rows = [line.split() for line in index_targets.splitlines()]
    return {row[1]: row[0] for row in rows if len(row) == 3 and row[2] == "main"}


def sources_list(release: str, known: dict[str, str]) -> str:
    """apt sources of `release` from the same addresses as this machine's own; empty if it does not run Debian."""
    own = this_machine().codename
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    wanted = [(name.replace(own, release, 1), uri) for name, uri in known.items() if name.startswith(own)]
    return "".join(f"deb {signed}{uri} {name} main\n" for name, uri in wanted)


def acquire_settings() -> str:
    """The machine's own settings for reaching its mirrors (proxy, dates, retries), as apt.conf lines."""
    wanted = ("Acquire::Check-", "Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::ForceIP")
    lines = output(("apt-config", "dump")).splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith(wanted) and not line.endswith('"";'))


def install(packages: tuple[str, ...], log: Path) -> None:
    """`apt-get install`, updating the package lists only when they are outdated."""
    words = ("apt-get", "install", "--yes", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0",
             "-o", "DPkg::Lock::Timeout=300", *packages)
    try:
        run(words, log)
    except LabError:
        run(("apt-get", "update"), log)
        run(words, log)


def fetch_compose(target: Path, log: Path) -> None:
    """Install the Compose v2 plugin at `target`, from the Debian package of a later release. Raises LabError."""
    with tempfile.TemporaryDirectory(prefix="compose-", dir=_scratch()) as name:
        folder = Path(name)
        for part in ("state/lists/partial", "cache/archives/partial", "unpacked"):
            (folder / part).mkdir(parents=True)
        main = {release: uri for release, uri in mirrors().items() if release == this_machine().codename}
        (folder / "sources.list").write_text(sources_list(COMPOSE_RELEASE, main))
        private = ("-o", f"Dir::State={folder}/state", "-o", f"Dir::Cache={folder}/cache",
                   "-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=-",
                   "-o", "APT::Sandbox::User=root")
        run(("apt-get", *private, "update"), log)
        # apt downloads into the working directory
        run(("env", f"--chdir={folder}", "apt-get", *private, "download", "docker-compose"), log)
        run(("dpkg-deb", "-x", next(folder.glob("docker-compose_*.deb")), folder / "unpacked"), log)
        found = sorted((folder / "unpacked").glob("usr/**/cli-plugins/docker-compose"))
        if not found:
            raise LabError("Debian's Compose package no longer contains the plugin at the known path.",
                           next_step="install Docker Compose v2 manually, then run again.", exit_code=REFUSED)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(found[0], target.with_suffix(".new"))
        target.with_suffix(".new").chmod(0o755)
        os.replace(target.with_suffix(".new"), target)


def bootstrap(release: str, include: tuple[str, ...], docker: str, tag: str, log: Path) -> None:
    """Make the image `tag` from nothing: a minimal Debian `release` with the packages of `include`."""
    known = mirrors()
    mirror = known.get(this_machine().codename) if this_machine().identity == "debian" else None
    script = Path("/usr/share/debootstrap/scripts") / release
    words: list[str | Path] = ["debootstrap", "--variant=minbase", f"--include={','.join(include)}", release]
    with tempfile.TemporaryDirectory(prefix=f"{release}-", dir=_scratch()) as name, _in_memory(Path(name), log) as tree:
        words += [tree, *([mirror] if mirror else [])]
        if mirror and not script.exists():
            words.append(script.with_name("sid"))  # newer than this debootstrap; sid's script works for all releases
        run(words, log)
        excluded = ("./var/cache/apt/*", "./var/lib/apt/lists/*", "./usr/share/doc/*", "./usr/share/man/*",
                    "./usr/share/locale/*", "./proc/*", "./sys/*")
        pipe(("tar", "-C", tree, "--numeric-owner", *(f"--exclude={pattern}" for pattern in excluded), "-c", "."),
             (docker, "import", "--change", "LABEL org.gw2.lab=1", "-", tag), log)


@contextmanager
def _in_memory(folder: Path, log: Path) -> Iterator[Path]:
    """A new folder below `folder`, in memory where there is plenty: dpkg waits for the disk after every file."""
    tree = folder / "tree"
    available_kb = next((int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines()
                         if line.startswith("MemAvailable:")), 0)
    mounted = False
    if available_kb > MEMORY_NEEDED_KB:
        tree.mkdir()
        mounted = succeeds(("mount", "-t", "tmpfs", "-o", f"size={TREE_LIMIT_KB}k,mode=755", "tmpfs", tree))
    try:
        yield tree
    finally:
        if mounted:
            run(("umount", "--lazy", tree), log)


def _scratch() -> Path:
    folder = state() / "build"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
