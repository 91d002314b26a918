"""Starting programs: the only module of the lab that does, apart from the engine's own daemon."""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.errors import CommandFailed

TAIL_LINES = 25


def root() -> Path:
    """The checkout this lab belongs to."""
    return Path(__file__).resolve().parents[1]


def state() -> Path:
    """`.lab/` of the checkout, git-ignored: everything the lab writes on this machine outside Docker."""
    return root() / ".lab"


def log_file(name: str) -> Path:
    """Where the step `name` writes the output of its programs."""
    folder = state() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


@contextmanager
def file_lock(what: str) -> Iterator[None]:
    """Wait for other commands of this checkout doing the same work; the lock is released when its holder dies."""
    folder = state()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{what}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(argv: Sequence[str | Path], log: Path, *, input: bytes | None = None, timeout_s: float = 1200,
        environment: Mapping[str, str] | None = None) -> None:
    """Run a program to its end, appending its output to `log`. Raises CommandFailed with the last lines."""
    words = [str(word) for word in argv]
    with log.open("ab") as sink:
        sink.write(f"$ {shlex.join(words)}\n".encode())
        sink.flush()
        try:
            done = subprocess.run(words, input=input, stdin=None if input else subprocess.DEVNULL, stdout=sink,
                                  stderr=subprocess.STDOUT, timeout=timeout_s, env=_environment(environment))
        except subprocess.TimeoutExpired as late:
            raise failed(words, f"did not end within {timeout_s:.0f} s", log) from late
        except FileNotFoundError as missing:
            raise CommandFailed(f"{words[0]} is not installed.") from missing
    if done.returncode != 0:
        raise failed(words, f"ended with exit code {done.returncode}", log)


def output(argv: Sequence[str | Path], *, input: str | None = None, timeout_s: float = 60) -> str:
    """The standard output of a program. Raises CommandFailed with its standard error."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(words, input=input, stdin=None if input else subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=timeout_s, env=_environment())
    except FileNotFoundError as missing:
        raise CommandFailed(f"{words[0]} is not installed.") from missing
    except subprocess.TimeoutExpired as late:
        raise CommandFailed(f"{shlex.join(words)} did not end within {timeout_s:.0f} s.") from late
    if done.returncode != 0:
        raise CommandFailed(f"{shlex.join(words)} ended with exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def succeeds(argv: Sequence[str | Path], *, timeout_s: float = 20) -> bool:
    """Whether a program ends with 0 within the time; a missing program does not."""
    try:
        output(argv, timeout_s=timeout_s)
    except CommandFailed:
        return False
    return True


def pipe(producer: Sequence[str | Path], consumer: Sequence[str | Path], log: Path, *, timeout_s: float = 600) -> None:
    """`producer | consumer`; fails when either does."""
    left, right = [str(word) for word in producer], [str(word) for word in consumer]
    with log.open("ab") as sink:
        sink.write(f"$ {shlex.join(left)} | {shlex.join(right)}\n".encode())
        sink.flush()
        first = subprocess.Popen(left, stdout=subprocess.PIPE, stderr=sink, env=_environment())
        second = subprocess.Popen(right, stdin=first.stdout, stdout=sink, stderr=subprocess.STDOUT, env=_environment())
        assert first.stdout is not None
        first.stdout.close()  # so that the producer gets SIGPIPE when the consumer dies
        try:
            codes = second.wait(timeout_s), first.wait(timeout_s)
        except subprocess.TimeoutExpired as late:
            raise failed(left, f"did not end within {timeout_s:.0f} s", log) from late
        finally:
            for process in (first, second):
                if process.poll() is None:
                    process.kill()
                    process.wait()
    for words, code in ((left, codes[1]), (right, codes[0])):
        if code != 0:
            raise failed(words, f"ended with exit code {code}", log)


def failed(words: Sequence[str], how: str, log: Path) -> CommandFailed:
    """The error for a program whose output is in `log`: its last lines, and where the rest is."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if log.exists() else []
    tail = "\n".join(f"    {line}" for line in lines)
    return CommandFailed(f"`{shlex.join(words)[:200]}` {how}. Its last lines:\n{tail}\nFull log: {log}")


def _environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    # LC_ALL: messages are parsed; BUILDKIT=0: a client without the buildx plugin cannot use BuildKit
    return {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "DOCKER_BUILDKIT": "0",
            "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", **(more or {})}
