"""The certificate as presented: what data/certificate.json cannot show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.certificates import Certificate
from runbook_lib.release.checks.tls import LASTS, LEGACY, PLAIN_TEXT, VALID, certificate, passwords_in_plain_text
from tests.unit.shop_environment import shop


def test_without_a_given_time_the_days_are_counted_from_now() -> None:
    environment = load_environment("staging")
    end = datetime.now(UTC) + timedelta(days=environment.certificate_minimum_days - 1)
    soon = Certificate("s", "i", ("s",), end - timedelta(days=90), end, "0", "TLSv1.3", "x", "", {})
    lasting = next(one for one in certificate(soon, environment, live=True) if one.check == "the certificate lasts")
    assert lasting.verdict is Verdict.FAILED


def test_what_does_not_answer_is_named_where_the_environment_names_it() -> None:
    (silent,) = certificate(None, load_environment("staging"), live=True)
    assert silent.next_step == "Check the container of nginx."
    (silent,) = certificate(None, shop(), live=True)
    assert silent.next_step == "Check what answers at the public address."


PLAIN = {"url": "http://10.0.0.5:8080", "no_tls_reason": "a closed network"}
SMOKE = {"service": "web", "leaves": "a user", "steps": [
    {"name": "register", "method": "POST", "path": "/users", "form": {"password": "${password}"}}]}


def test_over_plain_http_nothing_of_a_certificate_is_a_pass_and_the_reason_is_shown() -> None:
    found = certificate(None, shop(public=PLAIN), live=True)
    assert [(one.check, one.verdict, one.measured) for one in found] == [
        (name, Verdict.NOT_APPLICABLE, "a closed network") for name in (VALID, LASTS, LEGACY)]


def test_a_password_that_crosses_a_network_in_plain_text_is_a_warning() -> None:
    with_smoke = {"smoke": SMOKE, "without": {"cache": "none", "monitoring": "none"}}
    far, near = shop(public=PLAIN, **with_smoke), shop(public=PLAIN | {"connect_to": "127.0.0.1:8080"}, **with_smoke)
    warned = certificate(None, far, live=True)[-1]
    assert (warned.check, warned.verdict) == (PLAIN_TEXT, Verdict.WARNING)
    assert "the smoke test's steps send what a user logs in with to 10.0.0.5" in warned.measured
    assert passwords_in_plain_text(near) == passwords_in_plain_text(shop(**with_smoke)) == ()


def test_a_token_is_what_a_password_was_exchanged_for() -> None:
    steps = [{"name": "a token", "method": "POST", "path": "/token", "keep": {"token": "access"}},
             {"name": "read", "path": "/me", "headers": {"Authorization": "Bearer ${token}"}}]
    found = passwords_in_plain_text(shop(public=PLAIN, smoke=SMOKE | {"steps": steps}, without={"cache": "none", "monitoring": "none"}))
    assert [one.check for one in found] == [PLAIN_TEXT]
    assert passwords_in_plain_text(shop(public=PLAIN, smoke=SMOKE | {"steps": [{"name": "read", "path": "/"}]},
                                        without={"cache": "none", "monitoring": "none"})) == ()
