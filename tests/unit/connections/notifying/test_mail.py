"""Mail against real SMTP servers: TLS, refusals, silence, and headers that no foreign text can add to."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from runbook_lib.connections.notifying.mail import compose
from runbook_lib.core.messages import Delivery, Message
from tests.unit.connections.notifying.messages import HURRIED, MESSAGE, email, mail_settings, sent
from tests.unit.connections.notifying.receivers import Authority, Mailbox, mail_server, scripted_server, smtp_that

PASSWORD = "mail-Zq7Wm3xK9pL2"


def test_the_team_gets_one_mail_as_plain_text() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        assert sent(email("devops@example.com", "backend@example.com"), mail_settings(port)).state is Delivery.SENT
    (mail,), (envelope,) = mailbox.mails, mailbox.envelopes
    assert (mail["Subject"], mail["From"], mail["To"]) == (
        MESSAGE.subject, "runbooks@example.com", "devops@example.com, backend@example.com")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == MESSAGE.text.splitlines()
    assert envelope.rcpt_tos == ["devops@example.com", "backend@example.com"]
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("foreign", [
    "Fix\r\nBcc: all@example.com\r\n\r\nbody", "Fix\nBcc: all@example.com", "Fix\rX-Injected: 1",
    "Fix\u2028Bcc: a@example.com", "Fix\x85Bcc: a@example.com", "Fix\x0bBcc: a@example.com", "Fix\x00nul",
    "=?utf-8?q?=0D=0ABcc:_a@example.com?=", "ship it \N{ROCKET} " * 200, "שלום \N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "half a pair \ud83d", "<!channel> *bold* `code` [x](https://x)", "x" * 1_000_000, " ", "",
], ids=range(15))
def test_foreign_text_adds_no_header_and_arrives(foreign: str) -> None:
    mailbox = Mailbox()
    text = "\n".join((foreign[:3000].encode("utf-8", "replace").decode(), ".", "..", "From here", "the end"))
    with mail_server(mailbox) as port:
        result = sent(email(), mail_settings(port), replace(MESSAGE, subject=foreign, text=text))
    assert result.state is Delivery.SENT, result
    (mail,) = mailbox.mails
    assert set(mail.keys()) <= {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
                                "Content-Transfer-Encoding", "MIME-Version", "X-Peer", "X-MailFrom", "X-RcptTo"}
    assert mailbox.envelopes[0].rcpt_tos == ["devops@example.com"]
    assert len(mail["Subject"] or "") <= 220
    assert mail.get_content().splitlines()[-4:] == [".", "..", "From here", "the end"]


def test_the_same_event_has_the_same_id_and_another_run_another() -> None:
    mail = mail_settings(1).mail
    assert mail is not None
    first, again = (compose(MESSAGE, mail, email())["Message-ID"] for _ in range(2))
    other = compose(replace(MESSAGE, key="staging/other"), mail, email())["Message-ID"]
    assert first == again != other


@pytest.mark.parametrize("starttls", [True, False], ids=["starttls", "tls"])
def test_a_password_goes_over_verified_tls_alone(tmp_path: Path, starttls: bool) -> None:
    authority, mailbox = Authority(tmp_path), Mailbox()
    way = "starttls" if starttls else "tls"
    with mail_server(mailbox, authority.context, starttls=starttls) as port:
        known = mail_settings(port, tls=way, ca_file=authority.ca_file)
        stranger = mail_settings(port, tls=way)
        assert sent(email(), stranger).reason.startswith("TLS could not be established: self-signed certificate")
        assert mailbox.mails == []
        assert sent(email(), known).state is Delivery.SENT


def test_a_login_is_made_and_a_wrong_password_is_reported_without_it(tmp_path: Path) -> None:
    authority, mailbox = Authority(tmp_path), Mailbox()
    with mail_server(mailbox, authority.context, starttls=True) as port:
        settings = mail_settings(port, tls="starttls", ca_file=authority.ca_file, user="runbooks",
                                 password="STAGING_SMTP_PASSWORD")
        assert sent(email(password=PASSWORD), settings).state is Delivery.SENT
        refused = sent(email(password="wrong"), settings)
        odd = sent(email(password="pässwörd"), settings)
    assert mailbox.logins[0] == (b"runbooks", PASSWORD.encode())
    assert (refused.state, refused.reason) == (Delivery.NOT_SENT, "the login is refused (535)")
    assert odd.state is Delivery.NOT_SENT
    assert len(mailbox.mails) == 1


def test_a_server_without_starttls_gets_nothing() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        result = sent(email(), mail_settings(port, tls="starttls"))
    assert (result.state, mailbox.mails) == (Delivery.NOT_SENT, [])
    assert "offers no STARTTLS" in result.reason


@pytest.mark.parametrize("answer", ["454 TLS is not available", "220 ready", "drop", "hang"])
def test_a_server_that_offers_starttls_and_fails_it_gets_nothing(answer: str) -> None:
    """220: it goes on in plain text, where the handshake begins."""
    with scripted_server(smtp_that(ehlo="250-here\r\n250 STARTTLS", starttls=answer)) as port:
        began = time.monotonic()
        result = sent(email(), mail_settings(port, tls="starttls", deadline_s=HURRIED if answer[:3] in ("220", "han") else 30))
        assert time.monotonic() - began < 60
    assert result.state is Delivery.NOT_SENT, result
    assert any(words in result.reason for words in ("answers 454", "no answer within", "ended the connection", "certificate", "TLS")), result


def test_recipients_that_are_refused_are_named_and_the_others_have_it() -> None:
    mailbox = Mailbox(refused=("gone@example.com",))
    with mail_server(mailbox) as port:
        some = sent(email("devops@example.com", "gone@example.com"), mail_settings(port))
        none = sent(email("gone@example.com"), mail_settings(port))
    assert (some.state, none.state, len(mailbox.mails)) == (Delivery.PARTLY_SENT, Delivery.NOT_SENT, 1)
    assert "gone@example.com (550 no such mailbox)" in some.reason
    assert "every recipient is refused" in none.reason


@pytest.mark.parametrize(("replies", "state", "reason"), [
    ({"banner": "554 go away"}, Delivery.NOT_SENT, "554 go away"),
    ({"banner": "drop"}, Delivery.NOT_SENT, "ended the connection"),
    ({"banner": "HTTP/1.1 400 Bad Request"}, Delivery.NOT_SENT, "answers"),
    ({"mail": "451 try later"}, Delivery.NOT_SENT, "451 try later"),
    ({"mail": "drop"}, Delivery.NOT_SENT, "ended the connection"),
    ({"data": "554 spam"}, Delivery.NOT_SENT, "554 spam"),
    ({"content": "552 too big"}, Delivery.NOT_SENT, "552 too big"),
    ({"content": "drop"}, Delivery.UNKNOWN, "went silent"),
    ({"content": "250 taken", "quit": "drop"}, Delivery.SENT, ""),
    ({"rcpt": "550 " + "no " * 2000}, Delivery.NOT_SENT, "every recipient is refused"),
], ids=lambda value: "-".join(value) if isinstance(value, dict) else None)
def test_a_server_is_believed_in_what_it_confirms(replies: dict[str, str], state: Delivery, reason: str) -> None:
    with scripted_server(smtp_that(**replies)) as port:
        result = sent(email(), mail_settings(port))
    assert result.state is state, result
    assert reason in result.reason
    assert len(result.reason) < 400


@pytest.mark.parametrize("place", ["banner", "ehlo", "mail", "rcpt", "data", "content"])
def test_a_server_that_hangs_is_given_up_at_the_deadline(place: str) -> None:
    with scripted_server(smtp_that(**{place: "hang"})) as port:
        began = time.monotonic()
        result = sent(email(), mail_settings(port, deadline_s=HURRIED))
        assert time.monotonic() - began < 60
    assert result.state in ((Delivery.UNKNOWN,) if place == "content" else (Delivery.NOT_SENT, Delivery.UNKNOWN))
    assert "no answer" in result.reason or result.state is Delivery.UNKNOWN  # it did not end the connection: it is there


def test_a_server_that_hangs_after_it_took_the_mail_does_not_matter() -> None:
    with scripted_server(smtp_that(quit="hang")) as port:
        assert sent(email(), mail_settings(port)).state is Delivery.SENT


def test_a_reply_without_an_end_is_given_up_and_its_connection_closed() -> None:
    closed = []

    def talk(connection: object, over: object) -> None:
        try:
            while not over.wait(0.01):  # type: ignore[attr-defined]
                connection.sendall(b"220-and on\r\n")  # type: ignore[attr-defined]
        except OSError:
            closed.append(True)

    with scripted_server(talk) as port:
        assert sent(email(), mail_settings(port, deadline_s=HURRIED)).state is Delivery.NOT_SENT
        patience = time.monotonic() + 60
        while not closed and time.monotonic() < patience:
            time.sleep(0.01)
    assert closed


def test_no_server_and_no_such_name_are_named_as_that() -> None:
    with scripted_server(smtp_that()) as port:
        pass
    assert "refused" in sent(email(), mail_settings(port)).reason
    settings = mail_settings(25)
    assert settings.mail is not None
    unknown = settings.model_copy(update={"mail": settings.mail.model_copy(update={"host": "no-such-host.invalid"})})
    assert sent(email(), unknown).reason == "its name cannot be resolved"


def test_a_message_of_a_megabyte_is_no_reason_to_fail() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        big = Message("staging/1", "big", "word " * 200_000, "staging.example.com")
        assert sent(email(), mail_settings(port), big).state is Delivery.SENT
