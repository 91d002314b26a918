"""`runbook adopt PATH --server USER@HOST`: what runs on a server, asked read-only over SSH."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from pathlib import Path

from runbook_lib.adopting.adopt import Adoption, adoption, default_name
from runbook_lib.adopting.lines import Line, Tree
from runbook_lib.adopting.project import FoundProject
from runbook_lib.adopting.release import no_postgres
from runbook_lib.adopting.running import parse_projects
from runbook_lib.adopting.server_migrations import migrations_seen, notes_of
from runbook_lib.connections.link import Link
from runbook_lib.connections.ssh import SshServer
from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import UsageError

PROGRAM = "adopting/survey_projects.sh"
ADDRESS = re.compile(r"(?P<user>[a-z_][a-z0-9_.-]*)@(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9._-]*)"
                     r"(:(?P<port>\d{1,5}))?")


def adopt_server(folder: str, address: str, *, key_file: str, known_hosts_file: str, name: str = "") -> Adoption:
    """The draft for what Compose runs on a server in `folder`. Nothing on the server is changed.

    `address` is `user@host` or `user@host:port`. Raises UsageError for another form, or where not one project was
    started in the folder; HostUnreachable, HostKeyUnknown, AuthenticationRefused, DockerUnavailable, FactUnreadable.
    """
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise UsageError(f"--server {address!r}: is not of the form USER@HOST or USER@HOST:PORT.", where="command line",
                         next_step="Name the user that runbooks log in as: --server deploy@staging.example.com")
    if not folder.startswith("/"):
        raise UsageError(f"{folder!r} is not an absolute path.", where="command line",
                         next_step="With --server give the folder on the server: /opt/shop")
    place = folder.rstrip("/") or "/"
    host, port = found["host"].strip("[]"), int(found["port"]) if found["port"] else None
    link = Link(host=host, port=port, user=found["user"], key_file=Path(os.path.expanduser(key_file)),
                known_hosts_file=Path(os.path.expanduser(known_hosts_file)))
    server = SshServer(link, changes_allowed=False)
    try:
        text = server.run(Command(("sh", "-c", programs.text(PROGRAM), "projects", place), timeout_s=60)).stdout
        project = parse_projects(text, place)
        seen = migrations_seen(server, place, project.name)
    finally:
        server.close()
    more: Tree = {"server": {
        "host": Line(host, "--server"), **({"port": Line(port, "--server")} if port else {}),
        "user": Line(found["user"], "--server"), "directory": Line(place, "Compose was called there"),
        "key_file": Line(_from_anywhere(key_file), "it opened the server"),
        "known_hosts_file": Line(_from_anywhere(known_hosts_file), "it had the server's host key")}}
    notes = tuple(_notes(project, place, seen))
    return adoption(project, name or default_name(place.rpartition("/")[2]), notes, more)


def _notes(project: FoundProject, place: str, seen: tuple[str, ...]) -> Iterator[str]:
    yield f"Read from what runs in {place} on the server; nothing was changed. " + (
        "Its Compose files were read there too." if project.reads_files else
        "What its Compose files say beyond that (builds, variables, profiles) is not known here.")
    none = no_postgres(project)
    if seen or not none:
        yield notes_of(seen, without_postgres=none)


def _from_anywhere(path: str) -> str:
    """A path that means the same in every folder: runs are started in others than this command."""
    return path if path.startswith("~") else os.path.abspath(path)
