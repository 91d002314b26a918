"""What a project says of an environment: known with its source, or a TODO with the reason, and never a guess."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.health_checks import HealthCheck
from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.lines import values_of
from runbook_lib.adopting.project import FoundProject, FoundService
from tests.unit.adopting_doubles import FOLDER, found_project


def known(change: dict[str, Any] | None = None, **more: Any) -> Any:
    return known_tree(found_project(change, **more), "shop")


def test_the_projects_name_is_never_made_from_the_folder() -> None:
    line = known()["compose"]["project"]
    assert line.is_todo
    assert "another, empty database" in line.comment
    given = known(name="shop_prod", name_from="compose.yml: name")["compose"]["project"]
    assert (given.value, given.comment) == ("shop_prod", "from compose.yml: name")


def test_database_owner_and_name_come_from_the_databases_own_variables() -> None:
    assert values_of(known()["database"]) == {"service": "db", "name": "shop", "owner": "shopkeeper"}


def test_a_role_that_the_application_logs_in_as_counts_more_than_the_images() -> None:
    web = {"build": ".", "environment": {"DATABASE_URL": "postgresql+asyncpg://clerk:pa:ss@db:5432/ledger?ssl=no"}}
    database = known({"web": web})["database"]
    assert values_of(database) == {"service": "db", "name": "ledger", "owner": "clerk"}
    assert database["owner"].comment == "it logs in, by DATABASE_URL of web"
    other = {"build": ".", "environment": {"DATABASE_URL": "postgres://clerk@elsewhere/ledger"}}
    assert known({"web": other})["database"]["owner"].value == "shopkeeper"


@pytest.mark.parametrize(("variables", "name", "owner"), [
    ({"POSTGRES_PASSWORD": "x"}, "TODO", "postgres"),
    ({"POSTGRES_PASSWORD": "x", "POSTGRES_DB": "app"}, "app", "postgres"),
    ({"POSTGRES_PASSWORD": "x", "POSTGRES_USER": "me"}, "me", "me"),
    ({"POSTGRES_PASSWORD": "x", "POSTGRES_USER": "me", "POSTGRES_DB_FILE": "/run/secrets/db"}, "TODO", "me"),
    ({"POSTGRES_PASSWORD": "x", "POSTGRES_USER_FILE": "/run/secrets/user"}, "TODO", "TODO"),
    ({}, "TODO", "TODO"),
])
def test_what_a_databases_variables_leave_out(variables: dict[str, str], name: str, owner: str) -> None:
    found = values_of(known({"db": {"image": "postgres:16", "environment": variables}, "web": None})["database"])
    assert found == {"service": "db", "name": name, "owner": owner}


@pytest.mark.parametrize("change", [
    {"db": {"image": "postgres:16", "environment": {"POSTGRES_PASSWORD": "x"}}, "web": None},
    {"web": {"build": ".", "environment": {"DATABASE_URL": "postgresql://clerk:pa@db:5432/postgres"}}},
])
def test_a_database_that_no_restore_can_make_is_left_to_an_operator(change: dict[str, Any]) -> None:
    name = known(change)["database"]["name"]
    assert name.is_todo
    assert "postgres was found" in name.comment
    assert "CREATE DATABASE" in name.comment


@pytest.mark.parametrize(("change", "reason"), [
    ({"old": {"image": "postgres:12"}}, "several run PostgreSQL: db, old"),
])
def test_a_database_that_is_not_clear_is_left_to_an_operator(change: dict[str, Any], reason: str) -> None:
    database = known(change)["database"]
    assert all(line.is_todo for line in database.values())
    assert reason in database["service"].comment


@pytest.mark.parametrize(("change", "named"), [({"db": None}, "no other database: say"), ({"db": {"image": "mysql:8"}}, "of db (MySQL)")])
def test_without_postgresql_the_draft_asks_what_keeps_the_data(change: dict[str, Any], named: str) -> None:
    tree = known(change)
    assert "database" not in tree and "writers" not in tree["release"]
    assert tree["without"]["database"].is_todo and named in tree["without"]["database"].comment


def test_a_folder_that_is_only_read_is_configuration() -> None:
    mounted = {"nginx": {"image": "nginx:1", "volumes": [
        {"type": "bind", "source": f"{FOLDER}/nginx", "target": "/etc/nginx/conf.d", "read_only": True},
        {"type": "bind", "source": f"{FOLDER}/data", "target": "/data"}]}}
    assert known(mounted)["configuration_backup"]["project_paths"].value == ["nginx", "settings.toml"]


def test_a_cache_in_a_profile_that_is_not_active_is_not_reported_as_none() -> None:
    assert known()["cache"]["service"].is_todo
    assert "profile" in known()["cache"]["service"].comment
    running = known({"cache": {"image": "redis:7"}})
    assert running["cache"]["service"].value == "cache"
    none = known({"cache": None})
    assert "cache" not in none
    assert none["without"]["cache"].value == "none of its services is a Redis"


def test_each_service_says_what_compose_says_and_asks_for_what_is_missing() -> None:
    services = known()["services"]
    assert values_of(services["web"]) == {
        "title": "Web", "ports": [8000], "published": True, "cpus": 0.5, "memory": "256MB", "networks": ["default", "inner"],
        "probe": {"path": "/up?full=1", "host": "localhost"}}
    assert "memory" not in services["db"] and services["db"]["technology"].value == "PostgreSQL 16"
    assert services["db"]["ports"].comment == "the usual port of its image"


@pytest.mark.parametrize(("image", "address", "meant"), [
    ("", "80", True), ("", "0.0.0.0:80", True), ("", "[::]:80", True), ("nginx:1", "80", True), ("", "127.0.0.1:80", False),
    ("", "::1:80", False), ("postgres:16", "5432", False), ("redis:7", "6379", False), ("adminer:4", "8080", False),
])
def test_only_what_users_are_meant_to_reach_is_drafted_as_published(image: str, address: str, meant: bool) -> None:
    service = FoundService("one", image=image, built_from="" if image else ".", published=(address,), check=HealthCheck("it answers"))
    project = FoundProject("Compose", {"one": service}, {}, ("compose.yml",))
    assert ("published" in known_tree(project, "shop")["services"]["one"]) is meant


def test_networks_are_drafted_where_one_of_them_has_no_way_out() -> None:
    service = FoundService("one", networks=("default",), check=HealthCheck("it answers"))
    for inside, expected in ((True, ["default"]), (False, None)):
        tree = known_tree(FoundProject("Compose", {"one": service}, {"default": False, "data": inside}, ()), "shop")
        assert values_of(tree["services"]["one"]).get("networks") == expected
        assert ("networks" in tree) is inside


def test_a_service_without_a_health_check_is_asked_why() -> None:
    services = known_tree(FoundProject("Compose", {"one": FoundService("one")}, {}, ()), "shop")["services"]
    assert services["one"]["no_health_check_reason"].is_todo


def test_what_runs_once_and_ends_is_absent_and_no_part_of_a_release() -> None:
    waits = {"build": ".", "depends_on": {"init": {"condition": "service_completed_successfully"}}, "ports": [{"target": 80, "published": "80"}]}
    tree = known_tree(found_project({"web": waits, "init": {"build": "."}}), "shop")
    assert values_of(tree["services"]["init"]) == {"title": "Init", "required": False, "absent_reason": "it runs once and ends"}
    assert "web starts when it has ended" in tree["services"]["init"]["required"].comment
    release = values_of(tree["release"])
    assert (list(release["services"]), release["writers"], list(tree["logs"])) == (["web"], ["web"], ["web"])


@pytest.mark.parametrize(("restart", "named"), [("no", True), ("on-failure:3", True), ("always", False), (None, False)])
def test_what_may_be_a_job_is_asked_for(restart: str | None, named: bool) -> None:
    job = known({"job": {"build": ".", "restart": restart}})["services"]["job"]["no_health_check_reason"]
    assert job.is_todo
    assert ("runs once and ends" in job.comment) is named


def test_an_address_without_a_certificate_is_said_to_be_none() -> None:
    assert "https://" in known()["public"]["url"].comment


def test_an_endpoint_is_known_where_a_published_service_has_a_health_check() -> None:
    assert list(known()["health"]["endpoints"]) == ["/up"]
    (unknown,) = known({"web": {"build": "."}})["health"]["endpoints"].items()
    assert unknown[0] == "/"
    assert "TODO" in str(values_of({"/": unknown[1]}))


def test_reads_of_ours_are_the_health_checks_paths_or_asked_for() -> None:
    tree = known_tree(found_project(), "shop")
    assert (values_of(tree["traffic"]), values_of(tree["rollback"])) == ({"reads": ["/up"]}, {"synthetic_per_s": 1.0})
    assert "web" in tree["traffic"]["reads"].comment
    assert values_of(known_tree(found_project({"web": {"build": "."}}), "shop")["traffic"]) == {"reads": ["TODO"]}


def test_who_migrates_is_asked_for() -> None:
    line = known_tree(found_project(), "shop")["without"]["migrations"]
    assert line.is_todo
    assert "migrations" in line.comment


def test_the_address_of_users_is_left_to_an_operator_who_sees_the_ports_that_are_open() -> None:
    url = known({"mail": {"image": "axllent/mailpit", "ports": [{"target": 8025, "published": "8025"}]}})["public"]["url"]
    assert url.is_todo and "public.no_tls_reason" in url.comment
    assert url.comment.endswith("Published: web: 80.")


def test_what_the_server_alone_reaches_is_named_where_nothing_else_is_open() -> None:
    files = {"web": {"build": ".", "ports": [{"target": 80, "published": "8090", "host_ip": "127.0.0.1"}]}}
    assert known_tree(found_project(files), "shop")["public"]["url"].comment.endswith("Only the server itself reaches web: 127.0.0.1:8090.")


@pytest.mark.parametrize(("change", "absent"), [
    ({"restart": "on-failure"}, True), ({}, True), ({"restart": "always"}, False), ({"restart": "unless-stopped"}, False),
    ({"ports": [{"target": 80, "published": "80"}]}, False), ({"healthcheck": {"test": ["CMD", "true"]}}, False),
])
def test_what_is_called_after_a_beginning_and_is_not_started_again_runs_once(change: dict[str, Any], absent: bool) -> None:
    service = values_of(known({"app-init": {"image": "makers/app:2"} | change})["services"]["app-init"])
    assert (service.get("required"), "absent_reason" in service) == ((False, True) if absent else (None, False))


def test_what_a_service_depends_on_is_what_it_needs_and_a_job_that_ends_is_not() -> None:
    ends = {"image": "app", "restart": "no"}
    web = {"build": ".", "depends_on": {"db": {"condition": "service_healthy"},
                                        "migrate": {"condition": "service_completed_successfully"}}}
    services = known({"web": web, "migrate": ends})["services"]
    assert services["web"]["needs"].value == ["db"]
    assert "depends_on" in services["web"]["needs"].comment
    assert "needs" not in services["db"]


def test_the_database_is_asked_itself() -> None:
    services = known()["services"]
    assert values_of(services["db"]["probe"]) == {"kind": "postgres"}
    assert values_of(services["web"]["probe"]) == {"path": "/up?full=1", "host": "localhost"}
    assert "its health check asks" in services["web"]["probe"]["path"].comment


def test_a_service_on_the_servers_own_network_is_asked_why() -> None:
    services = known({"agent": {"image": "agent", "network_mode": "host"}})["services"]
    assert services["agent"]["host_network_reason"].is_todo
    assert "host_network_reason" not in services["web"]


def test_the_port_that_is_asked_comes_last_and_one_of_udp_is_open_all_the_same() -> None:
    ports = [{"target": 8000, "published": "8080", "protocol": "tcp"}, {"target": 9000, "published": "9000", "protocol": "udp"},
             {"target": 8000, "published": "8080", "protocol": "tcp", "host_ip": "::"}]
    tree = known({"web": {"build": ".", "ports": ports}})
    assert tree["services"]["web"]["ports"].value == [9000, 8000]
    assert "Published: web: 8080, 9000." in tree["public"]["url"].comment
    assert values_of(tree["release"]["services"]["web"])["port"] == 8000


def test_a_log_has_a_name_of_ours_whatever_its_service_is_called() -> None:
    logs = known({"Web.Front": {"build": ".", "ports": [{"target": 80}]}})["logs"]
    assert logs["web.front"]["service"].value == "Web.Front"


def test_what_a_health_check_asks_behind_a_proxy_is_named_where_the_path_for_users_is_not_known() -> None:
    """As nginx in front of an application that publishes nothing: its own check knows the path that is wanted."""
    check = {"test": ["CMD", "curl", "-f", "http://localhost:3000/healthz"]}
    behind = known({"web": {"build": ".", "expose": ["3000"], "healthcheck": check}, "proxy": {"image": "nginx", "ports": ["80:80"]}})
    title = behind["health"]["endpoints"]["/"]["title"]
    assert title.is_todo and "Health checks ask (web: /healthz)" in title.comment
    bare = known({"web": {"build": ".", "expose": ["3000"]}, "proxy": {"image": "nginx", "ports": ["80:80"]}})
    assert "Health checks" not in bare["health"]["endpoints"]["/"]["title"].comment


def test_a_port_that_takes_tcp_and_udp_is_there_once() -> None:
    """HTTP/3 of a proxy: 443 stood there twice."""
    ports = [{"target": 443, "published": "443", "protocol": protocol} for protocol in ("tcp", "udp")]
    services = values_of(known({"web": {"build": ".", "ports": [*ports, {"target": 53, "published": "53", "protocol": "udp"}]}})["services"])
    assert services["web"]["ports"] == [53, 443]


def test_a_database_of_another_image_has_the_usual_port() -> None:
    db = {"build": ".", "environment": {"POSTGRES_PASSWORD": "x"},
          "volumes": [{"type": "volume", "source": "data", "target": "/var/lib/postgresql/data"}]}
    assert values_of(known({"db": db})["services"])["db"]["ports"] == [5432]


def test_what_makes_the_database_and_ends_is_no_second_one() -> None:
    ended = {"condition": "service_completed_successfully"}
    change = {"createdb": {"image": "postgres:16"}, "keys": {"image": "redis:7"}, "cache": {"image": "redis:7"},
              "web": {"build": ".", "depends_on": {"createdb": ended, "keys": ended}}}
    tree = values_of(known(change))
    assert (tree["database"]["service"], tree["cache"]["service"]) == ("db", "cache")
    assert values_of(known({"db": None, "createdb": {"image": "postgres:16"}}))["database"]["service"] == "createdb"


def test_a_role_that_takes_others_owns_no_database() -> None:
    """Statbus's: PostgREST's role, which owns nothing, was drafted as the owner."""
    rest = {"image": "postgrest/postgrest", "environment": {"PGRST_DB_URI": "postgres://authenticator:pa:ss@db:5432/ledger"}}
    database = known({"web": None, "rest": rest})["database"]
    assert database["name"].value == "ledger" and database["owner"].is_todo
