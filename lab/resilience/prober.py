"""Probes the service twice a second, as a user would, and records every failed probe."""

from __future__ import annotations

import http.client
import ssl
import threading
import time

PATH = "/api/v1/health"
INTERVAL_S = 0.5
TIMEOUT_S = 30.0


class Prober:
    """Probes the published port from `with` to its end. A slow reply is not a failed probe."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)
        self.probes = 0
        self.failures: list[tuple[float, str]] = []

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join(TIMEOUT_S + INTERVAL_S)

    @property
    def outage_s(self) -> float:
        """Seconds from the first failed probe to the last; 0 when none failed."""
        return self.failures[-1][0] - self.failures[0][0] + INTERVAL_S if self.failures else 0.0

    def __str__(self) -> str:
        first = f", the first: {self.failures[0][1]}" if self.failures else ""
        return f"{len(self.failures)} of {self.probes} probes failed{first}"

    def _run(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        while not self._stopped.wait(INTERVAL_S):
            self.probes += 1
            connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=TIMEOUT_S, context=context)
            try:
                connection.request("GET", PATH)
                status = connection.getresponse().status
                if status != 200:
                    self._record(f"HTTP {status}")
            except TimeoutError:
                self._record(f"no reply in {TIMEOUT_S:.0f} s")
            except (OSError, http.client.HTTPException) as error:
                self._record(f"{type(error).__name__}")
            finally:
                connection.close()

    def _record(self, failure: str) -> None:
        self.failures.append((time.monotonic(), failure))
