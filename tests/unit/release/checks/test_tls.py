"""The certificate as presented: what data/certificate.json cannot show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runbook_lib.core.findings import Verdict
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.certificates import Certificate
from runbook_lib.release.checks.tls import certificate
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
