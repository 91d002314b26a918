"""`python -m lab.traffic`: a constant load on an instance, in a process of its own so that nothing slows it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import ssl
import sys
from pathlib import Path

from lab.address import PUBLIC_NAME
from lab.errors import CommandFailed, LabError
from lab.instance import Instance
from lab.traffic.client import Broken, Target
from lab.traffic.counters import Counters, LoadResult
from lab.traffic.generator import Generator
from lab.traffic.virtual_user import VirtualUser, count_written, delete_account, delete_rows, log_in

MOST_RATE, LONGEST_S = 2000.0, 4 * 3600.0


def main(words: list[str] | None = None) -> int:
    """0 when every request went well and the rate was kept, 1 when not, 2 for a wrong request."""
    arguments = _arguments(words)
    with contextlib.suppress(OSError):
        os.nice(-10)  # where we may: what measures comes before what is measured
    instance = Instance(arguments.name)
    try:
        account = asyncio.run(_drive(instance, arguments))
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    print(account, flush=True)
    if arguments.out:
        account.write(Path(arguments.out))
    return 0 if account.failed == 0 and account.kept_up and not account.writes_lost else 1


def target_of(instance: Instance) -> Target:
    """The instance's https port on loopback, with its own authority and no other."""
    tls = ssl.create_default_context(cafile=str(instance.address.folder / "ca.pem"))
    return Target("127.0.0.1", instance.ports().https, PUBLIC_NAME, tls)


async def _drive(instance: Instance, arguments: argparse.Namespace) -> LoadResult:
    target = target_of(instance)
    user = await log_in(target)
    counters, stopped = Counters(0.0, arguments.rate), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    def follow(second: int, sent: int, failed: int) -> None:
        try:
            print(f"second {second} {sent} {failed}", flush=True)
        except BrokenPipeError:  # whoever wanted to know is gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            stopped.set()

    tell = follow if arguments.follow else _interesting
    await Generator(target, user, counters).run(arguments.rate, arguments.seconds, stopped, tell)
    found = count_written(instance, user)
    if not arguments.keep:
        await _tidy(instance, target, user)
    return counters.result(found)


async def _tidy(instance: Instance, target: Target, user: VirtualUser) -> None:
    try:
        delete_rows(instance, user)
        await delete_account(target, user)
    except (CommandFailed, Broken, TimeoutError) as error:
        print(f"The rows of {user.name} were not all removed: {error}. The next load does not mind.",
              file=sys.stderr)


def _interesting(second: int, sent: int, failed: int) -> None:
    if failed or second % 10 == 0:
        print(f"{second:5d} s: {sent} sent, {failed} failed", flush=True)


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.traffic", description=__doc__.split(":", 1)[1].strip())
    parser.add_argument("--name", default="lab", help="which instance (default: lab)")
    parser.add_argument("--rate", type=float, default=200, help="requests a second, half of them POSTs (default: 200)")
    parser.add_argument("--seconds", type=float, default=60, help="how long; Ctrl-C ends it earlier (default: 60)")
    parser.add_argument("--out", metavar="FILE", help="write the whole account there, as JSON")
    parser.add_argument("--keep", action="store_true", help="leave the rows that were written")
    parser.add_argument("--follow", action="store_true", help="a line for every second, for programs")
    arguments = parser.parse_args(words)
    if not 0 < arguments.rate <= MOST_RATE or not 0 < arguments.seconds <= LONGEST_S:
        parser.error(f"--rate should be above 0 and at most {MOST_RATE:g}, --seconds at most {LONGEST_S:g}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
