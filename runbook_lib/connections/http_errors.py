"""What an error of requests, urllib3, http.client, ssl or a socket means to an operator."""

from __future__ import annotations

import ssl

import requests
import urllib3

from runbook_lib.connections.limits import reason_of
from runbook_lib.core.errors import EndpointUnavailable

_TLS = (requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError)
_LATE = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)


def http_error(error: BaseException, url: str) -> EndpointUnavailable:
    """EndpointUnavailable with the innermost reason: the wrappings name objects in memory, not causes."""
    root = _root(error)
    if isinstance(error, _TLS) or isinstance(root, ssl.SSLError):
        what, next_step = f"TLS could not be established: {reason_of(root)}", "Check the certificate."
    elif isinstance(error, _LATE):
        what, next_step = "No reply in time.", "Check that the proxy there runs, and the service behind it."
    elif _is_connection(error):
        what = f"No connection: {reason_of(root)}"
        next_step = "Check that what answers there runs, and that its port can be reached."
    else:
        what, next_step = f"No usable reply: {reason_of(root)}", "Check the log of what answers there."
    return EndpointUnavailable(what, where=url, next_step=next_step)


def _is_connection(error: BaseException) -> bool:
    """A bare socket error, or one that a library calls a connection error."""
    if isinstance(error, requests.exceptions.ConnectionError):
        return True
    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)


def _root(error: BaseException) -> BaseException:
    """The reason inside urllib3's and requests' wrappings."""
    for _ in range(5):
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error
