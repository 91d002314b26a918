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


def message(output: str, *files: tuple[str, str]) -> str:
    (validated,) = facts.parse_runs(reply("failed", output, *files), (RUN,), MOUNTS)
    return validated.message


def test_paths_are_told_as_they_are_in_the_release() -> None:
    assert message("/etc/gw2-redis/start.sh: 5: Syntax error") == "redis/start.sh: 5: Syntax error"
    assert "/etc/gw2-redis2/x" in message("error in /etc/gw2-redis2/x")


def test_redis_names_no_file_so_the_line_is_looked_up() -> None:
    output = "*** FATAL CONFIG FILE ERROR ***\nReading the configuration file, at line 2\n>>> 'maxmemori 1gb'\nBad directive"
    files = (("redis/other.conf", "a\nb\n"), ("redis/redis.conf", "port 1\nmaxmemori 1gb\n"))
    assert message(output, *files).startswith("redis/redis.conf:2; ")


def test_postgresql_names_no_line_of_a_wrong_value_so_the_parameter_is_looked_up() -> None:
    output = 'LOG:  invalid value for parameter "shared_buffers": "256XB"\nFATAL:  configuration file contains errors'
    files = (("postgres/postgresql.conf", "port = 5432\n# shared_buffers = 1\nshared_buffers = 256XB\n"),)
    assert message(output, *files).startswith("postgres/postgresql.conf:3; ")


def test_a_line_of_a_copy_that_a_start_script_makes_is_told_as_that_of_the_file() -> None:
    output = 'level=error msg="failed" file=/tmp/made/redis.yml err="yaml: line 3: did not find"'
    assert message(output, ("redis/redis.yml", "")).startswith("redis/redis.yml:3; ")


def test_a_message_without_a_known_word_is_told_by_its_last_lines() -> None:
    assert message("one\ntwo\nthree\nfour") == "two; three; four"


@pytest.mark.parametrize(("path", "text", "shown"), [
    ("grafana/dashboards/a.json", '{"a": 1,\n oops', "grafana/dashboards/a.json:2"),
    ("grafana/provisioning/b.yml", "a: 1\nb: [\n", "grafana/provisioning/b.yml:3"),
    ("grafana/provisioning/c.yml", "a: !custom 1\n", ""),
    ("grafana/provisioning/d.yml", "a: 1\n? [b]\n: c\n", "grafana/provisioning/d.yml: line 2: a list as a key"),
    ("grafana/provisioning/e.yml", "a: {b: {{c: d}: e}}\n", "grafana/provisioning/e.yml: line 1: a mapping as a key"),
    ("grafana/provisioning/f.yml", "a: !!python/object/apply:os.system [b]\nc: !!binary x\n", ""),
    ("grafana/provisioning/g.yml", "a: b\x01\n", "grafana/provisioning/g.yml"),
    ("grafana/notes.txt", "{", ""),
])
def test_provisioning_is_read_back_where_no_container_can_be_started(path: str, text: str, shown: str) -> None:
    run = ValidationRun("grafana", "grafana", "read", "grafana/grafana", ("grafana",))
    (validated,) = facts.parse_runs(reply("read", "", (path, text), run=run), (run,), MOUNTS)
    assert validated.message.startswith(shown) and bool(validated.message) == bool(shown)


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


def test_a_server_that_is_too_slow_leaves_the_configuration_unknown_and_a_rollback_goes_on() -> None:
    class Server:
        def run(self, command: object) -> Any:
            raise CommandTimedOut("stopped after 240 s", where="server")

    class Connections:
        server = Server()

    connections: Any = Connections()
    with pytest.raises(FactUnreadable, match="in time"):
        facts.validated_configuration(ENVIRONMENT, tree(), {}).fetch(connections)
