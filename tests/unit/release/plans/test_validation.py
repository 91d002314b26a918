"""What is validated next to the release's files: the upstreams that the deployment itself will write."""

from __future__ import annotations

import base64
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.release.plans.validation import validate_configuration
from tests.unit.release.facts.test_configuration import tree

ENVIRONMENT = load_environment("staging")


class Server:
    def __init__(self) -> None:
        self.asked: list[Command] = []

    def run(self, command: Command) -> Any:
        self.asked.append(command)
        raise LookupError


LIVE = Deployed("blue", "a" * 40, "OLD=1\n", upstreams_file(ENVIRONMENT, "blue"), None, frozenset(), ())


class Connections:
    def __init__(self) -> None:
        self.server = Server()


def test_nginx_is_tried_with_the_upstreams_that_the_deployment_will_write() -> None:
    connections: Any = Connections()
    try:
        validate_configuration(load_environment("staging"), tree()).fetch(connections)
    except LookupError:
        (command,) = connections.server.asked
    upstreams = base64.b64encode(upstreams_file(ENVIRONMENT, "blue").encode()).decode()
    assert f".runbook/upstreams/active.conf={upstreams}" in command.argv
    assert command.argv[5:7] != (), "checkout and commit come first"


def test_compose_is_asked_about_the_proxy_too_and_nothing_of_the_release() -> None:
    connections: Any = Connections()
    try:
        validate_configuration(ENVIRONMENT, tree(), LIVE).fetch(connections)
    except LookupError:
        (command,) = connections.server.asked
    (given,) = [word.partition("=")[2] for word in command.argv if word.startswith(".runbook/services=")]
    services = base64.b64decode(given).decode().split()
    assert "nginx" in services and "postgres" in services and not [one for one in services if one.startswith(("backend", "frontend"))]
