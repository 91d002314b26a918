"""Configs and secrets of a Compose file are files that its services read: they are validated as mounted ones are."""

from __future__ import annotations

from typing import Any

from runbook_lib.release.facts.given_files import services_with_files, texts_of
from runbook_lib.release.facts.repository import ComposeConfig
from runbook_lib.release.facts.validation_runs import TREE, mounted, runs_of


def config(service: dict[str, Any], **kinds: dict[str, dict[str, Any]]) -> ComposeConfig:
    return ComposeConfig(True, "", {"redis": {"image": "redis:7", **service}}, configs=kinds.get("configs", {}),
                         secrets=kinds.get("secrets", {}))


def volumes(compose: ComposeConfig) -> list[tuple[str, str]]:
    return mounted(services_with_files(compose)["redis"])


def test_a_file_of_the_release_is_mounted_where_compose_mounts_it() -> None:
    compose = config({"configs": [{"source": "one"}, {"source": "two", "target": "/etc/redis/two.conf"}],
                      "secrets": [{"source": "three", "target": "/run/secrets/three"}, {"source": "three", "target": "db"}, "three"]},
                     configs={"one": {"file": "redis/one.conf"}, "two": {"file": "redis/two.conf"}},
                     secrets={"three": {"file": "redis/three"}})
    assert volumes(compose) == [("redis/one.conf", "/one"), ("redis/two.conf", "/etc/redis/two.conf"),
                                ("redis/three", "/run/secrets/three"), ("redis/three", "/run/secrets/db"),
                                ("redis/three", "/run/secrets/three")]
    (run,) = runs_of(services_with_files(compose))
    assert f"type=bind,source={TREE}/redis/two.conf,target=/etc/redis/two.conf,readonly" in run.options
    assert run.sources[:2] == ("redis/one.conf", "redis/two.conf")


def test_what_stands_in_the_compose_file_is_written_for_the_run() -> None:
    compose = config({"configs": [{"source": "one", "target": "/etc/redis.conf"}], "secrets": [{"source": "two"}]},
                     configs={"one": {"content": "port 6379 $$host\n"}, "empty": {"content": ""}},
                     secrets={"two": {"environment": "STAGING_X"}})
    assert volumes(compose) == [("content-of-configs/one", "/etc/redis.conf"), ("content-of-secrets/two", "/run/secrets/two")]
    assert texts_of(compose) == {"content-of-configs/one": "port 6379 $host\n", "content-of-configs/empty": "",
                                 "content-of-secrets/two": "placeholder"}


def test_what_is_external_or_not_defined_is_left_to_compose() -> None:
    compose = config({"configs": [{"source": "one"}, {"source": "nothing"}]}, configs={"one": {"external": True}})
    assert volumes(compose) == []
    assert texts_of(compose) == texts_of(None) == {}
    assert services_with_files(None) == {}


def test_the_services_own_volumes_stay() -> None:
    compose = config({"volumes": [{"type": "bind", "source": "redis", "target": "/etc/redis"}], "configs": [{"source": "one"}]},
                     configs={"one": {"file": "redis/one.conf"}})
    assert volumes(compose) == [("redis", "/etc/redis"), ("redis/one.conf", "/one")]
