"""The strength of secrets: what data/secrets.json cannot show."""

from __future__ import annotations

from runbook_lib.contract.requirements import REQUIREMENTS
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


def test_with_recreate_the_preflight_the_doctor_and_the_deployment_agree_that_none_is_needed() -> None:
    environment = smallest(secrets={"DB_PASSWORD": {"needed_by": ["web"], "minimum_length": 12, "side": "server"}})
    here, there, *_ = secrets({}, ServerSecrets(None, None, ()), environment)
    assert (here.verdict, there.verdict) == (Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE)
    assert "own files" in here.measured
    answer = REQUIREMENTS["secrets"].judge(environment)
    assert answer
    assert (answer.met, "own files" in answer.measured) == (True, True)


def test_a_missing_one_is_never_to_be_made_anew_where_a_database_has_it() -> None:
    environment = load_environment("staging")
    first, *others = environment.server_secrets
    missing = secrets({}, ServerSecrets(None, None, ()), environment)[0].next_step
    assert missing.startswith("Give this run the value that is in use")
    assert "in use nowhere" in missing
    held = {first: Secret(first, "short")} | {name: Secret(name, "Zq7-Wm3xK9_pL2vB8nR4Zq7-Wm3xK9_pL2vB8nR4") for name in others}
    weak = secrets(held, ServerSecrets(None, None, ()), environment)[0].next_step
    assert "in use" in weak
    assert not weak.startswith("Give this run")
