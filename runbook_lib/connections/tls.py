"""TLS handshakes for inspection only: the certificate as served, and whether legacy protocols are accepted."""

from __future__ import annotations

import ssl
import warnings

from runbook_lib.connections.dialled import connect
from runbook_lib.connections.http_errors import DATED
from runbook_lib.connections.translate import Over, translate, translate_errors
from runbook_lib.core.questions import TlsHandshake

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
# reasons of this machine's OpenSSL when it was built without a protocol: they mean nothing about the server
_LOCAL_REASONS = ("NO_PROTOCOLS_AVAILABLE", "UNSUPPORTED_PROTOCOL", "NO_CIPHERS_AVAILABLE", "NO_CIPHER_MATCH")


def handshake(host: str, address: tuple[str, int], ca_file: str | None, timeout_s: float) -> TlsHandshake:
    """The certificate served for `host`, good or not. Raises EndpointUnavailable when there is no handshake at all."""
    verify_error, dated = "", False
    with translate_errors(host, f"https://{host}", over=Over.HTTP):
        try:
            with _connected(ssl.create_default_context(cafile=ca_file), host, address, timeout_s):
                pass
        except ssl.SSLCertVerificationError as error:
            verify_error, dated = error.verify_message or str(error), error.verify_code in DATED
        # a second, unverified handshake, only to read a certificate that failed to verify above
        unverified = _without_verification(ssl.create_default_context())
        with _connected(unverified, host, address, timeout_s) as secured:
            der = secured.getpeercert(binary_form=True) or b""
            return TlsHandshake(der, secured.version() or "", (secured.cipher() or ("",))[0], verify_error, dated)


def accepts(host: str, address: tuple[str, int], protocol: str, timeout_s: float) -> bool | None:
    """Whether the server agrees to speak `protocol`; None when this machine's OpenSSL cannot try it."""
    context = _without_verification(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that they are deprecated is why we ask
            context.maximum_version = context.minimum_version = _VERSIONS[protocol]
            context.minimum_version = _VERSIONS[protocol]
        if protocol in ("TLSv1", "TLSv1.1"):
            context.set_ciphers("ALL:@SECLEVEL=0")  # today's default level refuses them on this side already
        with _connected(context, host, address, timeout_s):
            return True
    except ssl.SSLError as error:
        return None if (error.reason or "") in _LOCAL_REASONS else False
    except ConnectionResetError:
        return False
    except OSError as error:
        raise translate(error, host, f"https://{host}", over=Over.HTTP) from error


def _without_verification(context: ssl.SSLContext) -> ssl.SSLContext:
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _connected(context: ssl.SSLContext, host: str, address: tuple[str, int], timeout_s: float) -> ssl.SSLSocket:
    raw = connect(*address, timeout_s)
    try:
        return context.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise
