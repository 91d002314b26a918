"""TLS handshakes for the sake of looking: which certificate is served, and whether old protocols are accepted."""

from __future__ import annotations

import socket
import ssl
import warnings

from runbook_lib.connections.translate import http_error
from runbook_lib.core.questions import TlsHandshake

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
# What our own side says when its OpenSSL was built without a protocol: no word about the server.
_OURS = ("NO_PROTOCOLS_AVAILABLE", "UNSUPPORTED_PROTOCOL", "NO_CIPHERS_AVAILABLE", "NO_CIPHER_MATCH")


def handshake(host: str, address: tuple[str, int], ca_file: str | None, timeout_s: float) -> TlsHandshake:
    """The certificate served for `host`, good or not. Raises EndpointUnavailable when there is no handshake at all."""
    trouble = ""
    try:
        with _connected(_verifying(ca_file), host, address, timeout_s):
            pass
    except ssl.SSLCertVerificationError as error:
        trouble = error.verify_message or str(error)
    except OSError as error:
        raise http_error(error, f"https://{host}") from error
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE  # only to read what failed to verify above
    try:
        with _connected(anyone, host, address, timeout_s) as secured:
            der = secured.getpeercert(binary_form=True) or b""
            return TlsHandshake(der, secured.version() or "", (secured.cipher() or ("",))[0], trouble)
    except OSError as error:
        raise http_error(error, f"https://{host}") from error


def accepts(host: str, address: tuple[str, int], protocol: str, timeout_s: float) -> bool | None:
    """Whether the server agrees to speak `protocol`; None when this machine's OpenSSL cannot try it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that they are deprecated is why we ask
            context.maximum_version = context.minimum_version = _VERSIONS[protocol]
            context.minimum_version = _VERSIONS[protocol]
        if protocol in ("TLSv1", "TLSv1.1"):
            context.set_ciphers("ALL:@SECLEVEL=0")
        with _connected(context, host, address, timeout_s):
            return True
    except ssl.SSLError as error:
        return None if (error.reason or "") in _OURS else False
    except ConnectionResetError:
        return False
    except OSError as error:
        raise http_error(error, f"https://{host}") from error


def _verifying(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _connected(context: ssl.SSLContext, host: str, address: tuple[str, int], timeout_s: float) -> ssl.SSLSocket:
    raw = socket.create_connection(address, timeout=timeout_s)
    try:
        return context.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise
