"""The bytes that ipykernel would let pass unredacted go nowhere, or become text of the stream."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from types import SimpleNamespace

from runbook_lib.kernel.raw_output import capture_raw_output
from tests.notebooks.sample_notebooks import ROOT

CAPTURED = """
import os, sys, time
from runbook_lib.kernel.raw_output import capture_raw_output
class Stream:
    name, echo, _should_watch, text = "stdout", sys.__stdout__, False, ""
    def write(self, text):
        self.text += text
stream = Stream()
capture_raw_output(stream)
capture_raw_output(stream)
os.system("echo child")
give_up = time.monotonic() + 120
while "child" not in stream.text and time.monotonic() < give_up:
    time.sleep(0.01)
assert (stream.text, stream.fileno(), stream.echo) == ("child\\n", 1, None)
"""


def test_the_copy_goes_nowhere_and_children_get_the_pipe() -> None:
    reader, copy = os.pipe()
    stream = SimpleNamespace(_should_watch=True, _original_stdstream_copy=copy, echo=object(), fileno=lambda: copy)
    capture_raw_output(stream)
    os.write(copy, b"a secret")
    os.close(copy)
    assert os.read(reader, 100) == b""
    assert stream.echo is None
    assert stream.fileno() == 1
    os.close(reader)


def test_where_ipykernel_reads_nothing_it_is_read_here_and_once() -> None:
    done = subprocess.run((sys.executable, "-c", CAPTURED), capture_output=True, cwd=ROOT, timeout=300, check=True)
    assert done.stdout == b""


def test_other_streams_are_left_alone() -> None:
    plain = io.StringIO()
    capture_raw_output(plain, None)
    assert plain.write("x") == 1
