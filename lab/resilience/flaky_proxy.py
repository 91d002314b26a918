"""A TCP proxy between the runbooks and the server's sshd: its connections can be cut and restored."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

RESTORE_TIMEOUT_S = 10.0


class FlakyProxy:
    """A port on this machine that forwards to the server until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._sockets: list[socket.socket] = []
        self._changing = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        with self._changing:
            for one in (self._listener, *self._sockets):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._sockets.clear()

    def restore(self) -> None:
        """Accept new connections again; those that were cut stay closed. Raises OSError when the port stays taken."""
        deadline = time.monotonic() + RESTORE_TIMEOUT_S
        while True:
            try:
                self._listener = socket.create_server(("127.0.0.1", self.port))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                with self._changing:
                    if listener.fileno() < 0:  # cut since it was accepted
                        near.close()
                        far.close()
                        return
                    self._sockets += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        # after a reset as well: a process killed with unread data resets, and its peer must see the end of the stream
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
