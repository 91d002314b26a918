"""The other ways to a log server, by two real rsyslogd: RELP over TLS, plain TCP, and TCP over TLS with Debian's gnutls.

Each is the action and the input of its folder in the place of those of RELP, as its README says.
"""

from __future__ import annotations

import datetime
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab.forwarding.test_log_forwarding import Pair, forwarding
from tests.unit.staging import debian_tools
from tests.unit.staging.files import ROOT, text
from tests.unit.staging.test_log_rotation import Server, await_

LINES = 200
NAMES = ("nginx/access.log", "gw2/backend.log")
QUIET_S = 8.0  # several attempts to connect, a second apart

pytestmark = pytest.mark.skipif(debian_tools.program("rsyslogd") is None, reason=debian_tools.MISSING)


class Authority:
    """An authority that signs certificates for names, each in a folder of its own with the authority's."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._signed("authority", self.key, None)

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
                .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True))
        if issuer is not None:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def write(self, folder: Path, name: str, trusted: Authority | None = None) -> None:
        """ca.pem, cert.pem and key.pem for that name; `trusted`: the authority that the other side has to be of."""
        folder.mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "key.pem").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        for file, one in (("cert.pem", self._signed(name, key, self.certificate)), ("ca.pem", (trusted or self).certificate)):
            (folder / file).write_bytes(one.public_bytes(serialization.Encoding.PEM))


def replaced(rules: str, kind: str, other: str) -> str:
    """The rules with their one `action(…omrelp…)` or `input(…imrelp…)`, and its module, in another form."""
    rules = re.sub(r'^module\(load="(?:om|im)relp"\)\n', "", rules, flags=re.MULTILINE) if "relp" not in other else rules
    found = re.findall(rf'^ *{kind}\(type="(?:om|im)relp"(?:[^()"]|"[^"]*")*\)\n', rules, flags=re.MULTILINE)
    assert len(found) == 1, found
    return rules.replace(found[0], other)


def configured(server: Server, way: str, *, client: str = "staging.example.com", foreign: bool = False) -> Pair:
    """A sender and a receiver by the files of that way, with certificates of their own; neither is started."""
    pair, ours = Pair(server), Authority()
    ours.write(server.folder / "tls-server", "logs.example.com")
    (Authority() if foreign else ours).write(server.folder / "tls-client", client, trusted=ours)
    port = re.search(r'port="(\d+)"', pair.receiver.rules)
    assert port is not None
    for daemon, file, kind, own in ((pair.sender, "sender.conf", "action", "tls-client"), (pair.receiver, "log-server.conf", "input", "tls-server")):
        other = text(f"server/rsyslog/{way}/{file}").replace("/etc/rsyslog.d/tls", str(server.folder / own)).replace(
            'target="logs.example.com" port="2514"', f'target="127.0.0.1" port="{port[1]}"').replace(
            'input(type="imrelp" port="2514"', f'input(type="imrelp" port="{port[1]}" address="127.0.0.1"').replace(
            'input(type="imtcp" port="2514"', f'input(type="imtcp" port="{port[1]}" address="127.0.0.1"')
        top = ROOT / "staging/server/rsyslog" / way / "global.conf"
        certificates = top.read_text().replace("/etc/rsyslog.d/tls", str(server.folder / own)) if top.exists() else ""
        daemon.rules = certificates + replaced(daemon.rules, kind, other)
    return pair


def write(server: Server, first: int) -> None:
    for name in NAMES:
        with server.log(name).open("a") as log:
            log.write("".join(f"line {number}\n" for number in range(first, first + LINES)))


@pytest.mark.parametrize("way", ["relp-tls", "tcp", "tcp-tls"])
def test_every_line_arrives_once_also_after_a_restart_of_the_sender(tmp_path: Path, way: str) -> None:
    server = Server(tmp_path)
    write(server, 0)
    with forwarding(configured(server, way)) as pair:
        await_(lambda: all(pair.has(name, set(range(LINES))) for name in NAMES), f"the first lines, {way}", 0.1)
        pair.live("sender restarted")
        write(server, LINES)
        await_(lambda: all(pair.has(name, set(range(2 * LINES))) for name in NAMES), f"the other lines, {way}", 0.1)
        for name in NAMES:
            assert pair.received(name) == Counter(range(2 * LINES)), name


@pytest.mark.parametrize(("client", "foreign"), [("another.example.com", False), ("staging.example.com", True)])
@pytest.mark.parametrize("way", ["relp-tls", "tcp-tls"])
def test_a_sender_with_another_name_or_of_another_authority_gets_no_line_in(tmp_path: Path, way: str, client: str, foreign: bool) -> None:
    server = Server(tmp_path)
    write(server, 0)
    with forwarding(configured(server, way, client=client, foreign=foreign)) as pair:
        ends = time.monotonic() + QUIET_S
        await_(lambda: time.monotonic() > ends, "several attempts", 0.2)
        assert [pair.received(name) for name in NAMES] == [Counter(), Counter()]
    assert all(server.log(name).read_text().count("\n") == LINES for name in NAMES), "the files are what they were"
