"""A finding about volumes only where one lies elsewhere than the release has it."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Finding
from runbook_lib.release.checks.volume_options import volumes_followed
from runbook_lib.release.facts.mounted_volumes import LiveVolume
from runbook_lib.release.facts.repository import ComposeConfig

FOLDER = {"type": "none", "o": "bind", "device": "/srv/pg"}


def judged(options: dict[str, str] | None, place: dict[str, str], name: str = "shop_pg", **more: Any) -> tuple[Finding, ...]:
    config = ComposeConfig(True, "", {}, volumes={"pg": {"name": "shop_pg", "driver_opts": options, **more}})
    return volumes_followed(config, (LiveVolume(name, "local", place),), "shop")


@pytest.mark.parametrize(("options", "place"), [
    (None, {}),
    (FOLDER, {"type": "none", "device": "/srv/pg/"}),
    ({**FOLDER, "device": "data/pg"}, {"type": "none", "device": "/opt/app/data/pg"}),  # of the checkout
    ({"type": "nfs", "o": "addr=10.0.0.2,soft", "device": ":/pg"}, {"type": "nfs", "device": ":/pg", "addr": "10.0.0.2"}),
])
def test_a_volume_in_its_place_is_no_finding(options: dict[str, str] | None, place: dict[str, str]) -> None:
    assert judged(options, place) == ()


def test_what_the_release_does_not_make_is_no_finding() -> None:
    assert judged(None, {"type": "none", "device": "/srv/pg"}, external=True) == ()
    assert judged(FOLDER, {}, "another_pg") == ()  # not there yet, or another project's


def test_words_to_mount_that_may_be_a_password_are_neither_compared_nor_shown() -> None:
    """A survey has placeholders for secrets: they would differ in each release."""
    options = {"type": "cifs", "device": "//files/pg", "o": "username=app,password=placeholder-for-it"}
    found = judged(options, {"type": "cifs", "device": "//old/pg"})
    assert [one.measured for one in found] == ["pg: device is //old/pg on the server, //files/pg in the release"]
    assert judged(options, {"type": "cifs", "device": "//files/pg"}) == ()
