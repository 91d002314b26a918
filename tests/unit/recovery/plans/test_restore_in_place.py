"""A restore without a proxy of ours: whatever writes is stopped while the names are swapped, and started as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.findings import Verdict
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import Environment
from runbook_lib.environment.release import Proxy
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.recovery.facts.backups import Backup
from runbook_lib.recovery.facts.manifests import Manifest, TableContents
from runbook_lib.recovery.facts.restore_databases import Databases, RestoreDatabase
from runbook_lib.recovery.plans.restore import plan_restore
from tests.unit.environment.test_migrations import STEP
from tests.unit.release.plans.test_replace_jobs import with_jobs
from tests.unit.shop_environment import shop

ENVIRONMENT = shop()
WITH_JOB = with_jobs().rollout.environment
TAKEN = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
NAME = "shop_20261127_020000.sql.gz"
MANIFEST = Manifest(NAME, "shop", "0" * 64, 9, 9, 9, TAKEN, TAKEN, 1.0, "15.20", "15.20", "",
                    (TableContents('public."user"', 5, "1:2"),))
BACKUP = Backup(NAME, TAKEN, 9, MANIFEST, "0" * 64)
LIVE = Databases("shop", RestoreDatabase("shop", "shop", 10**7, "", True))
BY_HAND = Deployed(None, "c" * 40, None, None, None, frozenset(), (), by_hand=("web (web:latest, 0123456789ab)",))
TARGET = Target("c" * 40, "v1.0.0", {}, "")


def container(service: str, health: str | None = "healthy", unchecked: str = "") -> Container:
    return Container(f"shop-{service}", service, "web:latest", "sha256:1", "running", health, 0, False, 0, TAKEN,
                     unchecked=unchecked)


BEFORE = (container("web"), container("db"), container("worker", None, unchecked="it has no port"))


def plan(databases: Databases = LIVE, before: tuple[Container, ...] = BEFORE, environment: Environment = ENVIRONMENT) -> Plan:
    return plan_restore(environment, BY_HAND, before, TARGET, BACKUP, databases, pre_restore_backup=None)


def step(key: str) -> Step:
    return next(one for one in plan().steps if one.key == key)


def words(actions: tuple[object, ...]) -> str:
    return " ".join(word for one in actions if isinstance(one, Command) for word in one.argv)


def test_the_backup_is_loaded_while_the_application_runs_and_only_the_swap_is_not() -> None:
    order = [one.key for one in plan().steps]
    assert order.index("restore-compare") < order.index("stop-writers") < order.index("restore-swap")
    assert order.index("restore-swap") < order.index("start-writers") < order.index("restore-commit")
    assert "holds the data of" in plan().achieves
    assert "maintenance-on" not in order


def test_every_writer_is_stopped_and_an_undo_starts_the_same_containers() -> None:
    assert words(step("stop-writers").actions).endswith("shop stop web worker")
    assert "docker start" in words(step("stop-writers").undo)
    assert "120 web worker" in words(step("stop-writers").undo)
    assert words(step("start-writers").undo).endswith("shop stop web worker")


def test_a_watchdog_is_there_before_anything_is_stopped_and_its_note_is_gone_when_the_run_ends() -> None:
    stop = step("stop-writers")
    watchdog = stop.actions[0]
    assert isinstance(watchdog, Command)
    assert watchdog.argv[3:8] == ("/opt/shop", "shop", "", "web,worker", "3")
    assert "psql" in words((watchdog,))
    forget = "rm -f -- /opt/shop/.runbook/stopped-writers"
    assert words(stop.undo).endswith(forget) and words(step("restore-commit").actions).endswith(forget)
    # until the swap is final, an undo may stop them once more
    assert forget not in words(step("start-writers").actions)


def test_what_its_operators_had_stopped_is_not_started_but_the_application_is() -> None:
    def started(before: tuple[Container, ...], key: str) -> str:
        made = next(one for one in plan(before=before).steps if one.key == key)
        return words((made.undo if key == "stop-writers" else made.actions)[:1]).rpartition(" 120 ")[2]

    asleep, crashed, nothing = (
        (BEFORE[0], BEFORE[1], replace(BEFORE[2], state="exited")), (replace(BEFORE[0], state="exited"), *BEFORE[1:]), BEFORE[1:2])
    assert (started(asleep, "stop-writers"), started(asleep, "start-writers")) == ("web", "web")
    assert (started(crashed, "stop-writers"), started(crashed, "start-writers")) == ("worker", "web worker")
    # an earlier run that died has left all of them stopped
    assert (started(nothing, "stop-writers"), started(nothing, "start-writers")) == ("web worker", "web worker")


def test_a_proxy_looks_up_the_new_addresses_also_after_an_undo() -> None:
    behind = ENVIRONMENT.model_copy(update={"proxy": Proxy(service="entrance")})
    made = plan_restore(behind, BY_HAND, BEFORE, TARGET, BACKUP, LIVE, pre_restore_backup=None)
    by_key = {one.key: one for one in made.steps}
    for actions in (by_key["start-writers"].actions, by_key["stop-writers"].undo):
        start, reload, *_ = actions
        assert isinstance(start, Command) and isinstance(reload, Command)
        assert "docker start" in words((start,)) and "nginx_as_started -s reload" in words((reload,))
        assert "entrance" in reload.argv
    assert "nginx" not in words((*step("start-writers").actions, *step("stop-writers").undo))


@pytest.mark.parametrize(("proxy", "starts"), [
    (None, True), (container("entrance", None), False), (replace(container("entrance", None), state="exited"), True),
    (replace(container("entrance", None), state="restarting"), True),
], ids=["gone", "runs", "ended", "ends again and again"])
def test_a_proxy_that_ended_with_the_application_is_started_once_that_runs(proxy: Container | None, starts: bool) -> None:
    """The application ended, and its nginx with it: the restore passed inside, and no user was answered until the gate."""
    entrance = ENVIRONMENT.services["web"].model_copy(update={"title": "The entrance"})
    behind = ENVIRONMENT.model_copy(update={"proxy": Proxy(service="entrance"),
                                            "services": {**ENVIRONMENT.services, "entrance": entrance}})
    before = BEFORE if proxy is None else (*BEFORE, proxy)
    made = plan_restore(behind, BY_HAND, before, TARGET, BACKUP, LIVE, pre_restore_backup=None)
    order = [str(one.key) for one in made.steps]
    assert order[order.index("start-writers"):][1] == ("start-proxy" if starts else "gate-external")
    by_key = {one.key: one for one in made.steps}
    assert not starts or (words(by_key["start-proxy"].actions).endswith("--no-recreate entrance") and not by_key["start-proxy"].undo)


def test_a_proxy_that_would_refuse_its_files_is_found_before_the_application_is_stopped() -> None:
    behind = ENVIRONMENT.model_copy(update={"proxy": Proxy(service="entrance")})
    made = plan_restore(behind, BY_HAND, BEFORE, TARGET, BACKUP, LIVE, pre_restore_backup=None)
    first = made.steps[0]
    assert first.key == "test-proxy" and "nginx -t" in words(first.actions) and first.undone_by == ()
    followed = Proxy(service="entrance", kind="traefik")
    other = plan_restore(ENVIRONMENT.model_copy(update={"proxy": followed}), BY_HAND, BEFORE, TARGET, BACKUP, LIVE, pre_restore_backup=None)
    assert "nginx" not in words(tuple(action for one in other.steps for action in (*one.actions, *one.undo)))


@pytest.mark.parametrize(("endpoint", "stale"), [
    (Endpoint("/status/", 502, {}, 0.1), True), (Endpoint("/status/", None, error="refused"), True), (Endpoint("/status/", 500, {}, 0.1), False),
], ids=["bad gateway", "no reply", "an error of its own"])
def test_a_proxy_of_other_people_that_keeps_an_old_address_is_named_as_the_cause(endpoint: Endpoint, stale: bool) -> None:
    gate = step("gate-external").actions[0]
    assert isinstance(gate, Gate)
    found = gate.judge(BEFORE, (endpoint,))
    assert any("old address" in one.next_step for one in found) is stale
    # where a container itself is not healthy, that is the cause
    assert not any("old address" in one.next_step for one in gate.judge((container("web", "unhealthy"), *BEFORE[1:]), (endpoint,)))


def test_nothing_is_left_to_compose_which_would_make_changed_containers_anew() -> None:
    assert not any(" compose " in words((*one.actions, *one.undo)) for one in plan().steps)


def test_the_plan_says_what_is_left_out_and_why() -> None:
    reasons = {one.title: one.reason for one in plan().skipped}
    assert reasons["Empty the cache"] == "the shop keeps nothing anywhere but in its database"
    assert "when it starts" in reasons["Migrate the schema"]


@pytest.mark.parametrize("environment", [shop(migrations=STEP), WITH_JOB])
def test_where_only_a_deployment_migrates_no_start_is_said_to(environment: Environment) -> None:
    """A step and a job are 20's: an older schema was left to an application that never migrates itself."""
    reasons = {one.title: one.reason for one in plan(environment=environment).skipped}
    assert reasons["Migrate the schema"].startswith("only 20 Deploy migrates")


def test_the_owners_reason_is_shown_where_nothing_migrates() -> None:
    environment = shop(migrations=None, without={**ENVIRONMENT.without, "migrations": "it never changes its schema"})
    assert {one.title: one.reason for one in plan(environment=environment).skipped}["Migrate the schema"] == "it never changes its schema"


def test_a_restore_that_died_in_its_swap_loads_nothing_again() -> None:
    retained = RestoreDatabase("shop_before_20261127_030000", "shop", 9, f"swap in progress, restored from {NAME}", False)
    order = [one.key for one in plan(replace(LIVE, retained=(retained,))).steps]
    assert "restore-load" not in order


def test_what_did_not_run_before_is_not_asked_for_after_it() -> None:
    environment = ENVIRONMENT.model_copy(update={"services": {**ENVIRONMENT.services, "mailer": ENVIRONMENT.services["worker"]}})
    stopped = (*BEFORE, replace(container("mailer"), state="exited"))
    made = plan_restore(environment, BY_HAND, stopped, TARGET, BACKUP, LIVE, pre_restore_backup=None)
    gate = next(one for one in made.steps if one.key == "gate-external").actions[0]
    assert isinstance(gate, Gate)
    assert made.rollback_check is not None
    for one in (gate, made.rollback_check):
        found = one.judge(stopped, (Endpoint("/status/", 200, {}, 0.1),))
        assert all(each.verdict is Verdict.PASSED for each in found)


def test_an_application_that_was_not_healthy_before_need_not_be_so_after_an_undo() -> None:
    """Its data may be what makes it so, and the reason for this restore."""
    sick = (container("web", "unhealthy"), *BEFORE[1:])
    assert plan(before=sick).rollback_check is None
    assert plan().rollback_check is not None


def test_an_operator_is_given_a_command_that_finds_this_project() -> None:
    why = step("stop-writers").why
    assert "cd /opt/shop && docker compose -p shop --project-directory . -f compose.yml -f compose.override.yml start web worker" in why
    assert "opens the database" in why


@pytest.mark.parametrize(("containers", "status", "good"), [
    (BEFORE, 200, True),
    (BEFORE, 503, False),
    ((*BEFORE[:2], container("worker", None)), 200, False),  # nothing says that it may have no health check
    (BEFORE[:2], 200, False),
], ids=["all healthy", "closed", "no health check", "no worker"])
def test_users_and_every_service_have_to_be_healthy_on_the_restored_database(
        containers: tuple[Container, ...], status: int, good: bool) -> None:
    gate = step("gate-external").actions[0]
    assert isinstance(gate, Gate)
    found = gate.judge(containers, (Endpoint("/status/", status, {}, 0.1),))
    assert all(one.verdict is Verdict.PASSED for one in found) is good


@pytest.mark.parametrize(("before", "lacks", "verdict"), [
    ((), "state is open, not new", Verdict.WARNING),
    ((Endpoint("/status/", 200, {}, 0.1),), "state is shut", Verdict.FAILED),
], ids=["a later environment file", "it held before"])
def test_a_text_decides_where_it_held_before_the_restore(before: tuple[Endpoint, ...], lacks: str, verdict: Verdict) -> None:
    made = plan_restore(ENVIRONMENT, BY_HAND, BEFORE, TARGET, BACKUP, LIVE, pre_restore_backup=None, endpoints=before)
    gate, undone = next(one for one in made.steps if one.key == "gate-external").actions[0], made.rollback_check
    assert isinstance(gate, Gate) and undone is not None
    answers = BEFORE, (Endpoint("/status/", 200, {}, 0.1, lacks=(lacks,)),)
    assert next(one.verdict for one in gate.judge(*answers) if "holds" in one.check) is verdict
    assert next(one.verdict for one in undone.judge(*answers) if "holds" in one.check) is Verdict.WARNING
