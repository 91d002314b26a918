"""A health check of Compose or of a container: in words, and as something that can be asked from outside as well."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.health_checks import HealthCheck, read_check
from runbook_lib.adopting.known import known_tree
from tests.unit.adopting_doubles import PASSWORD, found_project


@pytest.mark.parametrize(("test", "words"), [
    ("curl -f http://localhost:8000/health/ || exit 1", ("/health/ answers", "/health/")),
    (["CMD-SHELL", "curl localhost:8000/up"], ("/up answers", "/up")),
    ("wget -q http://127.0.0.1/ -O /dev/null", ("/ answers", "/")),
    (["CMD", "redis-cli", "-a", "word", "ping"], ("redis-cli inside its container", "")),
    (["CMD", "/bin/true"], ("a program inside its container", "")),
    ("exec 3<>/dev/tcp/127.0.0.1/3000", ("a program inside its container", "")),
    (["NONE"], ("", "")),
    ("", ("", "")),
    (None, ("", "")),
])
def test_a_health_check_in_words(test: Any, words: tuple[str, str]) -> None:
    found = read_check({"test": test})
    assert (found.words, found.path) == words


@pytest.mark.parametrize(("test", "asked"), [
    ("curl -f http://localhost:8000/health/ || exit 1", ("localhost", 8000, "/health/")),
    (["CMD-SHELL", "curl -sSf localhost:8000/up"], ("localhost", 8000, "/up")),
    (["CMD", "curl", "--fail-with-body", "http://localhost:8000/up"], ("localhost", 8000, "/up")),
    ("test $(curl -so /dev/null -w '%{http_code}' http://localhost:8000/up) = 200", ("localhost", 8000, "/up")),
    ("python3 -c \"import urllib.request as u; u.urlopen('http://localhost:8000/up')\"", ("localhost", 8000, "/up")),
    (["CMD", "curl", "-f", "http://localhost:8000/up?full=1"], ("localhost", 8000, "/up?full=1")),
    (["CMD", "wget", "--spider", "http://127.0.0.1:3000"], ("127.0.0.1", 3000, "/")),
    ("wget -q http://0.0.0.0/ -O /dev/null", ("0.0.0.0", 80, "/")),
    (["CMD", "curl", "-f", "http://[::1]:9000/ping"], ("[::1]", 9000, "/ping")),
    (["CMD-SHELL", "node -e \"fetch('http://localhost:3000/api/health').then(r => process.exit(r.ok ? 0 : 1))\""], ("localhost", 3000, "/api/health")),
    ("curl -kf https://localhost/up", ("localhost", 443, "/up")),
])
def test_what_a_check_asks_of_its_own_container(test: Any, asked: tuple[str, int, str]) -> None:
    found = read_check({"test": test})
    assert (found.host, found.port, found.asked) == asked
    assert found.tls is ("https" in str(test))


@pytest.mark.parametrize("test", [
    "curl -f http://localhost:$PORT/up",  # the shell inside knows it
    "curl -f http://localhost:99999/up",
    "curl -f -H 'Authorization: Bearer x' http://localhost:8000/up",
    "curl -u admin:word http://localhost:8000/up",
    "curl -f http://admin:word@localhost:8000/up",
    "curl -X POST http://localhost:8000/up",
    "curl -f http://example.com/up",
    "curl http://localhost:1/a && curl http://localhost:2/b",
    "pg_isready -h localhost", "nc -z localhost 8000", "redis-cli -h localhost:6379 ping",
    ["NONE"], None,
])
def test_what_cannot_be_asked_the_same_way_is_left_out(test: Any) -> None:
    found = read_check({"test": test})
    assert (found.host, found.port, found.asked) == ("", 0, "")


@pytest.mark.parametrize("test", [
    "curl http://localhost:8000/up || exit 1",
    ["CMD", "curl", "-s", "-o", "/dev/null", "http://localhost:8000/status"],  # the path minds nothing
    ["CMD-SHELL", "node -e \"fetch('http://localhost:3000/up')\""],
    "python3 -c \"import requests; requests.get('http://localhost:8000/up')\"",
    "ruby -rnet/http -e \"Net::HTTP.get(URI('http://localhost:3000/up'))\"",
])
def test_a_check_that_any_status_passes_says_of_no_path_that_it_answers_well(test: Any) -> None:
    """Its container is healthy while the path answers 302 or 500; a probe of it failed from the first day."""
    found = read_check({"test": test})
    assert (found.host, found.port, found.asked) == ("", 0, "")
    assert found.path


def test_no_password_of_a_command_is_kept() -> None:
    assert PASSWORD not in repr(read_check({"test": f"curl http://u:{PASSWORD}@localhost:8000/up"}))


def test_a_check_that_is_disabled_is_none() -> None:
    assert read_check({"disable": True, "test": "curl http://localhost/up"}) == read_check({})


@pytest.mark.parametrize("test", ["/bin/true", ["CMD", "true"], ["CMD-SHELL", "exit 0"], ["CMD", "/usr/bin/true"], ["CMD-SHELL", "echo ok"], ":"])
def test_a_check_that_cannot_fail_is_none(test: Any) -> None:
    """The Rails example's `/bin/true`: its web was called healthy whatever it did, and the draft asked for no reason."""
    assert read_check({"test": test}) == HealthCheck("a program inside its container", constant=True)
    draft = known_tree(found_project({"web": {"build": ".", "healthcheck": {"test": test}}}), "shop")
    assert draft["services"]["web"]["no_health_check_reason"].comment.startswith("compose.yml: services.web has no health check that could fail")


@pytest.mark.parametrize("test", ["test -f /tmp/true", ["CMD-SHELL", "curl -f localhost || exit 1"], ["CMD-SHELL", "echo ok | nc localhost 80"]])
def test_a_check_that_may_fail_is_one(test: Any) -> None:
    found = read_check({"test": test})
    assert (bool(found.words), found.constant) == (True, False)
