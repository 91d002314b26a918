"""A headless Chromium that opens the environment's pages as users do."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from runbook_lib.connections import tls
from runbook_lib.connections.browser.devtools import DevTools
from runbook_lib.connections.browser.page import ObservedPage
from runbook_lib.core.browsing import Answer, PageView
from runbook_lib.core.errors import BrowserMissing, EndpointUnavailable

# an operator may name another one of the family
PROGRAM_VARIABLE = "RUNBOOK_CHROMIUM"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = ("--headless", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check",
         "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars", "--window-size=1280,800",
         # the operator's proxy must not change the result, as for every other request of ours
         "--no-proxy-server")


def browser_program() -> str | None:
    """The path of a browser of Chromium's family on this machine; None where there is none."""
    named = os.environ.get(PROGRAM_VARIABLE)
    return next((found for one in ((named,) if named else PROGRAMS) if (found := shutil.which(one))), None)


class Chromium:
    """Opens pages of `url`. `connect_to` and `ca_file` are as in PublicHttp. One process a view, nothing is kept."""

    def __init__(self, url: str, *, connect_to: str | None = None, ca_file: str | None = None) -> None:
        parts = urlsplit(url)
        self._url, self._name = url.rstrip("/"), parts.hostname or ""
        self._tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._connect_to, self._ca_file = connect_to, ca_file

    def view(self, path: str, texts: tuple[str, ...], *, timeout_s: float, settle_s: float,
             answer: Answer | None = None) -> PageView:
        """What a user sees at `path`. Raises BrowserMissing, and EndpointUnavailable for an untrusted certificate."""
        program = browser_program()
        if program is None:
            raise BrowserMissing(
                "There is no browser on this machine: the page was not seen.", where="this machine",
                next_step=f"Install Chromium (Debian: apt-get install chromium), or name one in {PROGRAM_VARIABLE}.")
        flags = [*FLAGS, *self._network_flags(contacted=answer is None)]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium's sandbox refuses root; the pages are our own
        # a short path: sockets live in it, and their names have a limit
        short = "/tmp" if os.access("/tmp", os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="runbook-page-", dir=short, ignore_cleanup_errors=True) as profile, \
                DevTools(program, (*flags, f"--user-data-dir={profile}"), Path(profile)) as devtools:
            return ObservedPage(devtools, self._url, answer).view(path, texts, timeout_s, settle_s)

    def _network_flags(self, *, contacted: bool) -> list[str]:
        if not contacted:
            return []
        # else it would try https first, and show what answers there
        flags = [] if self._tls else ["--disable-features=HttpsUpgrades,HttpsFirstBalancedMode"]
        if self._connect_to:
            flags.append(f"--host-resolver-rules=MAP {self._name}:{self._port} {self._connect_to}")
        if self._ca_file:
            flags.append(f"--ignore-certificate-errors-spki-list={self._verified_key()}")
        return flags

    def _verified_key(self) -> str:
        """The key of the certificate that is served, when it verifies against the environment's own CA.

        Chromium takes no CA file: so name and chain are verified here, and the browser accepts that very key.
        """
        import base64

        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        host, _, port = (self._connect_to or f"{self._name}:{self._port}").rpartition(":")
        seen = tls.handshake(self._name, (host, int(port)), self._ca_file, 10.0)
        if seen.verify_error:
            raise EndpointUnavailable(f"The certificate does not verify: {seen.verify_error}.", where=self._url,
                                      next_step="Run 10 Preflight: it shows the certificate.")
        key = x509.load_der_x509_certificate(seen.certificate).public_key()
        raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(raw).digest()).decode()
