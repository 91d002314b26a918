"""What ipykernel writes raw, next to its messages, to the standard output that it was started with.

ipykernel reads what child processes print from a pipe, sends it as a message, and writes the same bytes unchanged to the
terminal or the log of whoever started it: papermill's console, JupyterLab's. No redactor sees those (ipykernel 7.4,
iostream.OutStream). The messages are enough.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any


def silence_copies(*streams: Any) -> None:
    """Let the raw copies go nowhere, for as long as the kernel lives. Streams of other kinds are left alone."""
    for stream in streams:
        copy = getattr(stream, "_original_stdstream_copy", None)
        pipe = getattr(stream, "_original_stdstream_fd", None)
        if copy is None or pipe is None:
            continue
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, copy)
            os.close(nowhere)
        stream.echo = None
        # ipykernel hands the copy to child processes that a cell starts with stdout=sys.stdout: theirs is the pipe
        stream.fileno = lambda descriptor=pipe: descriptor
