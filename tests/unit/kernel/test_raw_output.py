"""The bytes that ipykernel would write to a terminal unredacted go nowhere."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace

from runbook_lib.kernel.raw_output import silence_copies


def test_the_copy_goes_nowhere_and_children_get_the_pipe() -> None:
    reader, copy = os.pipe()
    stream = SimpleNamespace(_original_stdstream_copy=copy, _original_stdstream_fd=1, echo=object(), fileno=lambda: copy)
    silence_copies(stream)
    os.write(copy, b"a secret")
    os.close(copy)
    assert os.read(reader, 100) == b""
    assert stream.echo is None
    assert stream.fileno() == 1
    os.close(reader)


def test_other_streams_are_left_alone() -> None:
    plain = io.StringIO()
    silence_copies(plain, None)
    assert plain.write("x") == 1
