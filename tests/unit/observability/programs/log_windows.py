"""The program that cuts a window out of a log, as tests ask it, and what came."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from pathlib import Path

from runbook_lib.observability.facts.log_window import window_program

MOST = 1_000_000_000


def ask(mode: str, log: Path, since: int, until: int, *, path: str = "", user: int = 0, most: int = MOST,
        source: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
    words = source or ("file", str(log))
    drop = ("setpriv", f"--reuid={user}", "--clear-groups") if user and os.geteuid() == 0 else ()
    return subprocess.run((*drop, "bash", "-s", "--", mode, str(since), str(until), "32768", str(most), "time\nts", *words),
                          input=window_program().encode(), capture_output=True, check=True, timeout=300,
                          env={"PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"], "LC_ALL": "C.UTF-8"})


def sent(log: Path, since: int = 0, until: int = 4_000_000_000, **options: object) -> list[int]:
    """The numbers of the lines that came."""
    return numbers(gzip.decompress(ask("send", log, since, until, **options).stdout))  # type: ignore[arg-type]


def numbers(text: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb'"n":(\d+)', text)]


def sizes(log: Path, since: int = 0, until: int = 4_000_000_000, **options: object) -> list[str]:
    return ask("size", log, since, until, **options).stdout.decode().splitlines()  # type: ignore[arg-type]
