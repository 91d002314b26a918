"""`python -m lab`: a staging server on this machine."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from typing import Any

from lab import message_commands
from lab.errors import LabError, not_set_up
from lab.in_use import add_options, refuse_while_in_use
from lab.processes import file_lock


def main(words: list[str] | None = None) -> int:
    """Run one command; returns its exit code (0 done, 1 failed, 2 usage, 3 refused)."""
    arguments = _parser().parse_args(words)
    try:
        code = int(arguments.command(arguments) or 0)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads has had enough, as `| head`; what is left is not to fail at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (LabError, ModuleNotFoundError) as error:
        failure = error if isinstance(error, LabError) else not_set_up(error)
        print(f"\n{failure}", file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        print("\nStopped. Anything incomplete has been removed, or will be by the next `python -m lab up`.",
              file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="Run a complete staging server on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: object, text: str, *, named: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=function)
        if named:
            added.add_argument("--name", default="lab", help="lab instance (default: lab)")
        return added

    command("engine", _engine, "start Docker Engine with Compose v2, installing them if missing", named=False)
    command("images", _images, "build the images of the lab", named=False).add_argument(
        "--build-only", action="store_true", help="do not unpack them for new instances")
    up = command("up", _up, "create or start the lab server", named=False)
    up.add_argument("--name", default="", help="lab instance (default: lab, or the application's environment)")
    up.add_argument("--application", default="", metavar="NAME",
                    help="the application of a new server, running as its owners started it (default: the first one)")
    up.add_argument("--release", default="none", metavar="TAG",
                    help="on a server without a release: deploy this one with the runbook, and seed data")
    up.add_argument("--from", dest="state", default="", metavar="STATE",
                    help="create the server in this state instead of empty; the snapshot is made if missing")
    command("status", _status, "show containers and addresses")
    command("mail", message_commands.mail, "list the mail that the server has taken, oldest first").add_argument(
        "--text", action="store_true", help="print the text of each mail as well")
    received = command("receivers", message_commands.receivers, "receive messages to Slack and PagerDuty")
    received.add_argument("--seconds", type=float, default=0.0, help="end after so many seconds (default: at Ctrl-C)")
    command("reset", _reset, "reset to an empty server; images are kept")
    add_options(command("down", _down, "remove the server with its data"))
    command("shell", _shell, "open a shell on the server as user deploy")
    command("list", _list, "list the instances of this checkout", named=False)
    command("catalogue", _catalogue, "list test releases and their expected outcome", named=False).add_argument(
        "--application", default="gw2", metavar="NAME", help="the application of the releases (default: the first one)")
    _add_snapshot(commands)
    return parser


def _add_snapshot(commands: Any) -> None:
    snapshot = commands.add_parser("snapshot", help="save and restore named states of a server",
                                   description="Save and restore named states of a server.")
    actions = snapshot.add_subparsers(required=True, metavar="ACTION")
    for name, text in (("save", "save the state of an instance, or make one of the predefined states"),
                       ("restore", "recreate an instance from a snapshot"),
                       ("list", "list snapshots and predefined states"), ("prune", "remove outdated snapshots")):
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(command=_snapshot, action=name)
        if name in ("save", "restore"):
            action.add_argument("state", metavar="STATE", help="snapshot name")
            action.add_argument("--name", default="", help="lab instance")
        if name == "prune":
            action.add_argument("--all", action="store_true", help="remove every snapshot")


def _engine(_: argparse.Namespace) -> None:
    from lab.engine import docker, ensure_engine
    from lab.processes import output

    ensure_engine()
    version = output((docker(), "version", "--format", "{{.Server.Version}}")).strip()
    compose = output((docker(), "compose", "version", "--short")).strip()
    print(f"Docker Engine {version} and Compose {compose} answer.")


def _images(arguments: argparse.Namespace) -> None:
    from lab.engine import ensure_engine
    from lab.images import IMAGES, ensure_images

    ensure_engine()
    with file_lock("images"):
        ensure_images()
        if not arguments.build_only:  # which the set-up does without any package of Python
            from lab.image_cache import ensure_image_cache

            ensure_image_cache()
    print(f"{len(IMAGES)} images ready: docker images 'gw2-lab/*'")


def _up(arguments: argparse.Namespace) -> None:
    from lab import states
    from lab.applications import registry
    from lab.applications.bring_up import up_with_application
    from lab.engine import ensure_engine
    from lab.instance import Instance
    from lab.release import must_be_known, release

    began = time.monotonic()
    wanted = arguments.application
    instance = Instance(arguments.name or (registry.by_name(wanted).environment if wanted else "lab"), wanted)
    # a wrong word is refused before an engine is installed or an image is built for it
    if arguments.release != "none":
        must_be_known(instance.application, arguments.release)
    if arguments.state:
        states.must_be_known(arguments.state)
    ensure_engine()
    restored = arguments.state and instance.inspect() is None
    if restored:
        states.restore(instance, arguments.state)
    outcome = up_with_application(instance)
    if restored:
        outcome = f"{instance.name} is up in the state {arguments.state}"
    elif arguments.state:
        outcome += f", as it was: --from {arguments.state} is for a new server"
    if arguments.release != "none" and not release(instance, arguments.release):
        outcome += f", with the release that it has: --release {arguments.release} is for a server without one"
    ports = instance.ports()
    print(f"{outcome} after {time.monotonic() - began:.1f} s: ssh 127.0.0.1:{ports.ssh}, "
          f"https 127.0.0.1:{ports.https}; runbooks reach it with -e {instance.address.environment}")


def _snapshot(arguments: argparse.Namespace) -> None:
    from lab import snapshots, states
    from lab.applications import registry
    from lab.engine import ensure_engine
    from lab.instance import Instance, up

    ensure_engine()
    began = time.monotonic()
    if arguments.action == "list":
        for one in snapshots.stored():
            keys = {states.key(name) for name in registry.APPLICATIONS}
            current = "current sources" if one.key in keys else "other sources"
            print(f"{one.name}: {one.age_s / 3600:.1f} h old, {current}, {one.key}")
        print(f"Predefined: {', '.join(states.STATES)}")
    elif arguments.action == "prune":
        gone = snapshots.prune(everything=arguments.all)
        print(f"{len(gone)} snapshots removed.")
    elif arguments.action == "save" and not arguments.name:
        states.ensure(arguments.state)
        print(f"{arguments.state} is available after {time.monotonic() - began:.1f} s.")
    elif arguments.action == "save":
        snapshots.save(Instance(arguments.name), arguments.state, "manual")
        up(Instance(arguments.name))
        print(f"{arguments.state} is saved after {time.monotonic() - began:.1f} s.")
    else:
        states.restore(Instance(arguments.name or "lab"), arguments.state)
        print(f"{arguments.name or 'lab'} is up as {arguments.state} after {time.monotonic() - began:.1f} s.")


def _status(arguments: argparse.Namespace) -> int:
    from lab.errors import absent
    from lab.instance import Instance, names
    from lab.processes import output

    instance = Instance(arguments.name)
    described = instance.inspect()
    if described is None:
        raise absent(instance.name, names())
    ports = instance.ports()
    print(f"{instance.name}: {described['State']['Status']}, ssh 127.0.0.1:{ports.ssh}, http 127.0.0.1:{ports.http}, "
          f"https 127.0.0.1:{ports.https}, -e {instance.address.environment}")
    if described["State"]["Running"]:
        print(output(instance.inside("docker", "ps", "--all", "--format", "table {{.Names}}\t{{.Status}}\t{{.Image}}")),
              end="")
    return 0


def _reset(arguments: argparse.Namespace) -> None:
    from lab.applications.bring_up import bring_up
    from lab.instance import Instance, reset

    instance = Instance(arguments.name)
    reset(instance)
    bring_up(instance)
    print(f"{arguments.name} is {'as its owners brought it up' if instance.application.start else 'empty'}.")


def _down(arguments: argparse.Namespace) -> None:
    from lab.image_cache import remove_images
    from lab.instance import Instance, down, names
    from lab.snapshots import prune

    for name in names() if arguments.all else [arguments.name]:
        if not arguments.force:
            refuse_while_in_use(Instance(name))
        print(f"{name} removed." if down(Instance(name)) else f"There is no instance {name!r}: nothing to do.")
    if arguments.images:
        prune(everything=True)  # their images are built on the server's
        print(f"{remove_images()} images and image volumes removed.")


def _shell(arguments: argparse.Namespace) -> None:
    from lab.instance import Instance

    instance = Instance(arguments.name)
    instance.ports()
    command = instance.shell_command()
    os.execv(command[0], command)


def _list(_: argparse.Namespace) -> None:
    from lab.instance import Instance, names

    if not names():
        print("No instance yet: python -m lab up")
    for one in map(Instance, names()):
        described = one.inspect()
        print(f"{one.name}: {described['State']['Status'] if described else 'missing'}, -e {one.address.environment}")


def _catalogue(arguments: argparse.Namespace) -> None:
    from lab.applications import registry
    from lab.catalogue import show

    show(registry.by_name(arguments.application))


def _terminate(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminate)  # what is half made is removed after SIGTERM as after Ctrl-C
    sys.exit(main())
