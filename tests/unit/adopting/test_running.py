"""What runs on a server becomes the same form as files: by labels, without the project in front of names."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from runbook_lib.adopting.known import known_tree
from runbook_lib.adopting.lines import values_of
from runbook_lib.adopting.running import parse_projects
from runbook_lib.core.errors import FactUnreadable, UsageError

LABEL = "com.docker.compose."
FILES = "/opt/shop/compose.yml,/opt/shop/deploy/live.yml"


def container(service: str, **more: Any) -> dict[str, Any]:
    labels = {f"{LABEL}service": service, f"{LABEL}project.config_files": FILES}
    config = {"Image": f"{service}:1", "Labels": labels, "Env": ["MODE=a=b"], **more.pop("config", {})}
    return {"Config": config, "HostConfig": {"NanoCpus": 500_000_000, "Memory": 268_435_456},
            "NetworkSettings": {"Networks": {"shop_live_default": {}}}, "Mounts": [], **more}


DB = container("db", config={
    "Image": "postgres:16", "ExposedPorts": {"5432/tcp": {}},
    "Env": ["POSTGRES_USER=shopkeeper", "POSTGRES_DB=shop", "POSTGRES_PASSWORD=hunter22"],
    "Healthcheck": {"Test": ["CMD-SHELL", "pg_isready -U shopkeeper"]}},
    Mounts=[{"Type": "volume", "Name": "shop_live_data", "Destination": "/var/lib/postgresql/data"}])
WEB = container("web", config={"ExposedPorts": {"8000/tcp": {}, "53/udp": {}}, "Healthcheck": None},
                HostConfig={"NanoCpus": 0, "Memory": 0, "PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "80"}], "9/tcp": None}})


def printed(*containers: Any, known: str = "shop_live\t/opt/shop\nother\t/opt/other\n") -> str:
    inspected = json.dumps(list(containers)) if containers else ""
    return f"{known}--- networks\nshop_live_default false\nshop_live_inner true\n--- containers\n{inspected}"


@pytest.mark.parametrize(("given", "files"), [
    ("/opt/shop/.env,/opt/shop/deploy/prod.env,/etc/shop.env", (".env", "deploy/prod.env", "/etc/shop.env")), ("/opt/shop/.env", ()), ("", ()),
])
def test_files_of_variables_that_owners_give_are_known_in_their_order(given: str, files: tuple[str, ...]) -> None:
    """The folder's own alone is what Compose reads unasked."""
    started = copy.deepcopy(DB)
    started["Config"]["Labels"] |= {"com.docker.compose.project.environment_file": given} if given else {}
    found = parse_projects(printed(started), "/opt/shop")
    assert found.env_files == files
    assert values_of(known_tree(found, "shop"))["compose"].get("env_files", []) == list(files)


def test_what_runs_is_read_by_labels() -> None:
    project = parse_projects(printed(DB, WEB), "/opt/shop")
    assert (project.name, project.files) == ("shop_live", ("compose.yml", "deploy/live.yml"))
    assert project.networks == {"default": False, "inner": True}
    db, web = project.services["db"], project.services["web"]
    assert (db.cpus, db.memory, db.ports, db.networks) == (0.5, "256MB", (5432,), ("default",))
    assert [(one.source, one.named) for one in db.volumes] == [("data", True)]
    assert (web.cpus, web.memory, web.ports, web.published, web.health) == (None, None, (8000,), ("127.0.0.1:80",), "")


def test_what_a_container_shows_of_its_network_its_start_and_a_proxy_is_read_as_in_a_file() -> None:
    rule = {"traefik.http.routers.shop.rule": "Host(`a.example.com`)"}
    labels = {f"{LABEL}service": "cache", f"{LABEL}project.config_files": FILES, **rule}
    one = container("cache", config={"Labels": labels, "Cmd": ["redis-server", "--requirepass", "x"]},
                    HostConfig={"NetworkMode": "host"}, Mounts=[{"Type": "tmpfs", "Destination": "/tmp"}])
    found, plain = (parse_projects(printed(each), "/opt/shop").services for each in (one, DB))
    cache, db = found["cache"], plain["db"]
    assert (cache.on_host, cache.locked, cache.routing.hosts, cache.volumes) == (True, True, ("a.example.com",), ())
    assert (db.on_host, db.locked, db.routing.kind) == (False, False, "")


def test_a_worker_that_runs_the_image_of_what_listens_has_no_port_of_its_own() -> None:
    exposed: dict[str, Any] = {"Image": "web:1", "ExposedPorts": {"8443/tcp": {}}}
    listens = exposed | {"Healthcheck": {"Test": ["CMD", "curl", "http://127.0.0.1:8443/status/"]}}
    services = parse_projects(printed(container("web", config=listens), container("worker", config=exposed)), "/opt/shop").services
    assert (services["web"].ports, services["worker"].ports) == ((8443,), ())
    scaled = parse_projects(printed(container("web", config=exposed), container("web", config=exposed)), "/opt/shop").services
    assert scaled["web"].ports == (8443,)


def test_services_that_are_built_alike_share_what_their_image_exposes() -> None:
    """Compose names the image of each after its service: the worker had the port of the application, and its probe."""
    exposed = {"ExposedPorts": {"8080/tcp": {}}}
    running = [container(name, config={"Image": f"shop-{name}", **exposed}) for name in ("api", "worker", "admin", "other", "odd")]
    running[0]["HostConfig"]["PortBindings"] = {"8080/tcp": [{"HostPort": "80"}]}
    build = {"context": "/opt/shop", "dockerfile": "Dockerfile"}
    files = {"services": {"api": {"build": build}, "worker": {"build": {**build, "args": {"A": "1"}}}, "odd": None,
                          "admin": {"build": {**build, "target": "admin"}}, "other": {"image": "shop-other"}}}
    found = with_files(*running, filled=files, written=files).services
    assert {name: one.ports for name, one in found.items()} == {
        "admin": (8080,), "api": (8080,), "odd": (8080,), "other": (8080,), "worker": ()}


def test_the_projects_name_is_known_and_no_value_of_a_secret_is() -> None:
    tree = values_of(known_tree(parse_projects(printed(DB, WEB), "/opt/shop"), "shop"))
    assert tree["compose"] == {"project": "shop_live", "files": ["compose.yml", "deploy/live.yml"], "existing": True}
    assert tree["database"] == {"service": "db", "name": "shop", "owner": "shopkeeper"}
    assert "POSTGRES_PASSWORD" in tree["secrets"]
    assert "hunter22" not in str(tree)


@pytest.mark.parametrize(("known", "message", "next_step"), [
    ("other\t/opt/other\n", "No container on the server was made", "/opt/other (other)"),
    ("", "No container on the server was made", "there are none"),
    ("a\t/opt/shop\nb\t/opt/shop\n", "Several projects were started in that folder: a, b", "adopt from the files"),
])
def test_a_folder_without_exactly_one_project_is_refused(known: str, message: str, next_step: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_projects(printed(known=known), "/opt/shop")
    assert next_step in caught.value.next_step


@pytest.mark.parametrize("text", [
    "", "noise", printed().replace("--- networks", ""), printed() + "[", printed() + "[{}]", printed() + "{}", printed()])
def test_a_reply_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(FactUnreadable):
        parse_projects(text, "/opt/shop")


WRITTEN = {"services": {
    "web": {"image": "web", "build": {"context": "/opt/shop"}, "environment": {"TOKEN": "${TOKEN}", "MODE": "a"},
            "depends_on": {"setup": {"condition": "service_completed_successfully"}}},
    "setup": {"image": "web", "restart": "on-failure"}, "db": {"image": "postgres:16"}}}
FILLED = json.loads(json.dumps(WRITTEN).replace("${TOKEN}", "t0ken-of-ours"))


def with_files(*containers: Any, filled: Any = FILLED, written: Any = WRITTEN) -> Any:
    text = f"{printed(*containers)}\n--- files\n{json.dumps(filled)}\n--- as written\n{json.dumps(written)}"
    return parse_projects(text, "/opt/shop")


def test_files_that_lie_on_the_server_say_there_what_they_say_in_a_folder() -> None:
    """From the server no variable was known to be filled in, and each secret was `required: false`."""
    web = container("web", config={"Env": ["PATH=/bin", "GPG_KEY=0123", "TOKEN=t0ken-of-ours", "MODE=a"]})
    setup = container("setup", config={"Image": "web:1"})
    tree = values_of(known_tree(with_files(DB, web, setup), "shop"))
    assert tree["secrets"] == {"TOKEN": {"needed_by": ["web"], "minimum_length": 12, "side": "server"}}
    assert tree["services"]["setup"]["required"] is False and tree["release"]["jobs"] == {"setup": {"image": "web"}}
    # what runs knows its limits and its health check
    assert (tree["services"]["db"]["cpus"], "no_health_check_reason" in tree["services"]["db"]) == (0.5, False)
    assert "t0ken-of-ours" not in str(tree)


def test_configurations_that_files_on_the_server_name_are_known() -> None:
    configs = {"configs": {"app": {"file": "/opt/shop/conf/app.conf"}}}
    assert with_files(DB, WEB, filled=FILLED | configs, written=WRITTEN | configs).configs == ("/opt/shop/conf/app.conf",)


def test_files_that_cannot_be_read_on_the_server_leave_what_runs() -> None:
    assert with_files(DB, WEB, filled="", written="").services == parse_projects(printed(DB, WEB), "/opt/shop").services
    assert parse_projects(printed(DB, WEB) + "\n--- files\nno JSON", "/opt/shop").reads_files is False


def test_the_images_of_a_release_are_none_of_the_projects_files() -> None:
    ours = json.loads(json.dumps(DB))
    ours["Config"]["Labels"][f"{LABEL}project.config_files"] += ",/opt/shop/.runbook/release.override.yml"
    assert parse_projects(printed(ours), "/opt/shop").files == ("compose.yml", "deploy/live.yml")


APP = {"WorkingDir": "/srv", "Entrypoint": ["run"], "ExposedPorts": {"8000/tcp": {}}}


def test_a_worker_of_an_image_of_its_own_listens_nowhere() -> None:
    """Without files nothing says what is built alike: the worker had the port of the application, as an endpoint."""
    web = container("web", config=APP | {"Image": "shop-web", "Cmd": ["serve"]},
                    HostConfig={"PortBindings": {"8000/tcp": [{"HostPort": "80"}]}})
    worker = container("worker", config=APP | {"Image": "shop-worker", "Cmd": ["work"]})
    project = parse_projects(printed(DB, web, worker), "/opt/shop")
    assert [project.services[name].ports for name in ("web", "worker")] == [(8000,), ()]
    release = values_of(known_tree(project, "shop"))["release"]["services"]
    assert release["worker"] == {"image": "shop-worker"}
    # two that run the same command are two applications
    twins = [container(name, config=APP | {"Image": name, "Cmd": ["serve"]}) for name in ("users", "orders")]
    assert {one.ports for one in parse_projects(printed(*twins), "/opt/shop").services.values()} == {(8000,)}


def test_where_no_container_shows_which_one_listens_the_draft_asks_and_says_what_the_image_exposes() -> None:
    pair = [container(name, config=APP | {"Image": f"shop-{name}", "Cmd": [name]}) for name in ("web", "worker")]
    port = known_tree(parse_projects(printed(*pair), "/opt/shop"), "shop")["release"]["services"]["web"]["port"]
    assert port.is_todo and "8000" in port.comment


def test_images_that_no_file_builds_are_compared_too() -> None:
    pair = [container(name, config=APP | {"Image": f"ours/{name}", "Cmd": [name]}) for name in ("web", "worker")]
    files = {"services": {"web": {"image": "ours/web", "expose": ["8000"]}, "worker": {"image": "ours/worker"}}}
    found = with_files(*pair, filled=files, written=files).services
    assert (found["web"].ports, found["worker"].ports, found["worker"].exposed) == ((8000,), (), (8000,))


def test_what_a_service_exposes_itself_and_where_a_proxy_sends_users_are_its_own() -> None:
    """Docker writes `expose: [9000]` of a Compose file without a protocol."""
    label = {"traefik.http.routers.a.rule": "Host(`a.example.com`)", "traefik.http.services.a.loadbalancer.server.port": "8000"}
    labels = {f"{LABEL}service": "web", f"{LABEL}project.config_files": FILES, **label}
    web = container("web", config=APP | {"Cmd": ["serve"], "Labels": labels})
    worker = container("worker", config=APP | {"Cmd": ["work"], "ExposedPorts": {"8000/tcp": {}, "9000": {}}})
    alike = container("other", config=APP | {"Cmd": ["look"], "ExposedPorts": {"8000/tcp": {}, "9000": {}}})
    found = parse_projects(printed(web, worker, alike, container("third", config=APP | {"Cmd": ["x"]})), "/opt/shop").services
    assert {name: one.ports for name, one in found.items()} == {"web": (8000,), "worker": (9000,), "other": (9000,), "third": ()}


def test_what_a_container_waits_for_and_how_it_is_started_again_are_read_without_files() -> None:
    def waiting(service: str, words: str, **more: Any) -> Any:
        labels = {f"{LABEL}service": service, f"{LABEL}project.config_files": FILES, f"{LABEL}depends_on": words}
        return container(service, config={"Labels": labels}, **more)

    web = waiting("web", "db:service_healthy:false,loads:service_completed_successfully:false, gone:service_started")
    loads = waiting("loads", "", State={"Status": "exited"}, HostConfig={"RestartPolicy": {"Name": ""}})
    setup = waiting("app-setup", "odd", HostConfig={"RestartPolicy": {"Name": "always"}})
    found = parse_projects(printed(DB, web, loads, setup), "/opt/shop").services
    assert (found["web"].needs, found["loads"].awaited_by, found["loads"].may_end) == (("db",), ("web",), True)
    assert (found["loads"].runs_once, found["app-setup"].runs_once, found["web"].may_end) == (True, False, False)


def test_what_runs_in_the_network_of_another_one_is_known_by_its_number() -> None:
    web, tunnel = container("web", Id="aa11"), container("tunnel", HostConfig={"NetworkMode": "container:aa11", "PidMode": "container:gone"})
    assert parse_projects(printed(web, tunnel), "/opt/shop").services["tunnel"].shares == ("web",)
