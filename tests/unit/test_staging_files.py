"""The files in staging/ say what the environment file says, and keep the promises of docs/decisions/."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from runbook_lib.environment import Environment, load_environment

ROOT = Path(__file__).parents[2]
STAGING = ROOT / "staging"
COLOUR = re.compile(r"-(blue|green)$")


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environment(str(ROOT / "parameters" / "environments" / "staging.yaml"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(text("docker-compose.staging.yml")))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(compose["services"])


def text(path: str) -> str:
    return (STAGING / path).read_text(encoding="utf-8")


def variables_in(content: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in content.splitlines() if line.strip() and not line.startswith("#"))
    return {name: value.strip('"') for name, value in pairs}


def plain(service: str) -> str:
    """The plan's name of a Compose service: backend-blue is the backend."""
    return COLOUR.sub("", service)


# ── Compose ──────────────────────────────────────────────────────────────────────────────────────────────────────


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
    for name in ("postgres", "redis", "prometheus", "alertmanager", "grafana"):
        assert services[name]["labels"]["org.gw2.config-hash"] == f"${{{name.upper()}_CONFIG_HASH:-}}"


def test_nginx_is_not_recreated_by_its_configuration_which_a_reload_loads(services: dict[str, Any]) -> None:
    assert "CONFIG_HASH" not in str(services["nginx"])


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
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(STAGING / "docker-compose.staging.yml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# ── variables ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["backend/.env.staging", "frontend/.env.staging"])
def test_the_applications_variable_files_are_the_environments(environment: Environment, path: str) -> None:
    written = variables_in((ROOT / "lab" / "app" / path).read_text(encoding="utf-8"))
    assert written == environment.environment_files[path].variables


def test_the_example_files_name_what_compose_reads(environment: Environment) -> None:
    example = variables_in(text("env.example"))
    assert {name: value for name, value in example.items() if name.endswith("_IMAGE")} == environment.images
    asked = set(re.findall(r"\$\{([A-Z_]+)", text("docker-compose.staging.yml")))
    secrets = {name for name, need in environment.secrets.items() if need.side == "server"}
    assert set(variables_in(text("env.secrets.example"))) == secrets
    assert asked <= set(example) | secrets


# ── nginx ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nginx_has_the_plans_tls_settings_word_for_word(environment: Environment) -> None:
    lines = {line.strip() for line in text("nginx/snippets/tls.conf").splitlines()}
    for name, value in environment.tls.nginx.items():
        assert f"{name} {value};" in lines
    site = text("nginx/sites/staging.conf")
    assert f"ssl_certificate {environment.tls.certificate};" in site
    assert f"ssl_certificate_key {environment.tls.private_key};" in site


def test_nginx_limits_the_rate_for_everyone_but_the_exempt(environment: Environment) -> None:
    limits = text("nginx/snippets/limits.conf")
    rates = re.findall(r"rate=(\d+)r/m", limits)
    assert rates
    assert {int(rate) for rate in rates} == {environment.rate_limit.requests_per_minute}
    site = text("nginx/sites/staging.conf")
    bursts = re.findall(r"limit_req zone=\w+ burst=(\d+) nodelay;", site)
    assert len(bursts) == 3
    assert {int(burst) for burst in bursts} == {environment.rate_limit.burst}
    exempt = re.findall(r"^\s*([0-9./]+)\s+1;", limits.split("geo $private_address")[0], re.M)
    assert exempt == [], "no network is exempt by default"


def test_nginx_redirects_http_and_never_sends_a_post_twice() -> None:
    assert "return 301 https://staging.gw2wvwbuilder.example.com$request_uri;" in text("nginx/sites/staging.conf")
    proxy = text("nginx/snippets/proxy.conf")
    assert re.search(r"^proxy_next_upstream error timeout;", proxy, re.M)


def test_a_location_with_headers_of_its_own_keeps_the_common_ones() -> None:
    """nginx forgets the inherited headers where a location adds one."""
    for body in re.findall(r"location [^{]+\{(.*?)\n    \}", text("nginx/sites/staging.conf"), re.S):
        if "add_header" in body:
            assert "include /etc/nginx/snippets/headers.conf;" in body


# ── data and monitoring ──────────────────────────────────────────────────────────────────────────────────────────


def test_postgres_and_redis_have_the_plans_settings(environment: Environment) -> None:
    postgres = text("postgres/postgresql.conf")
    assert f"max_connections = {environment.tuning.postgres.max_connections}\n" in postgres
    assert f"shared_buffers = {environment.tuning.postgres.shared_buffers}\n" in postgres
    redis = text("redis/redis.conf")
    assert f"maxmemory-policy {environment.tuning.redis.maxmemory_policy}\n" in redis
    assert f"maxmemory {environment.tuning.redis.maxmemory.lower()}\n" in redis
    assert not re.search(r"^requirepass", redis, re.M), "the password stands in no file"


def test_nobody_logs_in_to_the_database_over_the_network_without_a_password() -> None:
    rules = [line.split() for line in text("postgres/pg_hba.conf").splitlines() if line and not line.startswith("#")]
    assert [rule[-1] for rule in rules if rule[0] == "host"] == ["reject", "scram-sha-256", "scram-sha-256", "reject"]


def test_alert_rules_are_the_environments_conditions(environment: Environment) -> None:
    rules = yaml.safe_load(text("prometheus/rules/plan.yml"))["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == list(environment.alerts.conditions)
    for rule in rules:
        planned = environment.alerts.conditions[rule["alert"]]
        assert rule["annotations"]["summary"] == planned.condition
        assert int(rule.get("for", "0m").removesuffix("m")) * 60 == planned.for_s
        if planned.above is not None:
            assert re.search(rf"> {planned.above:g}\s*$", rule["expr"]), rule["expr"]


def test_alerts_reach_the_people_of_the_environment(environment: Environment) -> None:
    receivers = yaml.safe_load(text("alertmanager/alertmanager.yml"))["receivers"]
    addresses = [mail["to"] for receiver in receivers for mail in receiver.get("email_configs", [])]
    assert addresses == list(environment.alerts.channels["email"].to)


def test_optional_channels_take_the_place_of_their_markers() -> None:
    start, config = text("alertmanager/start.sh"), text("alertmanager/alertmanager.yml")
    for channel in ("slack", "pagerduty"):
        assert f"\n    # channel: {channel}\n" in config
        assert f"'    # channel: {channel}')" in start


def test_prometheus_asks_every_exporter_and_the_backend(services: dict[str, Any]) -> None:
    jobs = {job["job_name"]: job for job in yaml.safe_load(text("prometheus/prometheus.yml"))["scrape_configs"]}
    targets = {
        target.split(":")[0]
        for job in jobs.values()
        for group in job.get("static_configs", [])
        for target in group["targets"]
    }
    assert {name for name in services if name.endswith("-exporter")} <= targets
    assert jobs["backend"]["dns_sd_configs"][0]["names"] == ["backend"]
    assert services["backend-blue"]["networks"]["app"]["aliases"] == ["backend"]


def test_the_dashboard_shows_every_metric_that_the_plan_monitors() -> None:
    dashboard = json.loads(text("grafana/dashboards/staging.json"))
    shown = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    for measure in (
        "gw2:request_rate:per_second",
        "gw2:response_time:seconds",
        "gw2:error_rate:percent",
        "node_cpu_seconds_total",
        "node_memory_MemAvailable_bytes",
        "gw2_db_pool_connections",
        "gw2:cache_hits:percent",
        "gw2_active_users",
    ):
        assert measure in shown
    recorded = {rule["record"] for rule in yaml.safe_load(text("prometheus/rules/measures.yml"))["groups"][0]["rules"]}
    assert set(re.findall(r"gw2:[a-z_:]+", shown)) <= recorded


# ── the server ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_logs_rotate_daily_for_thirty_days_compressed(environment: Environment) -> None:
    rules = text("server/logrotate/gw2-wvwbuilder")
    for folder in ("/var/log/gw2/*.log", "/var/log/nginx/*.log"):
        body = rules[rules.index(folder) :].split("\n}")[0]
        for word in ("daily", f"rotate {environment.logging.keep_days}", "compress"):
            assert re.search(rf"^\s+{word}$", body, re.M), f"{folder}: {word}"


def test_a_missed_schedule_is_told_when_the_environment_says(environment: Environment) -> None:
    rules = {rule["alert"]: rule for rule in yaml.safe_load(text("prometheus/rules/schedules.yml"))["groups"][0]["rules"]}
    hours = [int(found) for found in re.findall(r"> (\d+) \* 3600", rules["ScheduledJobMissed"]["expr"])]
    assert hours == [environment.backup.maximum_age_h, environment.configuration_backup.maximum_age_h]


def test_node_exporter_reads_what_scheduled_jobs_say(services: dict[str, Any]) -> None:
    exporter = services["node-exporter"]
    assert "--collector.textfile.directory=/runbook/metrics" in exporter["command"]
    assert "./.runbook:/runbook:ro" in exporter["volumes"]


def test_ssh_takes_keys_only_and_one_user_only(environment: Environment) -> None:
    ssh = text("server/ssh/60-gw2-staging.conf").splitlines()
    for line in ("PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin no"):
        assert line in ssh
    assert f"AllowUsers {environment.server.user}" in ssh


# ── the tools' own opinion ───────────────────────────────────────────────────────────────────────────────────────


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine; tests/lab runs it inside the lab")
    return found


@pytest.mark.parametrize("name", ["plan", "schedules"])
def test_every_alert_fires_when_its_words_say_so(tmp_path: Path, name: str) -> None:
    cases = (Path(__file__).parent / "staging" / f"{name}_rules_test.yml").read_text(encoding="utf-8")
    rules = str(STAGING / f"prometheus/rules/{name}.yml")
    (tmp_path / "rules_test.yml").write_text(cases.replace(f"{name.upper()}_RULES", rules))
    done = subprocess.run(
        [tool("promtool"), "test", "rules", str(tmp_path / "rules_test.yml")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_and_amtool_accept_the_files() -> None:
    rules = sorted(str(path) for path in (STAGING / "prometheus" / "rules").glob("*.yml"))
    for command in (
        [tool("promtool"), "check", "rules", *rules],
        [tool("amtool"), "check-config", str(STAGING / "alertmanager" / "alertmanager.yml")],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_has_nothing_to_say() -> None:
    scripts = [str(path) for path in STAGING.rglob("*.sh")] + [str(STAGING / "server" / "certbot" / "reload-nginx")]
    shellcheck = str(Path(sys.executable).parent / "shellcheck")
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
