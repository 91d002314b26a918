"""The deploy transaction as values: facts in, steps out, no server in sight."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.findings import Verdict
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from runbook_lib.platform.checks.live_release import judge_outside
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.smoke_test import UserFlow
from runbook_lib.platform.facts.target import Target, idle_colour
from runbook_lib.platform.plans.release_files import env_file, exemptions_file, secrets_file, upstreams_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.release.facts.configuration import ValidatedConfiguration
from runbook_lib.release.facts.service_changes import ServiceChange
from runbook_lib.release.plans.configuration_steps import sha256_of
from runbook_lib.release.plans.deploy import plan_deploy

ENVIRONMENT = load_environment("staging")

OLD, NEW = "a" * 40, "b" * 40
TREES = {"nginx": "1" * 40, "prometheus": "2" * 40}
BACKUP = Plan("back up", "staging", (Step("backup-dump", "Dump", (Command(("true",)),)),))


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environment("staging")


@pytest.fixture(scope="module")
def secrets(environment: Environment) -> dict[str, Secret]:
    return {name: Secret(name, f"value-of-{name}-0123456789") for name in environment.server_secrets}


def target(commit: str = NEW, version: str = "v3.2.0", schema_now: str | None = "0002") -> Target:
    return Target(commit, version, TREES, "0003", frozenset({"0001", "0002", "0003"}), schema_now)


EMPTY = Deployed(None, "c" * 40, None, None, None, frozenset(), ())


def after(environment: Environment, before: Deployed, wanted: Target, secrets: dict[str, Secret]) -> Deployed:
    """What the server's files read once `wanted` was deployed on top of `before`."""
    colour = idle_colour(before)
    release = Release(wanted.commit, wanted.version, colour, "0003", "run", "ann", "", datetime.now(UTC))
    return Deployed(
        live_colour=colour,
        head=wanted.commit,
        env_text=env_file(Rollout(environment, before, wanted), live=colour),
        upstreams_text=upstreams_file(ENVIRONMENT, colour),
        secrets_sha256=sha256_of(secrets_file(secrets, environment.server_secrets)),
        images=before.images | {f"gw2-backend:{wanted.commit}", f"gw2-frontend:{wanted.commit}"},
        releases=(*before.releases, release),
    )


def healthy(environment: Environment, colour: str) -> tuple[Container, ...]:
    return tuple(
        Container(name, name, "image", "id", "running", "healthy", 0, False, 0, None)
        for name in environment.running_services(colour)
    )


def plan(environment: Environment, deployed: Deployed, secrets: dict[str, Secret], wanted: Target,
         containers: tuple[Container, ...] = ()) -> Plan:
    return plan_deploy(environment, deployed, containers, wanted, secrets=secrets, backup=BACKUP, operator="ann")


def keys(of: Plan) -> list[str]:
    return [step.key for step in of.steps]


def test_the_first_deployment_builds_starts_gates_and_records(environment, secrets) -> None:
    assert keys(plan(environment, EMPTY, secrets, target(schema_now=None))) == [
        "record-pre-image", "fetch", "build-backend", "build-frontend", "deliver-secrets", "check-out", "configure",
        "start-infrastructure", "migrate", "start", "gate-internal", "switch", "gate-external", "watch", "commit-release",
    ]


def test_a_later_deployment_backs_up_first_and_stops_the_old_colour_last(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    steps = keys(plan(environment, deployed, secrets, target()))
    assert steps.index("backup-dump") < steps.index("fetch")
    assert steps[-4:] == ["gate-external", "watch", "commit-release", "stop-old-colour"]


def test_the_plan_names_what_is_live_once_it_is_done(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    assert plan(environment, deployed, secrets, target()).achieves == (
        f"{target().version} is live on {environment.name}; before: v3.1.0")
    assert plan(environment, EMPTY, secrets, target(schema_now=None)).achieves == (
        f"{target().version} is live on {environment.name}")


def test_a_recorded_release_is_never_undone_and_a_rollback_ends_with_external_verification(environment, secrets) -> None:
    made = plan(environment, after(environment, EMPTY, target(OLD, "v3.1.0"), secrets), secrets, target())
    assert made.point_of_no_return == "commit-release"
    assert made.rollback_check is not None
    assert not next(step for step in made.steps if step.key == "stop-old-colour").undo


def test_after_the_files_the_switch_is_undone_first_then_the_services_follow(environment, secrets) -> None:
    made = plan(environment, after(environment, EMPTY, target(OLD, "v3.1.0"), secrets), secrets, target())
    undone = [step for step in reversed(made.steps) if step.undo]
    assert [step.key for step in undone] == ["switch", "start", "migrate", "start-infrastructure", "check-out", "build-frontend",
                                             "build-backend"]
    assert undone[1].undo_best_effort and not undone[0].undo_best_effort
    assert isinstance(undone[0].undo[0], WriteFile) and "reload" in str(undone[0].undo[1])


def test_an_old_colour_that_was_left_running_is_all_that_is_left_to_do(environment, secrets) -> None:
    deployed = after(environment, after(environment, EMPTY, target(OLD, "v3.1.0"), secrets), target(), secrets)
    both = tuple(one for colour in ("blue", "green") for one in healthy(environment, colour))
    assert keys(plan(environment, deployed, secrets, target(schema_now="0003"), both)) == ["stop-old-colour"]
    assert plan(environment, deployed, secrets, target(schema_now="0003"), healthy(environment, "green")).steps == ()


def test_the_new_release_is_migrated_before_it_starts_and_gated_before_traffic(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    steps = keys(plan(environment, deployed, secrets, target()))
    order = [steps.index(key) for key in ("migrate", "start", "gate-internal", "switch", "gate-external")]
    assert order == sorted(order)


@pytest.mark.parametrize("how", ["reload", "restart", "recreate"])
def test_a_data_service_follows_a_release_that_has_passed_its_gate(environment, secrets, how) -> None:
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    validated = ValidatedConfiguration((), changes=(ServiceChange("postgres", "postgres", how),))
    made = plan_deploy(environment, deployed, (), target(), secrets=secrets, backup=BACKUP, operator="ann", configuration=validated)
    order = [step.key for step in made.steps if step.key in ("switch", "gate-external", "change-postgres", "gate-services", "watch")]
    assert order == ["switch", "gate-external", "change-postgres", *["gate-services"] * (how != "reload"), "watch"]


def test_a_session_is_used_after_the_switch_whether_the_schema_changes_or_not(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    for schema in ("0002", "0003"):
        made = {step.key: step for step in plan(environment, deployed, secrets, target(schema_now=schema), healthy(environment, "blue")).steps}
        assert list(made).index("open-session") < list(made).index("switch")
        assert any("session" in str(action) for action in made["gate-external"].actions[1:])


def test_deploying_what_is_live_already_plans_nothing_and_shows_why(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(), secrets)
    again = plan(environment, deployed, secrets, target(schema_now="0003"), healthy(environment, "blue"))
    assert again.steps == ()
    assert again.reason.startswith(f"already at {NEW[:12]} (v3.2.0)")


@pytest.mark.parametrize(
    "change",
    [
        {"head": OLD},
        {"secrets_sha256": "0" * 64},
        {"env_text": "COMPOSE_PROFILES=blue\n"},
        {"upstreams_text": upstreams_file(ENVIRONMENT, "green")},
        {"releases": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_anything_that_differs_from_the_target_is_planned_for(environment, secrets, change) -> None:
    deployed = replace(after(environment, EMPTY, target(), secrets), **change)
    assert plan(environment, deployed, secrets, target(schema_now="0003"), healthy(environment, "blue")).steps


def test_one_unhealthy_container_is_reason_enough_to_deploy_again(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(), secrets)
    for sick in healthy(environment, "blue"):
        others = tuple(one for one in healthy(environment, "blue") if one is not sick and one.service != sick.service)
        containers = (*others, replace(sick, health="unhealthy"))
        assert plan(environment, deployed, secrets, target(schema_now="0003"), containers).steps, sick.service


def test_a_service_that_may_have_no_health_check_is_no_reason_to_deploy_again(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(), secrets)
    unchecked = tuple(replace(one, health=None, unchecked="it has no port") if one.service == "postgres-exporter" else one
                      for one in healthy(environment, "blue"))
    assert unchecked != healthy(environment, "blue")
    assert plan(environment, deployed, secrets, target(schema_now="0003"), unchecked).steps == ()


def test_an_application_without_migrations_is_deployed_without_alembic(environment, secrets) -> None:
    without = environment.model_copy(update={"without": {**environment.without, "migrations": "it keeps one schema"}})
    deployed = after(without, EMPTY, target(OLD, "v3.1.0"), secrets)
    bare = Target(NEW, "v3.2.0", target().configuration, "")
    made = plan(without, deployed, secrets, bare)
    assert "migrate" not in keys(made)
    assert "it keeps one schema" in [one.reason for one in made.skipped]
    found = judge_outside(without, Rollout(without, deployed, bare).expected)((), (), None, UserFlow(()), ())
    assert [one.verdict.value for one in found if one.check == "schema revision"] == ["not applicable"]


def test_what_is_built_is_not_built_twice(environment, secrets) -> None:
    deployed = replace(EMPTY, images=frozenset({f"gw2-backend:{NEW}"}))
    made = plan(environment, deployed, secrets, target())
    assert "build-backend" not in keys(made) and "build-frontend" in keys(made)
    assert "Build the backend image" in [one.title for one in made.skipped]


def test_an_older_release_keeps_a_newer_schema(environment, secrets) -> None:
    older = Target(OLD, "v3.1.0", TREES, "0002", frozenset({"0001", "0002"}), schema_now="0003")
    made = plan(environment, after(environment, EMPTY, target(), secrets), secrets, older)
    assert "migrate" not in keys(made)
    assert any("newer than this release" in one.reason for one in made.skipped)
    assert older.schema_expected == "0003"


def test_secrets_are_in_no_command_and_no_description(environment, secrets) -> None:
    made = plan(environment, EMPTY, secrets, target())
    shown = repr(made) + str(made.describe()) + "".join(str(act) for step in made.steps for act in step.actions)
    for secret in secrets.values():
        assert secret.reveal() not in shown
    written = [act for step in made.steps for act in step.actions if isinstance(act, WriteFile)]
    assert [act.mode for act in written if isinstance(act.content, Secret)] == [0o600]


def test_the_same_facts_give_the_same_hash_and_other_facts_another(environment, secrets) -> None:
    one = plan(environment, EMPTY, secrets, target())
    assert one.hash == plan(environment, EMPTY, secrets, target()).hash
    assert one.hash != plan(environment, EMPTY, secrets, target(OLD)).hash
    changed = secrets | {"STAGING_DB_PASSWORD": Secret("STAGING_DB_PASSWORD", "another-value-0123456789")}
    assert one.hash != plan(environment, EMPTY, changed, target()).hash


def test_the_recheck_notices_another_deployment_in_between(environment, secrets) -> None:
    recheck = plan(environment, EMPTY, secrets, target()).recheck
    assert recheck is not None
    assert [one.verdict for one in recheck.judge(EMPTY)] == [Verdict.PASSED]
    moved = after(environment, EMPTY, target(OLD), secrets)
    assert [one.verdict for one in recheck.judge(moved)] == [Verdict.FAILED]


def test_the_idle_colours_variables_change_and_the_live_ones_stay(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    lines = env_file(Rollout(environment, deployed, target()), live="blue").splitlines()
    assert f"BLUE_COMMIT={OLD}" in lines and f"GREEN_COMMIT={NEW}" in lines
    assert "COMPOSE_PROFILES=blue,grafana" in lines


def test_undoing_the_configuration_restores_the_previous_text(environment, secrets) -> None:
    deployed = after(environment, EMPTY, target(OLD, "v3.1.0"), secrets)
    step = next(one for one in plan(environment, deployed, secrets, target()).steps if one.key == "configure")
    assert isinstance(step.undo_files[0], WriteFile) and step.undo_files[0].content == deployed.env_text


def test_secrets_are_quoted_so_that_compose_takes_every_character() -> None:
    assert secrets_file({"A": Secret("A", "x$y z#")}, ("A",)).reveal() == "A='x$y z#'\n"


def test_exempt_networks_become_lines_of_a_geo_block(environment) -> None:
    assert exemptions_file(environment).splitlines()[1:] == []
    exempt = environment.model_copy(
        update={"rate_limit": environment.rate_limit.model_copy(update={"exempt": ("10.0.0.0/8",)})}
    )
    assert exemptions_file(exempt).splitlines()[1:] == ["10.0.0.0/8 1;"]
