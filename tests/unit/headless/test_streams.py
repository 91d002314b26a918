"""Whatever writes to standard output arrives as text, in order: prints, bytes, child processes, other threads."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, subprocess, sys, threading
sys.path.insert(0, {root!r})
from runbook_lib.headless.streams import CellStream
kept = os.dup(1)
sent = []
stream = sys.stdout = CellStream("stdout", 1, lambda name, text: sent.append((name, text)))
{cell}
stream.flush()
os.write(kept, repr("".join(text for _, text in sent)).encode())
os._exit(0)
"""


def text_of(cell: str) -> str:
    """What arrives of the cell's output; the process's own standard output must have nothing else."""
    from tests.notebooks.sample_notebooks import ROOT

    done = subprocess.run((sys.executable, "-c", PROGRAM.format(root=str(ROOT), cell=cell)), capture_output=True, timeout=60,
                          check=True)
    return str(eval(done.stdout))


@pytest.mark.parametrize(("cell", "text"), [
    ("print('a'); os.system('echo b'); print('c')", "a\nb\nc\n"),
    ("os.write(1, b'raw\\n'); sys.stdout.buffer.write(b'bytes\\n'); sys.__stdout__.write('real\\n'); sys.__stdout__.flush()",
     "raw\nbytes\nreal\n"),
    ("subprocess.run(['sh', '-c', 'printf x'], stdout=sys.stdout)", "x"),
    ("for piece in (b'\\xc3', b'\\xbc'): os.write(1, piece); stream.flush()", "ü"),
    ("pid = os.fork()\nif pid == 0:\n    print('forked'); os._exit(0)\nos.waitpid(pid, 0)", "forked\n"),
    ("one = threading.Thread(target=print, args=('thread',)); one.start(); one.join()", "thread\n"),
    ("os.system(\"printf '{{\\\"ended\\\": 1}}'\")".replace("{{", "{").replace("}}", "}"), '{"ended": 1}'),
    ("os.close(1)\ntry:\n    os.write(1, b'x')\nexcept OSError:\n    sys.stdout.write('closed')", "closed"),
])
def test_output_arrives_whoever_wrote_it(cell: str, text: str) -> None:
    assert text_of(cell) == text


def test_a_child_that_prints_without_end_does_not_keep_a_cell_from_ending() -> None:
    # of the hundreds of megabytes that it prints meanwhile, the beginning is enough
    text = text_of("child = subprocess.Popen(['yes'])\nimport time; until = time.monotonic() + 50\nwhile not sent and time.monotonic() < until: time.sleep(0.01); stream.flush()\nchild.kill(); child.wait(); del sent[2:]")
    assert text.startswith("y\ny\n")


def test_a_flush_takes_what_was_there_and_not_what_a_child_goes_on_to_print() -> None:
    """Found by trying: `yes` that a cell had left behind, and what takes its time to be redacted: no run ended any more."""
    text = text_of("import time\nstream._send = lambda name, text: time.sleep(0.1)\nchild = subprocess.Popen(['yes'])\ntime.sleep(0.2)\n"
                   "began = time.monotonic()\nfor _ in range(3): stream.flush()\ntook = time.monotonic() - began\nchild.kill(); child.wait()\n"
                   "sent[:] = [('', str(took))]")
    assert float(text) < 6


def test_between_any_two_reads_whoever_waits_gets_a_turn() -> None:
    """Pieces of 8190 bytes fill a pipe with less than its size: it was read again at once, and a cell waited for as long as a child printed."""
    text = text_of("import os, time\nslept, sleep = [], time.sleep\ntime.sleep = slept.append\nos.write(stream.fileno(), b'x' * 100)\n"
                   "until = time.monotonic() + 20\nwhile not slept and time.monotonic() < until: sleep(0.01)\nsent[:] = [('', str(slept[:1]))]")
    assert text == "[0.001]" + "x" * 100
