"""One Chromium process, and its DevTools protocol over two pipes: no port that others on this machine could reach.

Source: Chrome DevTools Protocol; messages are JSON, each ended by a NUL byte.
"""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from runbook_lib.core.errors import BrowserMissing
from runbook_lib.core.foreign_json import read_json

START_TIMEOUT_S = 30.0  # the first start on a cold disk
CALL_TIMEOUT_S = 15.0
END_TIMEOUT_S = 5.0  # a process that left the browser's group may hold the pipe
# --remote-debugging-pipe reads descriptor 3 and writes 4; ours go there by way of free ones above both, for each of
# them may be the place of the other
RENUMBER = """
import os, sys
read, write = int(sys.argv[1]), int(sys.argv[2])
free = max(read, write, 4) + 1
for old, new in ((read, free), (write, free + 1), (free, 3), (free + 1, 4)):
    os.dup2(old, new)
os.closerange(5, free + 2)
os.execv(sys.argv[3], sys.argv[3:])
"""
Message = dict[str, Any]


class DevTools:
    """A running browser. `session` is the one page; `on_event` gets what the browser reports, in order."""

    def __init__(self, program: str, flags: tuple[str, ...], profile: Path) -> None:
        self._program, self._argv, self._profile = program, (program, *flags, "about:blank"), profile
        self._messages: queue.Queue[Message | None] = queue.Queue()
        self._number = 0
        self.session: str | None = None
        self.on_event: Callable[[str, Message], None] = lambda method, parameters: None

    def __enter__(self) -> Self:
        their_in, self._write = os.pipe()
        read, their_out = os.pipe()
        os.set_blocking(self._write, False)
        # nothing of our environment goes along: it may hold secrets, a proxy, another display
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self._profile),
                       "TMPDIR": str(self._profile), "LANG": "C.UTF-8", "TZ": "UTC"}
        self._process = subprocess.Popen(
            (sys.executable, "-I", "-S", "-c", RENUMBER, str(their_in), str(their_out), *self._argv),
            env=environment, pass_fds=(their_in, their_out), start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(their_in)
        os.close(their_out)
        self._listener = threading.Thread(target=self._listen, args=(read,), daemon=True, name="browser")
        self._listener.start()
        try:
            self.open_page(timeout_s=START_TIMEOUT_S)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser and all of its processes."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with suppress(OSError):
            os.close(self._write)
        self._listener.join(END_TIMEOUT_S)

    def call(self, method: str, *, timeout_s: float = CALL_TIMEOUT_S, **parameters: Any) -> Message:
        """The result of one command; events that come meanwhile go to `on_event`. Raises BrowserMissing."""
        number = self.send(method, **parameters)
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._next(deadline - time.monotonic())
            if message is None:
                raise BrowserMissing(f"The browser gave no reply to {method}.", where=self._program,
                                     next_step="Start it by hand on this machine; then run again.")
            if message.get("id") == number:
                return dict(message.get("result") or {})
            self._report(message)

    def send(self, method: str, **parameters: Any) -> int:
        """Send one command without waiting for its result; returns its number. Raises BrowserMissing."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        with suppress(BrokenPipeError):  # the browser is gone: whoever waits for its reply notices
            self._write_out(json.dumps(message).encode() + b"\0", method)
        return self._number

    def _write_out(self, raw: bytes, method: str) -> None:
        """A file of the page may be larger than the pipe: a browser that hangs must not hold us in the write."""
        deadline, writable = time.monotonic() + CALL_TIMEOUT_S, select.poll()
        writable.register(self._write, select.POLLOUT)
        while raw:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not writable.poll(left_s * 1000):
                raise BrowserMissing(f"The browser does not read {method}.", where=self._program,
                                     next_step="Start it by hand on this machine; then run again.")
            with suppress(BlockingIOError):
                raw = raw[os.write(self._write, raw):]

    def pump(self, seconds: float) -> None:
        """Let the browser report for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            message = self._next(left)
            if message is not None:
                self._report(message)

    def open_page(self, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        """Open an empty page; from now on commands and events are those of this one."""
        self.session = None
        target = self.call("Target.createTarget", timeout_s=timeout_s, url="about:blank")
        attached = self.call("Target.attachToTarget", targetId=target.get("targetId"), flatten=True)
        self.session = str(attached.get("sessionId"))

    def _next(self, seconds: float) -> Message | None:
        if seconds <= 0:
            return None
        try:
            return self._messages.get(timeout=seconds)
        except queue.Empty:
            return None

    def _report(self, message: Message) -> None:
        if message.get("sessionId") == self.session and "method" in message:
            self.on_event(str(message["method"]), dict(message.get("params") or {}))

    def _listen(self, descriptor: int) -> None:
        """Only this thread closes what it reads: its number may be the next browser's pipe at once, and be read."""
        buffer = bytearray()
        with suppress(OSError, ValueError):
            while chunk := os.read(descriptor, 1 << 16):
                buffer += chunk
                while (end := buffer.find(0)) >= 0:
                    self._messages.put(read_json(bytes(buffer[:end]), strict=False))
                    del buffer[: end + 1]
        os.close(descriptor)
        self._messages.put(None)
