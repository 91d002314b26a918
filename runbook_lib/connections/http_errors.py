"""What an error of requests, urllib3, http.client, ssl or a socket means to an operator."""

from __future__ import annotations

import re
import socket
import ssl
from urllib.parse import urlsplit

from runbook_lib.connections.limits import reason_of
from runbook_lib.core.errors import CertificateOutOfDate, EndpointUnavailable, NameUnresolved

# by name: importing requests takes 0.04 s, and a run that only uses SSH should not pay
_TLS = {"requests.exceptions.SSLError", "urllib3.exceptions.SSLError", "ssl.SSLError"}
# not yet valid, expired: by this machine's clock. Source: OpenSSL manual, X509_STORE_CTX_get_error
DATED = (9, 10)
_LATE = {"requests.exceptions.Timeout", "urllib3.exceptions.TimeoutError", "builtins.TimeoutError"}
_UNRESOLVED = {"urllib3.exceptions.NameResolutionError", "socket.gaierror"}
_QUOTED = re.compile(r"'([^']+)'")  # urllib3: Failed to resolve 'HOST' (REASON)


def http_error(error: BaseException, url: str) -> EndpointUnavailable:
    """EndpointUnavailable with the innermost reason: the wrappings name objects in memory, not causes."""
    root = _root(error)
    if _is_one(root, _UNRESOLVED):
        return _unresolved(root, url)
    if _is_one(error, _TLS) or isinstance(root, ssl.SSLError):
        what, next_step = f"TLS could not be established: {reason_of(root)}", "Check the certificate."
        if getattr(root, "verify_code", None) in DATED:
            return CertificateOutOfDate(what, where=url,
                                        next_step=f"Is this machine's clock right? `timedatectl`. {next_step}")
    elif _is_one(error, _LATE):
        what, next_step = "No reply in time.", "Check that the proxy there runs, and the service behind it."
    elif _is_connection(error):
        what = f"No connection: {reason_of(root)}"
        next_step = "Check that what answers there runs, and that its port can be reached."
    else:
        what, next_step = f"No usable reply: {reason_of(root)}", "Check the log of what answers there."
    return EndpointUnavailable(what, where=url, next_step=next_step)


def _unresolved(error: BaseException, url: str) -> NameUnresolved:
    """It is this machine that could not ask: the address that is dialled may be another than the URL's."""
    dialled = None if isinstance(error, socket.gaierror) else _QUOTED.search(str(error).rpartition("Failed")[2])
    name = dialled[1] if dialled else urlsplit(url).hostname or "The name"
    return NameUnresolved(f"{name} does not resolve on this machine.", where=url, next_step=(
        "Check this machine's network, VPN and DNS, and public.url for a slip. Where the name does not resolve "
        "elsewhere either, users are affected."))


def _is_connection(error: BaseException) -> bool:
    """A bare socket error, or one that a library calls a connection error."""
    if _is_one(error, {"requests.exceptions.ConnectionError"}):
        return True
    return isinstance(error, OSError) and not _is_one(error, {"requests.exceptions.RequestException"})


def _is_one(error: BaseException, names: set[str]) -> bool:
    """Whether the error's class, or one that it is made from, has one of the names."""
    return any(f"{kind.__module__}.{kind.__qualname__}" in names for kind in type(error).__mro__)


def _root(error: BaseException) -> BaseException:
    """The reason inside urllib3's and requests' wrappings."""
    for _ in range(5):
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error
