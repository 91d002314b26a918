"""Which services are the project's own, what a release of them is, and where nothing is known, a TODO."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.lines import values_of
from runbook_lib.adopting.release import release_tree
from tests.unit.adopting_doubles import found_project

OURS = {"image": "registry.example.com:5000/ours/app:2@sha256:00"}
PUBLISHED = {"ports": [{"target": 80, "published": "80"}]}


def parts(change: dict[str, Any] | None = None, **more: Any) -> Any:
    return values_of(release_tree(found_project(change, **more), "shop"))


def test_an_application_that_runs_once_is_replaced_by_its_next_release() -> None:
    assert parts()["release"] == {
        "strategy": "recreate", "services": {"web": {"image": "shop-web", "port": 8000}}, "api": "web", "writers": ["web"]}


@pytest.mark.parametrize(("worker", "image"), [
    (OURS, "registry.example.com:5000/ours/app"), (OURS | {"image": OURS["image"].partition(":2")[0]}, "registry.example.com:5000/ours/app"),
    ({"build": "."}, "shop-worker"), ({"image": "shop-worker"}, "shop-worker"),
])
def test_a_worker_of_the_releases_code_is_a_service_of_the_release_without_a_port(worker: dict[str, Any], image: str) -> None:
    release = parts({"web": OURS | PUBLISHED, "worker": worker})["release"]
    assert release["services"] == {"web": {"image": "registry.example.com:5000/ours/app", "port": 80}, "worker": {"image": image}}
    assert (release["api"], release["writers"]) == ("web", ["web", "worker"])


def test_images_of_one_publisher_belong_together_and_a_proxy_stands_for_nothing() -> None:
    others = {"worker": {"image": "makers/backend:2"}, "api": {"image": "makers/backend:2"}, "mail": {"image": "others/mail:2"}}
    release = parts({"web": None, "proxy": {"image": "makers/proxy:2"} | PUBLISHED} | others)["release"]
    assert list(release["services"]) == ["api", "proxy", "worker"]
    assert release["api"] == "TODO"


@pytest.mark.parametrize("image", ["getmeili/meilisearch:v1", "gotenberg/gotenberg:8", "confluentinc/cp-kafka:7", "memcached", "dpage/pgadmin4"])
def test_a_well_known_program_is_no_service_of_the_release(image: str) -> None:
    release = parts({"other": {"image": image}})["release"]
    assert (list(release["services"]), release["writers"]) == (["web"], ["web"])


@pytest.mark.parametrize("image", ["mysql:9.6", "mongo:8", "memcached:1.6", "rabbitmq:4", "minio/minio", "mailhog/mailhog", "adminer", "pgbouncer"])
def test_what_holds_the_data_of_others_stands_for_no_release(image: str) -> None:
    """A Compose file of databases alone, for an application that runs elsewhere: its MySQL was the release."""
    found = parts({"web": None, "store": {"image": image} | PUBLISHED})
    assert found["release"] == {"strategy": "recreate", "services": {"example": {"image": "TODO", "port": "TODO"}}, "api": "TODO",
                                "writers": ["TODO"]}
    assert found["logs"] == {}
    # a well-known program may be what users come for
    assert list(parts({"web": None, "store": {"image": image}, "boards": {"image": "grafana/grafana"} | PUBLISHED})["release"]["services"]) == ["boards"]


def test_what_neither_listens_nor_is_of_the_releases_code_is_left_as_it_is() -> None:
    assert list(parts({"web": OURS | PUBLISHED, "mailer": {"image": "others/mailer:3"}})["release"]["services"]) == ["web"]


def test_what_is_built_is_called_as_compose_calls_it() -> None:
    assert parts(name="shop_live")["release"]["services"]["web"]["image"] == "shop_live-web"


@pytest.mark.parametrize(("change", "services", "api"), [
    ({"web": None, "job": {"build": "."}}, {"job": {"image": "shop-job", "port": "TODO"}}, "job"),
    ({"web": {"build": "."} | PUBLISHED, "page": {"image": "p"} | PUBLISHED},
     {"page": {"image": "p", "port": 80}, "web": {"image": "shop-web", "port": 80}}, "TODO"),
    ({"web": None}, {"example": {"image": "TODO", "port": "TODO"}}, "TODO"),
])
def test_what_is_not_clear_is_left_to_an_operator(change: dict[str, Any], services: Any, api: str) -> None:
    release = parts(change)["release"]
    assert (release["services"], release["api"]) == (services, api)


def test_a_name_that_the_model_does_not_take_is_nowhere() -> None:
    assert "-web-ui" not in str(parts({"-web-ui": {"build": "."} | PUBLISHED}))


def test_each_service_of_its_own_has_a_log() -> None:
    assert parts({"cache": {"image": "redis:7"}})["logs"] == {
        "web": {"kind": "application", "format": "text", "service": "web"}}


def test_monitoring_is_named_or_said_to_be_none() -> None:
    assert parts()["without"] == {"monitoring": "none of its services is a Prometheus"}
    metrics = {"metrics": {"image": "prom/prometheus"}}
    assert parts(metrics)["monitoring"] == {"metrics": "metrics"}
    found = parts(metrics | {"alerting": {"image": "prom/alertmanager"}})
    assert found["monitoring"] == {"metrics": "metrics", "alerts": "alerting"}
    assert "without" not in found


@pytest.mark.parametrize(("image", "kind"), [("nginx:1.27", "nginx"), ("traefik:v3", "traefik"), ("caddy:2", "other")])
def test_the_proxy_that_is_published_is_drafted_with_its_kind(image: str, kind: str) -> None:
    assert parts({"entrance": {"image": image} | PUBLISHED})["proxy"] == {"service": "entrance", "kind": kind}


def test_a_proxy_on_the_servers_own_network_publishes_no_port_and_is_one_all_the_same() -> None:
    found = release_tree(found_project({"web": {"build": "."}, "front": {"image": "nginx:1", "network_mode": "host"}}), "shop")["proxy"]
    assert (values_of(found), found["service"].comment) == ({"service": "front", "kind": "nginx"}, "it has the server's network")


def test_no_proxy_is_drafted_where_none_is_published_or_several_are() -> None:
    assert "proxy" not in parts() and "proxy" not in parts({"entrance": {"image": "nginx"}})
    assert "proxy" not in parts({"one": {"image": "nginx"} | PUBLISHED, "two": {"image": "caddy"} | PUBLISHED})


def test_what_runs_once_is_a_job_in_the_order_of_what_waits_and_has_the_releases_image_where_it_runs_its_code() -> None:
    ended = {"condition": "service_completed_successfully"}
    found = parts({"web": OURS | PUBLISHED | {"depends_on": {"migrate": ended}}, "migrate": OURS | {"depends_on": {"bucket": ended}},
                   "bucket": {"image": "minio/mc:latest"}, "seed": {"build": "."}})["release"]
    assert found["jobs"] == {"bucket": {}, "seed": {"image": "shop-seed"}, "migrate": {"image": "registry.example.com:5000/ours/app"}}
    assert list(found["services"]) == found["writers"] == ["web"]


def test_where_only_a_proxy_listens_the_application_stands_behind_it() -> None:
    """Nextcloud's example with nginx-proxy: the proxy alone was what a release replaced, and stood for it."""
    fpm = {"image": "nextcloud:fpm-alpine"}
    release = parts({"web": None, "app": fpm, "cron": fpm, "proxy": {"build": "proxy"} | PUBLISHED,
                     "letsencrypt-companion": {"image": "nginxproxy/acme-companion"}})["release"]
    assert list(release["services"]) == ["app", "cron", "proxy"]
    assert (release["api"], release["writers"]) == ("TODO", ["app", "cron", "proxy"])


def test_a_proxy_is_known_by_a_part_of_its_name() -> None:
    """Zammad's: zammad-nginx stood for the release, and migrates nothing."""
    ours = {"image": "ghcr.io/zammad/zammad:7"}
    release = parts({"web": None, "zammad-nginx": ours | PUBLISHED, "zammad-railsserver": ours})["release"]
    assert (list(release["services"]), release["api"]) == (["zammad-nginx", "zammad-railsserver"], "TODO")


def test_the_port_of_mail_is_not_the_one_that_a_browser_asks() -> None:
    """Zulip's: it takes mail at 25, and 20 asked the application there."""
    ports = {"ports": [{"target": number, "published": str(number)} for number in (25, 80, 443)]}
    assert parts({"web": OURS | ports})["release"]["services"]["web"]["port"] == 80
    only = {"ports": [{"target": 25, "published": "25"}]}
    assert parts({"web": OURS | only})["release"]["services"]["web"]["port"] == 25


@pytest.mark.parametrize("service", [{"image": "flyway/flyway:11-alpine"}, {"image": "migrate/migrate"}, {"image": "ghcr.io/amacneil/dbmate:2"}])
def test_what_an_image_only_migrates_is_a_job_whatever_the_service_is_called(service: dict[str, Any]) -> None:
    assert parts({"schema": service})["release"]["jobs"] == {"schema": {}}
    assert "jobs" not in parts({"schema": service | {"restart": "always"}})["release"]


@pytest.mark.parametrize("key", ["network_mode", "pid", "ipc"])
def test_what_lives_in_the_network_of_a_replaced_service_is_replaced_with_it(key: str) -> None:
    """A tunnel next to the application: 20 refused the draft, for it would have stayed in a network that is gone."""
    tunnel, shaper = {"image": "cloudflare/cloudflared:2", key: "service:web"}, {"image": "others/shaper", key: "service:tunnel"}
    release = parts({"tunnel": tunnel, "shaper": shaper})["release"]
    assert release["services"] == {"web": {"image": "shop-web", "port": 8000}, "tunnel": {"image": "cloudflare/cloudflared"},
                                   "shaper": {"image": "others/shaper"}}
    assert release["api"] == "web"


def test_what_keeps_data_in_a_replaced_network_is_of_no_release() -> None:
    """The file would be refused: a release replaces no data."""
    store = {"image": "redis:7", "network_mode": "service:web"}
    assert list(parts({"store": store, "job": {"image": "a", "network_mode": "service:web", "container_name": "x"}})["release"]["services"]) == ["web", "job"]


@pytest.mark.parametrize(("name", "service"), [
    ("auth-mongodb", {"image": "makers/app-mongodb"}), ("mysql", {"build": "./mysql"}), ("store", {"image": "makers/redis7"})])
def test_data_in_an_image_of_the_projects_own_are_of_no_release(name: str, service: dict[str, Any]) -> None:
    """Piggymetrics' databases were deployed with each release, and stopped as writers."""
    release = parts({name: service})["release"]
    assert (list(release["services"]), release["writers"]) == (["web"], ["web"])


@pytest.mark.parametrize("name", ["redis-worker", "kafka-consumer", "mongoose"])
def test_what_works_with_data_of_a_kind_is_the_projects_own(name: str) -> None:
    assert name in parts({name: {"build": "."}})["release"]["services"]


def test_a_page_that_does_not_know_the_database_stands_for_no_release_where_another_service_does() -> None:
    """awesome-compose's React and Rust: the page alone has a port, and was healthy without the API."""
    page = {"build": "./page"} | PUBLISHED
    api = {"build": "./api", "environment": {"PG_HOST": "db"}}
    release = parts({"web": None, "page": page, "api": api})["release"]
    assert (list(release["services"]), release["api"]) == (["api", "page"], "TODO")
    waits = {"build": "./api", "depends_on": {"db": {"condition": "service_started"}}}
    assert parts({"web": None, "page": page, "api": waits})["release"]["api"] == "TODO"
    assert parts({"web": None, "page": page, "api": {"build": "./api"}})["release"]["api"] == "page"
