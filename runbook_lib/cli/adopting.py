"""`runbook adopt` and `runbook doctor`: wrappers for whoever brings an application of their own."""

from __future__ import annotations

import os.path
import shlex
from pathlib import Path
from typing import Annotated

import typer

from runbook_lib.cli.output import AsJson, print_json, print_result
from runbook_lib.core.text import pluralize

Folder = Annotated[str, typer.Argument(metavar="PATH", help="Folder in which docker compose is called, or one Compose "
                                       "file.")]
Output = Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="File to write, `-` for standard output. "
                                     "Default: parameters/environments/NAME.yaml. No file is ever replaced.")]
EnvironmentName = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the environment; made from the "
                                              "folder's if omitted.")]
Profiles = Annotated[list[str] | None, typer.Option("--profile", metavar="NAME", help="Profile that is active "
                                                    "besides those of COMPOSE_PROFILES; may be given several times.")]
EnvFiles = Annotated[list[str] | None, typer.Option("--env-file", metavar="FILE", help="File of variables, as docker "
                                                    "compose is given it in PATH; may be given several times.")]
ServerAddress = Annotated[str, typer.Option("--server", metavar="USER@HOST", help="USER@HOST or USER@HOST:PORT: read "
                                            "what runs there in the folder PATH of that server, and no file.")]
KeyFile = Annotated[str, typer.Option("--key-file", metavar="FILE", help="Private key for --server.")]
KnownHosts = Annotated[str, typer.Option("--known-hosts", metavar="FILE", help="File with the host key of --server.")]


def adopt(path: Folder, output: Output = "", name: EnvironmentName = "", profile: Profiles = None,
          env_file: EnvFiles = None, server: ServerAddress = "", key_file: KeyFile = "~/.ssh/id_ed25519",
          known_hosts: KnownHosts = "~/.ssh/known_hosts") -> None:
    """Write a draft of an environment file from a Compose project; changes nothing in it, nor on a server.

    What the project does not say is TODO in the draft, and no notebook runs before it is written.
    """
    from runbook_lib.adopting.adopt import NO_DATABASE, adopt_folder, write_draft
    from runbook_lib.environment import project

    file = Path(output) if output not in ("", "-") else None
    called = name or (file.stem if file else "")
    if server:
        # imported here: a folder on this machine needs no SSH
        from runbook_lib.adopting.server import adopt_server

        made = adopt_server(path, server, key_file=key_file, known_hosts_file=known_hosts, name=called)
    else:
        # pathlib raises for `~name` where there is no such user; as text it is reported like any path that is missing
        made = adopt_folder(Path(os.path.expanduser(path)) if path else None, called, tuple(profile or ()),
                            tuple(env_file or ()))
    if output == "-":
        print_result(made.text)
        return
    target = file or project.root() / "parameters" / "environments" / f"{made.name}.yaml"
    write_draft(made, target)
    if not made.has_postgres:
        typer.echo(NO_DATABASE, err=True)
    typer.echo(f"wrote {target}: {pluralize(made.todos, 'TODO')} left\n"
               f"Now write each TODO (docs/how-to/adopt.md). "
               f"What is left: runbook doctor -e {shlex.quote(str(file or made.name))} --offline")


EnvironmentOption = Annotated[str, typer.Option("-e", "--environment", metavar="NAME", help="Name or path of an "
                                                "environment file.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask neither the server nor this machine: the file alone.")]
OneNotebook = Annotated[str, typer.Option("-n", "--notebook", metavar="NAME", help="Name, number, or any unambiguous "
                                          "part of the name of one notebook. Default: all.")]


def doctor(environment: EnvironmentOption, offline: Offline = False, notebook: OneNotebook = "",
           as_json: AsJson = False) -> None:
    """Show which notebooks can run in an environment, what the others lack, and the smallest change that gives it.

    Reads only. Exit code 0: all that this environment can do can be done. 1: something is broken. 4: something could
    not be asked. What the environment file says that there is none of is neither.
    """
    from runbook_lib.adopting.doctor import as_record, examine, exit_code, table
    from runbook_lib.environment import load_environment

    found = examine(load_environment(environment), offline=offline, notebook=notebook)
    if as_json:
        print_json(as_record(found))
    else:
        typer.echo("\n".join(table(found)))
    raise typer.Exit(exit_code(found, offline=offline))
