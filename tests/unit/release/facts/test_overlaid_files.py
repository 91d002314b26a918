"""Files below volumes, as they are asked; what compares them is tested on a real engine."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import CommandTimedOut
from runbook_lib.release.facts.overlaid_files import OverlaidFiles, overlaid_files
from tests.unit.shop_environment import shop

VOLUME, FOLDER = {"type": "volume", "source": "static", "target": "/srv/static"}, {"type": "bind", "source": "x", "target": "/x"}
NAMES = base64.b64encode(b"b.js\na.css").decode()
LINE = f"web\tshop_static\t/srv/static\t{NAMES}\n"


def asked(services: dict[str, Any], reply: Any) -> tuple[OverlaidFiles, ...]:
    connections = ScriptedConnections(commands={"bash -s -- shop web": reply} if reply is not None else {})
    return overlaid_files(shop(), services, connections)


def test_the_files_of_each_mount_point_are_sorted() -> None:
    assert asked({"web": {"volumes": [FOLDER, VOLUME]}}, LINE) == (OverlaidFiles("web", "shop_static", "/srv/static", ("a.css", "b.js")),)
    assert asked({"web": {"volumes": [VOLUME]}}, "") == ()
    assert asked({"web": {"volumes": [VOLUME]}}, "web\tshop_static\t/srv/static\t\n") == (OverlaidFiles("web", "shop_static", "/srv/static", ()),)


def test_a_volume_of_the_image_alone_is_asked_for_too() -> None:
    """`VOLUME` of a Dockerfile is in no Compose file, and the next container is given the same one."""
    assert asked({"web": {"volumes": [FOLDER]}}, LINE)[0].files == ("a.css", "b.js")
    assert asked({"web": {}}, LINE)[0].volume == "shop_static"


@pytest.mark.parametrize("services", [{}, {"db": {"volumes": [VOLUME]}}])
def test_where_compose_has_no_service_of_the_release_the_engine_is_not_asked(services: dict[str, Any]) -> None:
    assert asked(services, None) == ()


def test_an_engine_that_takes_too_long_is_no_reason_to_end() -> None:
    assert asked({"web": {"volumes": [VOLUME]}}, CommandTimedOut("too long")) == ()
