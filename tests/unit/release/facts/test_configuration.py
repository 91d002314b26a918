"""What the runs of a release's configuration came to: one entry a service, with file and line where there is a fault."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, FactUnreadable
from runbook_lib.core.questions import CommandResult
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.facts import configuration as facts
from runbook_lib.release.facts.repository import Commit, ComposeConfig, ReleaseTree, Sources
from runbook_lib.release.facts.validation_runs import ValidationRun

ENVIRONMENT = load_environment("staging")
MOUNTS = {"redis": [("redis", "/etc/gw2-redis")], "grafana": [("grafana", "/etc/g")]}
HEAD = "c" * 40
RECORDED = Release(HEAD, "v3", "blue", "0003", "run", "ann", "", datetime(2026, 11, 26, tzinfo=UTC))
RUN = ValidationRun("redis", "redis", "start", "redis:7", ("redis",))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def reply(outcome: str, output: str, *files: tuple[str, str], run: ValidationRun = RUN) -> str:
    lines = [f"run\t{run.service}\t{run.mode}\t{outcome}\t1\t{encoded(output)}"]
    lines += [f"file\t{run.service}\t{encoded(path)}\t{encoded(text)}" for path, text in files]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("start", [None, "passed"])
def test_files_that_no_program_took_are_not_said_to_be_taken(start: str | None) -> None:
    read = ValidationRun("grafana", "grafana", "read", "grafana/grafana", ("grafana",))
    runs = (read,) if start is None else (read, replace(read, mode="start"))
    text = "".join(reply("read" if run.mode == "read" else "passed", "", run=run) for run in runs)
    (validated,) = facts.parse_runs(text, runs, MOUNTS)
    assert (validated.outcome, validated.only_read) == ("passed", start is None)


def test_the_worst_trial_of_a_service_counts() -> None:
    check = replace(RUN, mode="check")
    text = reply("failed", "line 1: bad", run=check) + reply("no-image", "")
    (validated,) = facts.parse_runs(text, (check, RUN), MOUNTS)
    assert validated.outcome == "failed"
    (missing,) = facts.parse_runs(reply("passed", "", run=check) + reply("no-image", ""), (check, RUN), MOUNTS)
    assert missing.outcome == "no-image"
    assert facts.ValidatedConfiguration((missing,)).missing_images == ("redis:7",)


@pytest.mark.parametrize("text", ["", "run\tredis\n", reply("excellent", ""), reply("passed", "") * 2])
def test_a_reply_of_another_form_is_never_a_pass(text: str) -> None:
    with pytest.raises(FactUnreadable):
        facts.parse_runs(text, (RUN,), MOUNTS)


def tree(**trees: str) -> ReleaseTree:
    mount = [{"type": "bind", "source": "redis", "target": "/r"}]
    services: dict[str, dict[str, Any]] = {"redis": {"image": "redis:7", "volumes": mount},
                                           "nginx": {"image": "nginx", "volumes": mount}}
    commit = Commit("v4", "tag", "d" * 40, "v4", datetime(2026, 11, 27, tzinfo=UTC), "s", None)
    return ReleaseTree("v4", commit, trees=trees, sources=Sources({}, ComposeConfig(True, "", services)))


def test_only_what_runs_healthily_with_the_same_files_and_image_is_left_out() -> None:
    env = "\n".join([f"REDIS_CONFIG_HASH={'1' * 40}", f"BLUE_COMMIT={HEAD}",
                     *(f"{name}={image}" for name, image in ENVIRONMENT.images.items())])
    deployed = Deployed("blue", HEAD, env, None, None, frozenset(), (RECORDED,))
    redis = Container("r", "redis", "i", "d", "running", "healthy", 0, False, 0, None)
    nginx = replace(redis, service="nginx")

    def unchanged(**options: Any) -> frozenset[str]:
        known = {"tree": tree(redis="1" * 40), "deployed": deployed, "containers": (redis, nginx), **options}
        return facts.unchanged_services(ENVIRONMENT, **known)

    assert unchanged() == {"redis"}, "nginx reads certificates too"
    assert unchanged(tree=tree(redis="2" * 40)) == frozenset()
    assert unchanged(containers=(replace(redis, health="unhealthy"),)) == frozenset()
    assert unchanged(deployed=replace(deployed, env_text=env.replace("redis:7", "redis:6"))) == frozenset()
    for interrupted in ({"head": "d" * 40}, {"releases": ()}, {"releases": (replace(RECORDED, commit="d" * 40),)}):
        assert unchanged(deployed=replace(deployed, **interrupted)) == frozenset(), "its files may not be in use yet"


def test_a_service_that_is_made_anew_is_validated_although_its_files_are_the_same() -> None:
    asked: list[Command] = []

    class Server:
        def run(self, command: Command) -> CommandResult:
            asked.append(command)
            text = "recreate\tredis\n" if len(asked) == 1 else reply("failed", "FATAL: unknown word")
            return CommandResult(str(command), 0, text, "", 0.1)

    connections: Any = type("Connections", (), {"server": Server()})()
    services = {"redis": {"image": "redis:7", "command": ["redis-server", "--maxmemory", "256XB"],
                          "volumes": [{"type": "bind", "source": "redis", "target": "/r"}]}}
    release = replace(tree(redis="1" * 40), sources=Sources({}, ComposeConfig(True, "", services)))
    own = {facts.RELEASE_ENV: "A=b\n"}
    validated = facts.validated_configuration(ENVIRONMENT, release, own, {"redis"}).fetch(connections)
    assert [one.outcome for one in validated.services] == ["failed"]
    assert facts.RELEASE_ENV in str(asked[0].argv) and facts.RELEASE_ENV not in str(asked[1].argv)


@pytest.mark.parametrize(("own", "changes"), [({facts.RELEASE_ENV: "A=b\n"}, ()), ({".runbook/x": "y"}, None)], ids=["asked", "not asked"])
def test_what_compose_was_not_asked_is_not_known_to_be_unchanged(own: dict[str, str], changes: object) -> None:
    class Server:
        def run(self, command: object) -> CommandResult:
            return CommandResult("", 0, "", "", 0.1)

    connections: Any = type("Connections", (), {"server": Server()})()
    assert facts.validated_configuration(ENVIRONMENT, tree(), own, {"redis", "nginx"}).fetch(connections).changes == changes


@pytest.mark.parametrize("compose", [None, ComposeConfig(False, "line 3: mapping values are not allowed")], ids=["absent", "not valid"])
def test_a_compose_file_that_compose_refuses_is_not_asked_about(compose: ComposeConfig | None) -> None:
    """Its error is a finding that refuses the release; a dry run of it would only say that nothing is known."""
    release = replace(tree(), sources=Sources({}, compose))
    validated = facts.validated_configuration(ENVIRONMENT, release, {facts.RELEASE_ENV: "A=b\n"}).fetch(None)  # type: ignore[arg-type]
    assert validated.services == () and validated.changes is None


def test_settings_are_compared_whether_compose_was_asked_or_not() -> None:
    class Server:
        def run(self, command: object) -> CommandResult:
            return CommandResult("", 0, "reload\tredis\tappendonly\tbm8=\teWVz\n", "", 0.1)

    connections: Any = type("Connections", (), {"server": Server()})()
    found = facts.validated_configuration(ENVIRONMENT, tree(), {".runbook/x": "y"}, {"redis", "nginx"}).fetch(connections)
    assert (found.changes, [one.values for one in found.compared]) == (None, [(("appendonly", "no", "yes"),)])


def test_a_server_that_is_too_slow_leaves_the_configuration_unknown_and_a_rollback_goes_on() -> None:
    class Server:
        def run(self, command: object) -> Any:
            raise CommandTimedOut("stopped after 240 s", where="server")

    class Connections:
        server = Server()

    connections: Any = Connections()
    with pytest.raises(FactUnreadable, match="in time"):
        facts.validated_configuration(ENVIRONMENT, tree(), {}).fetch(connections)
