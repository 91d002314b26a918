"""`python -m lab.traffic`: a constant load on an instance, in a separate process so that nothing slows it down."""

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
from lab.traffic.client import RequestFailed, Target
from lab.traffic.counters import Counters, LoadResult
from lab.traffic.generator import Generator
from lab.traffic.virtual_user import VirtualUser, count_written, delete_account, delete_rows, log_in

MAX_RATE, MAX_DURATION_S = 2000.0, 4 * 3600.0


def main(words: list[str] | None = None) -> int:
    """0 when no request failed and the rate was kept, 1 otherwise, 2 for invalid arguments."""
    arguments = _arguments(words)
    with contextlib.suppress(OSError):
        os.nice(-10)  # where permitted: measuring has priority over what is measured
    instance = Instance(arguments.name)
    try:
        result = asyncio.run(_drive(instance, arguments))
    except LabError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    print(result, flush=True)
    if arguments.out:
        result.write(Path(arguments.out))
    return 0 if result.failed == 0 and result.kept_up and not result.writes_lost else 1


def target_of(instance: Instance) -> Target:
    """The instance's HTTPS port on loopback; only its own certificate authority is trusted."""
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
        except BrokenPipeError:  # the reader has exited
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            stopped.set()

    report = follow if arguments.follow else _print_failures
    await Generator(target, user, counters).run(arguments.rate, arguments.seconds, stopped, report)
    rows = count_written(instance, user)
    if not arguments.keep:
        await _clean_up(instance, target, user)
    return counters.result(rows)


async def _clean_up(instance: Instance, target: Target, user: VirtualUser) -> None:
    try:
        delete_rows(instance, user)
        await delete_account(target, user)
    except (CommandFailed, RequestFailed, TimeoutError) as error:
        print(f"Some rows of {user.name} were not removed: {error}. Later loads are not affected.",
              file=sys.stderr)


def _print_failures(second: int, sent: int, failed: int) -> None:
    if failed or second % 10 == 0:
        print(f"{second:5d} s: {sent} sent, {failed} failed", flush=True)


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.traffic", description="Put a constant load on a lab server.")
    parser.add_argument("--name", default="lab", help="lab instance (default: lab)")
    parser.add_argument("--rate", type=float, default=200, help="requests a second, half of them POSTs (default: 200)")
    parser.add_argument("--seconds", type=float, default=60, help="duration; Ctrl-C ends it earlier (default: 60)")
    parser.add_argument("--out", metavar="FILE", help="write the result to this file, as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the rows that were written")
    parser.add_argument("--follow", action="store_true", help="print a machine-readable line for every second")
    arguments = parser.parse_args(words)
    if not 0 < arguments.rate <= MAX_RATE or not 0 < arguments.seconds <= MAX_DURATION_S:
        parser.error(f"--rate must be above 0 and at most {MAX_RATE:g}, --seconds at most {MAX_DURATION_S:g}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
