"""A forked child: what it lets go of, how it ends, and that no signal to it is lost. Each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = "import os, signal, sys, time\nfrom runbook_lib.kernel.forks import end_child, in_every_child, print_through_pipe, refuse_in_child\n"
FORK = "if pid := os.fork():\n    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n    sys.exit()\n"


def printed(program: str) -> list[str]:
    done = subprocess.run((sys.executable, "-c", START + program), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return [*done.stdout.split("\n")[:-1], *done.stderr.split("\n")[:-1]]


@pytest.mark.parametrize(("error", "code", "shown"), [
    ("None", "0", []),
    ("KeyboardInterrupt()", "130", ["KeyboardInterrupt"]),
    ("SystemExit()", "0", []),
    ("SystemExit(3)", "3", []),
    ("SystemExit(256 + 4)", "4", []),
    ("SystemExit('enough')", "1", []),
    ("ValueError('no')", "1", ["ValueError: no"]),
])
def test_a_child_ends_as_a_program_does(error: str, code: str, shown: list[str]) -> None:
    assert printed(f"{FORK}end_child({error})") == [code, *shown]


def test_an_error_of_ours_says_what_to_do_next_without_a_traceback() -> None:
    lines = printed(f"owner = os.getpid()\n{FORK}try:\n    refuse_in_child(owner, 'close the run')\nexcept Exception as error:\n    end_child(error)")
    assert lines[0] == "1"
    assert lines[1].startswith("A child process cannot close the run")
    assert not any("Traceback" in line for line in lines)


def test_the_owner_itself_is_refused_nothing() -> None:
    assert printed("refuse_in_child(os.getpid(), 'close the run')\nprint('fine')") == ["fine"]


def test_a_child_ends_although_its_streams_are_gone() -> None:
    assert printed(f"{FORK}sys.stdout.close()\nsys.stderr = None\nend_child(ValueError())") == ["1"]


def test_what_is_called_in_every_child_is_called_once_and_in_no_parent() -> None:
    assert printed(f"in_every_child(lambda: os.write(1, b'left\\n'))\n{FORK}os._exit(0)") == ["left", "0"]


def test_a_childs_prints_go_to_its_descriptors() -> None:
    program = f"import io\nsys.stdout = io.StringIO()\nin_every_child(print_through_pipe)\n{FORK}print('through'); os._exit(0)"
    assert printed(program) == ["through"]


def test_a_signal_that_comes_at_once_is_not_lost() -> None:
    """Python forgets what it received for a child before the child's first line; a child that waits would wait on."""
    program = ("signal.signal(signal.SIGTERM, lambda *_: None)\n"
               "in_every_child(lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))\n"
               "codes = set()\n"
               "for _ in range(100):\n"
               "    if not (pid := os.fork()):\n        time.sleep(600)\n"
               "    os.kill(pid, signal.SIGTERM)\n"
               "    codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
               "print(codes, signal.pthread_sigmask(signal.SIG_BLOCK, ()))")
    assert printed(program) == ["{-15} set()"]


def test_an_interrupt_that_comes_at_once_ends_the_child() -> None:
    program = (f"in_every_child(lambda: os.kill(os.getpid(), signal.SIGINT))\n{FORK}time.sleep(600)")
    assert printed(program) == ["130"]
