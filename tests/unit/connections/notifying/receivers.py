"""Real receivers on this machine's loopback: an HTTP server that replies as it is given, and SMTP servers, good and bad."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LONG_S = 120.0  # nothing waits for this long: what hangs is let go when its test ends


@dataclass
class Reply:
    """How a request is answered. `hangs`: not before the test's end; `drops`: the connection ends without a reply."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False


SLACK_OK = Reply()
PAGERDUTY_OK = Reply(202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": "x"}))


class WebReceiver:
    """Replies in the order given, the last one again and again; keeps what it was sent."""

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self._replies = list(replies)
        self._over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *words: object) -> None:
                """Nothing."""

            def do_POST(self) -> None:
                receiver._answer(self)

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes are wanted
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{host}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.requests.append((handler.path, dict(handler.headers), json.loads(body)))
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if reply.hangs:
            self._over.wait(LONG_S)
        if reply.hangs or reply.drops:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body.encode())), **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body.encode())

    def close(self) -> None:
        """Listen no more; what hangs is let go."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def web_receiver(*replies: Reply, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[WebReceiver]:
    """A receiver for the time of a test."""
    made = WebReceiver(*replies, tls=tls, host=host)
    try:
        yield made
    finally:
        made.close()


class Mailbox:
    """Handler of a real SMTP server: keeps what it takes; `refused` recipients get 550."""

    def __init__(self, refused: tuple[str, ...] = ()) -> None:
        self.refused = refused
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.data_reply = "250 taken"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str,
                          options: list[str]) -> str:
        """One recipient."""
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """The message."""
        assert isinstance(envelope.content, bytes)
        if self.data_reply.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
            self.envelopes.append(envelope)
        return self.data_reply

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Any password is right but `wrong`."""
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password != b"wrong", handled=False)


@contextmanager
def mail_server(mailbox: Mailbox, tls: ssl.SSLContext | None = None, *, starttls: bool = False,
                host: str = "127.0.0.1") -> Iterator[int]:
    """A real SMTP server; the value is its port. `tls`: from the first byte, or with STARTTLS."""
    loop = asyncio.new_event_loop()

    def session() -> SMTP:
        return SMTP(mailbox, loop=loop, tls_context=tls if starttls else None, authenticator=mailbox.login,
                    auth_require_tls=tls is not None and starttls, enable_SMTPUTF8=False)

    server = loop.run_until_complete(loop.create_server(session, host, 0, ssl=None if starttls else tls))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(LONG_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LONG_S)
        loop.close()


async def _end(server: asyncio.AbstractServer) -> None:
    """Close the server and end what its sessions still do."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def scripted_server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A server that does with each connection what `talk` does; the event is set when the test ends."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection, over)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)  # closing alone would leave it to a thread that waits in accept
        thread.join(LONG_S)
        listener.close()


def smtp_that(**replies: str) -> Callable[[socket.socket, threading.Event], None]:
    """An SMTP server by its replies: to `banner`, each verb in small letters, and `content`. `hang` and `drop` are no
    replies; everything else is answered with 250."""

    def talk(connection: socket.socket, over: threading.Event) -> None:
        lines = connection.makefile("rb")

        def answer(to: str, usual: str) -> bool:
            reply = replies.get(to, usual)
            if reply == "hang":
                over.wait(LONG_S)
            if reply in ("hang", "drop"):
                return False
            connection.sendall(reply.encode() + b"\r\n")
            return True

        going = answer("banner", "220 here")
        while going and (line := lines.readline()):
            verb = line.split()[0].decode("latin-1").lower() if line.split() else ""
            going = answer(verb, "354 go on" if verb == "data" else "250 ok")
            if going and verb == "data":
                while (content := lines.readline()) and content != b".\r\n":
                    pass
                going = answer("content", "250 taken")

    return talk


class Authority:
    """A certificate that vouches for itself, and for 127.0.0.1 alone."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.datetime.now(datetime.UTC)
        made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=1))
                .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
                .sign(key, hashes.SHA256()))
        self.ca_file = str(folder / "authority.pem")
        Path(self.ca_file).write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.ca_file, folder / "key.pem")
