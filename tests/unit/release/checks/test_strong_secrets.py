"""The strength of secrets: what data/secrets.json cannot show."""

from __future__ import annotations

from runbook_lib.core.findings import Verdict
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.release.checks.strong_secrets import secrets
from runbook_lib.release.facts.secret_strength import ServerSecrets
from tests.unit.smallest_environment import smallest


def test_no_value_is_in_a_finding_however_weak_it_is() -> None:
    environment = load_environment("staging")
    held = {name: Secret(name, "hunter2") for name in environment.server_secrets}
    found = secrets(held, ServerSecrets(None, None, ()), environment)
    assert found[0].verdict is Verdict.FAILED
    assert "hunter2" not in str(found)


def test_secrets_that_nothing_has_to_deliver_are_not_applicable() -> None:
    optional = {"SECRET_KEY": {"needed_by": ["web"], "minimum_length": 12, "side": "server", "required": False}}
    for declared in ({}, optional):
        found = secrets({}, ServerSecrets(None, None, ()), smallest(secrets=declared))
        assert [one.verdict for one in found][:2] == [Verdict.NOT_APPLICABLE] * 2
        assert Verdict.WARNING not in {one.verdict for one in found}
