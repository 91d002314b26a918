"""A user who looks at the service twice a second, and remembers when it was not there."""

from __future__ import annotations

import http.client
import ssl
import threading
import time

PATH = "/api/v1/health"
PAUSE_S = 0.5
PATIENCE_S = 30.0


class Prober:
    """Looks from this machine through the published port, from `with` to its end. Slow is not failed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, name="prober", daemon=True)
        self.looks = 0
        self.failures: list[tuple[float, str]] = []

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._enough.set()
        self._thread.join(PATIENCE_S + PAUSE_S)

    @property
    def outage_s(self) -> float:
        """Seconds from the first failed look to the last; 0 when none failed."""
        return self.failures[-1][0] - self.failures[0][0] + PAUSE_S if self.failures else 0.0

    def __str__(self) -> str:
        first = f", the first: {self.failures[0][1]}" if self.failures else ""
        return f"{len(self.failures)} of {self.looks} looks of a user failed{first}"

    def _look(self) -> None:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        while not self._enough.wait(PAUSE_S):
            self.looks += 1
            connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=PATIENCE_S, context=trusting)
            try:
                connection.request("GET", PATH)
                status = connection.getresponse().status
                if status != 200:
                    self._failed(f"HTTP {status}")
            except TimeoutError:
                self._failed(f"no reply in {PATIENCE_S:.0f} s")
            except (OSError, http.client.HTTPException) as error:
                self._failed(f"{type(error).__name__}")
            finally:
                connection.close()

    def _failed(self, how: str) -> None:
        self.failures.append((time.monotonic(), how))
