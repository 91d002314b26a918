"""Before and after a deployment: what the data of deploy_preconditions and release_is_live cannot show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.platform.facts.target import Target
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.release.checks.deploy import deploy_preconditions, release_is_live
from runbook_lib.release.facts.repository import Commit, ReleaseTree
from tests.unit.shop_environment import shop

ENVIRONMENT = load_environment("staging")
COMMIT = "b" * 40


def test_no_value_of_a_secret_is_in_a_finding() -> None:
    secrets = {name: Secret(name, f"value-of-{name}") for name in ENVIRONMENT.server_secrets[:2]}
    server = ServerState((), 1, 1, 0.0, 1, 0.0, {})
    found = deploy_preconditions(ENVIRONMENT, ReleaseTree("v1", None), server, secrets)
    assert "value-of" not in str(found)


def test_after_a_deployment_monitoring_must_be_healthy_and_after_a_rollback_it_may_still_start() -> None:
    release = Release(COMMIT, "v2", "green", "0002", "run", "ada", "", datetime(2026, 11, 22, tzinfo=UTC))
    deployed = Deployed("green", COMMIT, f"GREEN_COMMIT={COMMIT}\n", None, None, frozenset(), (release,))
    containers = tuple(Container(name, name, "i", "d", "running", "healthy", 0, False, 0, None)
                       for name in ENVIRONMENT.running_services("green"))
    starting = tuple(replace(one, health="starting") if one.service == "grafana" else one for one in containers)
    target = Target(COMMIT, "v2", {}, "0002")

    def verdicts(seen: tuple[Container, ...], *, essential_only: bool) -> set[Verdict]:
        found = release_is_live(ENVIRONMENT, deployed, seen, target, essential_only=essential_only)
        return {one.verdict for one in found}

    assert verdicts(containers, essential_only=False) == {Verdict.PASSED}
    assert verdicts(starting, essential_only=False) == {Verdict.PASSED, Verdict.FAILED}
    assert verdicts(starting, essential_only=True) == {Verdict.PASSED}


@pytest.mark.parametrize("environment", [ENVIRONMENT, shop()], ids=["colours", "recreate"])
def test_a_deployment_is_refused_beforehand_where_its_dump_could_not_be_written(environment: Environment) -> None:
    """It would end at its first step, after its plan has been shown as one that works. A first one makes no dump."""
    now = datetime(2026, 11, 28, tzinfo=UTC)
    gone = Backups("/backups/x", "x", now, now, None)
    tree = ReleaseTree("v1", Commit("v1", "tag", COMMIT, "v1", now, "a subject", COMMIT))
    server = ServerState((), 1, 1, 0.0, 1, 0.0, {})

    def found(deployed: Deployed, backups: Backups) -> list[str]:
        return [one.measured for one in deploy_preconditions(environment, tree, server, {}, deployed=deployed, backups=backups)
                if one.check == "the backup folder is writable" and one.verdict is Verdict.FAILED]

    running = Deployed(None, COMMIT, None, None, None, frozenset(), (), by_hand=("web (x, 1)",))
    assert found(running, gone) == ["/backups/x: there is no such folder"]
    assert found(running, replace(gone, writable=False)) == ["/backups/x: read-only"]
    assert found(running, replace(gone, writable=True)) == []
    assert found(replace(running, by_hand=()), gone) == []
