"""What a release is made of: only what the rest of the file knows, and no colours where containers are replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment
from runbook_lib.environment.release import both_slots, service_of_slot
from tests.unit.environment_doubles import faults_of, overlay
from tests.unit.shop_environment import FILE, shop

WEB = {"web": {"image": "web", "port": 8443}}


def test_an_environment_that_says_nothing_has_two_colours() -> None:
    assert not load_environment("staging").release.replaced


def test_a_replaced_release_has_no_colours_and_every_service_by_its_own_name() -> None:
    environment = shop()
    assert environment.release.replaced
    assert environment.running_services("") == ("web", "db", "worker")
    assert environment.shared_services == ("db",)
    assert environment.slot("") == ("web", "worker")
    assert environment.writers == ("web", "worker")


@pytest.mark.parametrize(("release", "fault"), [
    ({"services": WEB, "writers": ["clock"]}, "release.writers: there is no service 'clock'"),
    ({"services": {"page": {"image": "page", "port": 1}}, "api": "page", "writers": ["web"]}, "release.services: there is no service 'page'"),
    ({"services": WEB, "writers": ["db"]}, "release.writers: db keeps the application's data"),
    ({"writers": ["web"]}, "release.services: is missing; with the strategy recreate"),
    ({"services": WEB}, "release.writers: is missing; with the strategy recreate"),
    ({"services": {"web": {"image": "web:latest", "port": 8443}}, "writers": ["web"]}, "release.services.web.image: should be"),
    ({"services": WEB, "writers": ["web"], "candidates": ["db"]}, "release.candidates: db is not among release.services"),
    ({"services": WEB, "writers": ["web"], "candidates": ["web"], "no_candidate_reason": "x"}, "release.no_candidate_reason: candidates are"),
], ids=str)
def test_a_release_that_the_file_does_not_know_is_refused_by_its_path(release: dict[str, Any], fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        shop(release={"strategy": "recreate", "api": "web", **release})


def test_an_api_that_is_not_stopped_for_a_restore_says_why() -> None:
    """Found in use: only the worker was named, and users went on writing into the database that was swapped out."""
    both = {"strategy": "recreate", "services": WEB, "api": "web", "page": "web"}
    with pytest.raises(EnvironmentInvalid, match=r"release.writers: web \(release.api\) is not among them") as caught:
        shop(release={**both, "writers": ["worker"]})
    assert "release.api_reads_only_reason" in caught.value.what
    reads = shop(release={**both, "writers": ["worker"], "api_reads_only_reason": "the shop is a catalogue"})
    assert reads.writers == ("worker",)
    with pytest.raises(EnvironmentInvalid, match=r"release.api_reads_only_reason: web is among release.writers"):
        shop(release={**both, "writers": ["web", "worker"], "api_reads_only_reason": "the shop is a catalogue"})


def test_a_key_that_no_one_wrote_is_not_at_fault() -> None:
    with pytest.raises(EnvironmentInvalid) as caught:
        shop(release={"strategy": "recreate", "services": WEB, "api": "shop", "writers": ["web"]})
    assert "release.api: shop is not among" in caught.value.what
    assert "release.page" not in caught.value.what


def test_a_service_with_colours_cannot_be_replaced_in_its_place() -> None:
    services = yaml.safe_load(FILE.read_text())["services"]
    services["web"]["coloured"] = True
    with pytest.raises(EnvironmentInvalid, match=r"services.web.coloured: with release.strategy recreate"):
        shop(services=services)


def test_the_images_of_a_release_are_named_by_service_and_commit() -> None:
    release = load_environment("staging").release
    assert release.images_of("c" * 40) == {f"gw2-backend:{'c' * 40}", f"gw2-frontend:{'c' * 40}"}
    assert (release.folder_of("backend"), release.services["backend"].build_args) == ("backend", ("PYTHON_IMAGE",))


def test_one_function_names_a_service_in_a_slot() -> None:
    assert service_of_slot("web", "blue") == "web-blue"
    assert both_slots(("web", "api")) == ("web-blue", "api-blue", "web-green", "api-green")


API = "release: {services: {backend: {folder: api/v2, image: registry.example.com:5000/team/api}}}\n"


def test_an_image_may_come_from_a_registry_with_a_port_and_from_another_folder(tmp_path: Path) -> None:
    release = load_environment(overlay(tmp_path, API)).release
    assert release.image_of("backend", "abc") == "registry.example.com:5000/team/api:abc"
    assert release.folder_of("backend") == "api/v2"


@pytest.mark.parametrize(("text", "fault"), [
    ("release: {strategy: rolling}", "release.strategy: "),
    ("release: {candidates: [backend]}", "release.candidates: with the strategy blue-green a release is always tried"),
    ("release: {services: {api: {image: shop-api, port: 80}}}", "release.services: there is no service 'api'"),
    ("release: {services: {redis: {image: shop-kv, port: 80}}}",
     "release.services.redis: services.redis has no colour; with the strategy blue-green it is coloured: true"),
    ("services: {redis: {coloured: true}}", "release.services: services.redis has a colour, and so belongs to a release: name it here"),
    ("release: {api: web}", "release.api: web is not among release.services (backend, frontend)"),
    ("release: {page: nginx}", "release.page: nginx is not among release.services (backend, frontend)"),
    ("release: {writers: [redis]}", "release.writers: redis is not among release.services (backend, frontend)"),
    ("release: {services: {backend: {build_args: [GO_IMAGE]}}}",
     "release.services.backend.build_args: GO_IMAGE is not among the images"),
    ("release: {services: {frontend: {image: gw2-backend}}}",
     "release.services.frontend.image: gw2-backend is another service's as well"),
    ("release: {services: {frontend: {image: 'shop:latest'}}}", "release.services.frontend.image: "),
    ("proxy: {service: traefik}", "proxy.service: there is no service 'traefik'"),
    ("proxy: {service: backend}", "proxy.service: services.backend belongs to a release, which has one of each colour"),
    ("monitoring: {alerts: pager}", "monitoring.alerts: there is no service 'pager'"),
    ("monitoring: null", "monitoring: give it, or say in without.monitoring why this environment has none"),
    ("without: {monitoring: none}", "without.monitoring: monitoring is given as well; leave one of them out (monitoring: null)"),
])
def test_what_a_release_cannot_be_made_of_is_refused_by_its_path(tmp_path: Path, text: str, fault: str) -> None:
    found = faults_of(overlay(tmp_path, text + "\n"))
    assert any(fault in one for one in found), found


@pytest.mark.parametrize(("proxy", "fault"), [
    ({"service": "gate"}, "proxy.service: there is no service 'gate'"), ({}, "proxy.service: is missing; only with kind"),
    ({"kind": "nginx"}, "proxy.service: is missing; only with kind"),
    ({"service": "web", "kind": "nginx-upstreams"}, "proxy.kind: nginx-upstreams sends users to a colour"),
    ({"service": "web", "kind": "haproxy"}, "proxy.kind: should be"),
], ids=str)
def test_a_proxy_that_does_not_fit_is_refused_by_its_path(proxy: dict[str, Any], fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        shop(proxy=proxy)


@pytest.mark.parametrize("kind", ["nginx", "traefik", "other"])
def test_only_upstreams_of_ours_send_users_to_a_colour(tmp_path: Path, kind: str) -> None:
    assert faults_of(overlay(tmp_path, f"proxy: {{service: nginx, kind: {kind}}}")) == [
        f"proxy.kind: {kind} sends users to no colour; with the strategy blue-green it is nginx-upstreams"]
    assert load_environment(overlay(tmp_path, "proxy: {service: nginx, kind: nginx-upstreams}")).proxy_service == "nginx"


@pytest.mark.parametrize("kind", ["traefik", "other"])
def test_a_proxy_that_follows_itself_may_be_another_projects(kind: str) -> None:
    environment = shop(proxy={"kind": kind})
    assert environment.proxy_service == ""
    assert environment.shared_services == ("db",)
