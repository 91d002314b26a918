"""What a server shows is read from its own files and containers."""

from __future__ import annotations

import pytest

from lab.resilience.server_under_test import ServerUnderTest


class Server(ServerUnderTest):
    """A server whose shell answers by the first of its replies whose key is in the script."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies

    def shell(self, script: str, *, input: str | None = None, timeout_s: float = 120) -> str:
        return next(reply for word, reply in self.replies.items() if word in script)


@pytest.mark.parametrize(("upstream", "colour"), [("server backend-blue:8000;", "blue"),
                                                  ("server backend-green:8000;", "green")])
def test_the_live_colour_is_the_one_nginx_sends_requests_to(upstream: str, colour: str) -> None:
    server = Server(active=upstream, env="BLUE_VERSION=v1\nGREEN_VERSION=v2\n")
    assert server.live_colour() == colour
    assert server.live_version() == {"blue": "v1", "green": "v2"}[colour]


def test_colours_run_while_one_of_their_containers_does() -> None:
    assert Server(docker="gw2-staging-backend-blue-1\ngw2-staging-frontend-blue-1\n").running_colours() == {"blue"}


@pytest.mark.parametrize(("reply", "status"), [('{"status": "ok"}', "ok"), ("", None), ("[]", None), ("<html>", None)])
def test_health_is_empty_when_the_reply_is_not_a_document(reply: str, status: str | None) -> None:
    assert Server(curl=reply).health().get("status") == status


def test_a_service_without_a_frontend_is_not_available() -> None:
    assert not Server(**{"health": '{"status": "ok"}', "http_code": "502"}).is_available()
    assert Server(**{"health": '{"status": "ok"}', "http_code": "200"}).is_available()
    assert not Server(**{"health": '{"status": "degraded"}', "http_code": "200"}).is_available()


def test_partial_files_and_disposable_containers_are_left_behind() -> None:
    rows = "gw2-staging-backend-blue-1 False gw2-staging\ngw2-staging-backend-run-1 True gw2-staging\nschema-copy  \n"
    server = Server(find="/backups/postgres/staging_db.sql.gz.partial\n", docker=rows)
    assert server.leftovers() == ["/backups/postgres/staging_db.sql.gz.partial", "gw2-staging-backend-run-1",
                                  "schema-copy"]
