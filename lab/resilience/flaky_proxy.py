"""The link between an operator and the server, as something that can be cut, and mended."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class FlakyProxy:
    """A port on this machine that leads to the server's sshd until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Every connection breaks, and new ones are refused."""
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._sockets.clear()

    def restore(self) -> None:
        """New connections get through again; those that were cut stay so."""
        give_up = time.monotonic() + 10
        while True:
            try:
                self._listener = socket.create_server(("127.0.0.1", self.port))
                break
            except OSError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        # after a reset as well: a process that was killed with something unread resets, and its peer must hear of it
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
