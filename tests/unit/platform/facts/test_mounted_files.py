"""Mounted files that are other ones on the server: what the program names, and a reply in another form."""

from __future__ import annotations

import pytest

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.mounted_files import StaleFile, stale_files
from tests.unit.shop_environment import shop


def stale(output: str) -> tuple[StaleFile, ...]:
    return stale_files(shop(), "web").fetch(ScriptedConnections(commands={"shop web": output}))  # type: ignore[arg-type]


def test_each_file_has_its_place_in_the_container() -> None:
    assert stale("/opt/shop/a b.conf\t/etc/nginx/nginx.conf\n") == (StaleFile("/opt/shop/a b.conf", "/etc/nginx/nginx.conf"),)
    assert stale("") == ()


def test_another_form_is_not_guessed_at() -> None:
    with pytest.raises(FactUnreadable, match="unknown form"):
        stale("warning: something\n")
