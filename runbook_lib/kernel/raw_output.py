"""What an ipykernel lets past its messages: bytes written to the standard output that it was started with.

ipykernel reads what child processes print from a pipe, sends it as a message, and writes the same bytes unchanged to
the terminal or the log of whoever started it: papermill's console, JupyterLab's. Where it does not read them,
they go there straight. No redactor sees those bytes (ipykernel 7.4, iostream.OutStream). The messages are enough.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import threading
from typing import Any

READ_BYTES = 65536


def capture_raw_output(*streams: Any) -> None:
    """Let all that is written to the streams' descriptors become messages, and nothing else, while the kernel lives.

    `streams` are ipykernel's, in the order of their descriptors: standard output and error. Others are left alone.
    """
    for descriptor, stream in enumerate(streams, start=1):
        if not hasattr(stream, "_should_watch"):
            continue
        if stream._should_watch:
            _silence(stream._original_stdstream_copy)
        else:
            _read_into(stream, descriptor)
        stream.echo = None
        # ipykernel hands its copy to child processes that a cell starts with stdout=sys.stdout: theirs is the pipe
        stream.fileno = lambda pipe=descriptor: pipe


def _silence(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _read_into(stream: Any, descriptor: int) -> None:
    pipe, write_end = os.pipe()
    os.dup2(write_end, descriptor)
    os.close(write_end)

    def read() -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with contextlib.suppress(OSError, ValueError):  # the kernel ends, and its streams with it
            while raw := os.read(pipe, READ_BYTES):
                stream.write(decoder.decode(raw))

    stream._should_watch = True  # the next run in this kernel finds it done
    stream._original_stdstream_copy = os.open(os.devnull, os.O_WRONLY)
    threading.Thread(target=read, name=f"{stream.name}-reader", daemon=True).start()
