"""The Compose file starts the environment's services, confined and limited as the environment says."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from runbook_lib.environment import Environment
from tests.unit.schema_check import CHECK
from tests.unit.staging.files import STAGING, plain, text


def test_compose_starts_exactly_the_services_of_the_environment(
    environment: Environment, services: dict[str, Any]
) -> None:
    expected = {name for key, service in environment.services.items() for name in service.containers(key)}
    assert set(services) == expected


def test_limits_are_the_environments(environment: Environment, services: dict[str, Any]) -> None:
    units = {"M": 1024**2, "G": 1024**3}
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        memory = int(limits["memory"][:-1]) * units[limits["memory"][-1]]
        planned = environment.services[plain(name)]
        assert (float(limits["cpus"]), memory) == (planned.cpus, planned.memory_bytes), name
        assert limits["pids"] > 0, name


def test_networks_are_the_environments_and_data_is_cut_off(
    environment: Environment, compose: dict[str, Any], services: dict[str, Any]
) -> None:
    for name, service in services.items():
        assert set(service["networks"]) == set(environment.services[plain(name)].networks), name
    internal = {name for name, network in compose["networks"].items() if network.get("internal")}
    assert internal == {name for name, network in environment.networks.items() if network.internal} == {"data"}


def test_every_service_has_a_health_check_a_restart_policy_and_rotated_logs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
        assert service["restart"] == "unless-stopped", name
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name


def test_every_service_is_confined(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name


def test_only_nginx_is_published_the_rest_stays_on_the_loopback(
    environment: Environment, services: dict[str, Any]
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published.pop("nginx") == ["80:80", "443:443"]
    for name, ports in published.items():
        loopback = environment.services[name].loopback_port
        assert ports == [f"127.0.0.1:{loopback}:{environment.services[name].port}"]
    assert set(published) == {"prometheus", "alertmanager", "grafana"}


def test_memory_file_systems_lie_where_every_image_has_a_folder(services: dict[str, dict[str, Any]]) -> None:
    # elsewhere the folder is the runtime's own, and its mode is lost when the engine starts the container again
    places = {mount.split(":")[0] for service in services.values() for mount in service.get("tmpfs", [])}
    assert places <= {"/tmp", "/run", "/var/cache/nginx", "/var/run/postgresql"}
    assert "made=/tmp/" in text("alertmanager/start.sh")


def test_no_secret_has_a_default(environment: Environment) -> None:
    content = text("docker-compose.staging.yml")
    for name, need in environment.secrets.items():
        uses = re.findall(r"\$\{" + name + r"(:?[-?+][^}]*)?\}", content)
        if need.side == "ci":
            assert not uses, f"{name} does not belong on the server"
        elif need.required:
            assert any(use.startswith(":?") for use in uses), f"nothing stops Compose while {name} is missing"
            assert all(use == "" or use.startswith(":?") for use in uses), f"{name} has a default"


def test_images_are_variables_with_the_environments_defaults(
    environment: Environment, services: dict[str, Any]
) -> None:
    for name, service in services.items():
        if plain(name) in ("backend", "frontend"):
            assert service["pull_policy"] == "never", "built here; no registry has it"
            assert service["image"].startswith(f"gw2-{plain(name)}:${{{name.rsplit('-')[1].upper()}_COMMIT")
            continue
        variable, default = re.fullmatch(r"\$\{([A-Z_]+):-(.+)\}", service["image"]).groups()  # type: ignore[union-attr]
        assert environment.images[variable] == default


def test_folders_are_mounted_and_never_single_files(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not source.startswith("./.runbook"):
                assert (STAGING / source).is_dir(), f"{name} mounts {source}"


def test_mounted_configuration_changes_a_label(services: dict[str, Any]) -> None:
    for name in ("prometheus", "alertmanager", "grafana"):
        assert services[name]["labels"]["org.gw2.config-hash"] == f"${{{name.upper()}_CONFIG_HASH:-}}"


def test_what_users_need_is_not_recreated_by_a_configuration_that_a_reload_loads(services: dict[str, Any]) -> None:
    for name in ("nginx", "postgres", "redis"):
        assert "CONFIG_HASH" not in str(services[name])


def test_nginx_is_the_same_to_compose_whichever_colour_is_live_and_however_it_is_started(
    services: dict[str, Any]
) -> None:
    assert "depends_on" not in services["nginx"]
    named = set(re.findall(r"\$\{([A-Z_]+)", str(services["nginx"])))
    assert named == {"NGINX_IMAGE"}, "what else it names in .env may change with a release"


def test_the_two_colours_differ_in_nothing_but_their_name(services: dict[str, Any]) -> None:
    for part in ("backend", "frontend"):
        blue, green = (
            json.dumps(services[f"{part}-{colour}"]).replace(colour, "X").replace(colour.upper(), "X")
            for colour in ("blue", "green")
        )
        assert blue == green


def test_compose_is_valid_by_its_own_schema() -> None:
    done = subprocess.run([*CHECK, "vendor.compose-spec", str(STAGING / "docker-compose.staging.yml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
