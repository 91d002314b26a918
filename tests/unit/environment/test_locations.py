"""Where the environment is: the server, its address, its secrets by name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import Environment, Public, SecretSpec
from runbook_lib.environment.locations import Server
from tests.unit.shop_environment import shop


def test_the_plans_secrets_are_required_by_name(staging: Environment) -> None:
    server_side = {"STAGING_SECRET_KEY", "STAGING_JWT_SECRET", "STAGING_DB_PASSWORD"}
    ci_side = {"STAGING_SSH_KEY", "STAGING_HOST", "STAGING_USER"}
    assert {name for name in server_side if staging.secrets[name].side == "server"} == server_side
    assert {name for name, need in staging.secrets.items() if need.side == "ci"} == ci_side
    assert server_side | {"STAGING_JWT_REFRESH_SECRET", "STAGING_REDIS_PASSWORD"} <= set(staging.server_secrets)
    assert "STAGING_SLACK_WEBHOOK" not in staging.server_secrets


def test_paths_on_the_server_lie_below_its_directory(staging: Environment) -> None:
    assert staging.server.path("nginx", "nginx.conf") == f"{staging.server.directory}/nginx/nginx.conf"
    assert staging.server.address == f"{staging.server.user}@{staging.server.host}:{staging.server.port}"


def test_the_host_of_the_public_address_has_no_port() -> None:
    assert Public(url="https://staging.example.com:8443").host == "staging.example.com"
    assert Public(url="https://staging.example.com").host == "staging.example.com"


@pytest.mark.parametrize("changes", [
    {"side": "cloud"}, {"minimum_length": 0}, {"needed_by": ()}, {"unknown": 1}, {"minimum_length": "8"},
])
def test_a_secret_that_nothing_needs_or_no_side_holds_is_refused(changes: dict[str, Any]) -> None:
    good = {"needed_by": ("backend",), "minimum_length": 8, "side": "server"}
    assert SecretSpec.model_validate(good).required
    with pytest.raises(ValidationError):
        SecretSpec.model_validate(good | changes)


SERVER = {"user": "deploy", "directory": "/opt/app", "key_file": "/k", "known_hosts_file": "/h"}


@pytest.mark.parametrize(("host", "shown"), [
    ("staging.example.com", "deploy@staging.example.com:22"), ("my_lab", "deploy@my_lab:22"), ("::1", "deploy@[::1]:22"),
    ("fe80::1%eth0", "deploy@[fe80::1%eth0]:22"),
])
def test_a_host_is_a_name_of_ssh_or_an_address_of_either_family(host: str, shown: str) -> None:
    assert Server.model_validate({**SERVER, "host": host}).address == shown


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a b", "a;id", "[::1]", "", "$(id)"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError):
        Server.model_validate({**SERVER, "host": host})


def test_the_port_may_be_left_to_the_configuration_of_ssh() -> None:
    assert "port" not in Server.model_validate({**SERVER, "host": "h"}).model_fields_set


@pytest.mark.parametrize(("address", "good"), [("127.0.0.1:443", True), ("[::1]:443", True), ("::1", False), ("h", False)])
def test_the_dialled_address_has_a_port(address: str, good: bool) -> None:
    try:
        Public(url="https://h", connect_to=address)
    except ValidationError:
        assert not good
    else:
        assert good


REASON = "a closed network"


@pytest.mark.parametrize(("url", "host", "port", "origin"), [
    ("http://10.0.0.5:8080", "10.0.0.5", 8080, "http://10.0.0.5"), ("http://localhost", "localhost", 80, "http://localhost"),
    ("http://[::1]:8000", "[::1]", 8000, "http://[::1]"), ("http://[fd00::5]", "[fd00::5]", 80, "http://[fd00::5]"),
])
def test_plain_http_is_a_choice_with_a_reason(url: str, host: str, port: int, origin: str) -> None:
    public = Public(url=url, no_tls_reason=REASON)
    assert (public.host, public.port, public.origin, public.tls) == (host, port, origin, False)
    assert shop(public={"url": url, "no_tls_reason": REASON}).public == public


@pytest.mark.parametrize(("more", "fault"), [
    ({"public": {"url": "http://10.0.0.5:8080"}}, "public.no_tls_reason: is missing"),
    ({"public": {"url": "http://a", "no_tls_reason": REASON, "ca_file": "ca.pem"}}, "public.ca_file: public.url begins with http://"),
    ({"public": {"url": "http://a", "no_tls_reason": REASON}, "tls": {"https_enforced": True}}, "tls.https_enforced: public.url begins with"),
    ({"public": {"url": "https://a", "no_tls_reason": REASON}}, "public.no_tls_reason: public.url begins with https://"),
])
def test_a_choice_that_the_rest_of_the_file_does_not_have_is_refused(more: dict[str, Any], fault: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=fault):
        shop(**more)


def test_https_is_read_by_no_one_on_the_way() -> None:
    public = Public(url="https://[fd00::5]")
    assert (public.host, public.port, public.tls, public.can_be_read) == ("[fd00::5]", 443, True, False)


@pytest.mark.parametrize(("url", "connect_to", "readable"), [
    ("http://10.0.0.5:8080", None, True), ("http://shop.example.com", None, True), ("http://127.0.0.1:8000", None, False),
    ("http://[::1]:8000", None, False), ("http://localhost:8000", None, False), ("http://shop.localhost", None, False),
    ("http://10.0.0.5:8080", "127.0.0.1:8080", False), ("http://localhost", "10.0.0.5:80", True), ("http://a", "[::1]:80", False),
])
def test_what_leaves_this_machine_in_plain_text(url: str, connect_to: str | None, readable: bool) -> None:
    assert Public(url=url, connect_to=connect_to, no_tls_reason=REASON).can_be_read is readable


@pytest.mark.parametrize("url", ["ftp://staging.example.com", "http://", "http://a/path", "http://a:b@c", "http://[::1", "HTTP://a"])
def test_what_is_no_address_of_users(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        Public(url=url, no_tls_reason=REASON)
