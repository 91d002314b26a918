"""Mail by SMTP: verified TLS before a password, plain text, and nothing foreign in a header but one line."""

from __future__ import annotations

import hashlib
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import Any

from runbook_lib.connections.notifying.attempt import Attempt, causes_of, reason_of_network
from runbook_lib.core.messages import Delivered, Delivery, Message, Route, one_line
from runbook_lib.environment.notifications import MailServer, Notifications

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?")


def send_mail(message: Message, route: Route, settings: Notifications, attempt: Attempt) -> Delivered:
    """The outcome of the message. Some recipients may be refused; the others have it."""
    mail = settings.mail
    assert mail is not None
    client: smtplib.SMTP | None = None
    try:
        client = _connected(mail, settings.ca_file, attempt)
        if mail.user and route.secret:
            client.login(mail.user, route.secret.reveal())
        refused = client.sendmail(mail.sender, list(route.to), compose(message, mail, route).as_bytes())
    except Exception as error:
        return _failed(error, route, attempt)
    finally:
        if client is not None:
            client.close()  # without QUIT: that the message was taken is known, and a server may hang in it
    if refused:
        names = ", ".join(f"{address} ({_reply(*reply)})" for address, reply in refused.items())
        return Delivered(route, Delivery.PARTLY_SENT, f"refused for {names}", "Correct alerts.channels.email.to.")
    return Delivered(route, Delivery.SENT)


def compose(message: Message, mail: MailServer, route: Route) -> EmailMessage:
    """The mail: plain text, with an id that is the same when the same message is sent again."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"] = mail.sender, ", ".join(route.to)
    # what looks like an encoded word would be decoded, line ends in it too. Source: RFC 2047
    made["Subject"] = one_line(message.subject).replace("=?", "= ?")
    made["Date"] = format_datetime(localtime())
    identity = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    made["Message-ID"] = f"<{identity}@{mail.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # no out-of-office reply. Source: RFC 3834
    made.set_content(message.text)
    return made


def _connected(mail: MailServer, ca_file: str | None, attempt: Attempt) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=ca_file)
    # its own name, given: smtplib would ask the name server for it, without a time limit
    name = socket.gethostname()
    name = name if _HOST_NAME.fullmatch(name) else "localhost"
    if mail.tls == "tls":
        return _Direct(mail, name, attempt, context)
    client = _Plain(mail, name, attempt)
    if mail.tls == "starttls":
        try:
            client.starttls(context=context)  # raises where it is not offered: never on without it
        except BaseException:
            client.close()
            raise
    return client


class _Plain(smtplib.SMTP):
    """An SMTP client whose socket the attempt can end, and that notes when the server may have the message."""

    def __init__(self, mail: MailServer, name: str, attempt: Attempt) -> None:
        self._attempt = attempt
        super().__init__(mail.host, mail.port, local_hostname=name, timeout=attempt.left_s)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """The message itself: from here on the server may take it, and then go silent."""
        self._attempt.hand_over()
        return super().data(msg)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = socket.create_connection((host, port), self._attempt.left_s)
        self._attempt.closes(lambda: self._end(made))
        return made

    def _end(self, made: socket.socket) -> None:
        # TLS takes the first socket's connection into one of its own, and leaves it empty
        for one in (made, self.sock):
            with suppress(OSError):
                socket.socket.shutdown(one or made, socket.SHUT_RDWR)


class _Direct(_Plain):
    """The same with TLS from the first byte."""

    def __init__(self, mail: MailServer, name: str, attempt: Attempt, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(mail, name, attempt)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._context.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)


def _failed(error: Exception, route: Route, attempt: Attempt) -> Delivered:
    """The result of an attempt that an error ended: only a reply proves that nothing was taken."""
    advice = f"Check the mail server {route.through}, and `notifications.mail`."
    match error:
        case smtplib.SMTPRecipientsRefused():
            replies = (f"{address} ({_reply(*reply)})" for address, reply in error.recipients.items())
            return Delivered(route, Delivery.NOT_SENT, f"every recipient is refused: {', '.join(replies)}", advice)
        case smtplib.SMTPNotSupportedError():
            what = "STARTTLS or login" if route.secret else "STARTTLS"
            return Delivered(route, Delivery.NOT_SENT, f"the server offers no {what}; nothing is sent", advice)
        case smtplib.SMTPAuthenticationError():
            return Delivered(route, Delivery.NOT_SENT, f"the login is refused ({error.smtp_code})", advice)
        case smtplib.SMTPResponseException():
            reply = _reply(error.smtp_code, error.smtp_error)
            return Delivered(route, Delivery.NOT_SENT, f"the server answers {reply}", advice)
        case UnicodeError():
            return Delivered(route, Delivery.NOT_SENT, "user or password hold what SMTP cannot carry", advice)
    if attempt.handed_over:
        return Delivered(route, Delivery.UNKNOWN, "the server went silent before it had confirmed the message",
                         "See in the mailbox whether it arrived, before it is sent again.")
    # smtplib calls its own time limit a connection that the server has closed
    silent = attempt.over or any(isinstance(one, TimeoutError) for one in causes_of(error))
    if isinstance(error, smtplib.SMTPServerDisconnected) and silent:
        return Delivered(route, Delivery.NOT_SENT, "no answer in time", advice)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Delivered(route, Delivery.NOT_SENT, "the server ended the connection", advice)
    reason, next_step = reason_of_network(error)
    return Delivered(route, Delivery.NOT_SENT, reason, next_step)


def _reply(code: int, text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {shown}".strip()
