"""An application is started once, as its owners do it; one that does not come up leaves no server behind."""

from __future__ import annotations

from typing import Any

import pytest

from lab.applications import bring_up
from lab.errors import CommandFailed, LabError
from lab.instance import Instance


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[str]:
    """What is typed on the server, in order."""
    made: list[str] = []
    monkeypatch.setattr("lab.address.state", lambda: tmp_path)
    monkeypatch.setattr(bring_up, "docker", lambda: "docker")
    monkeypatch.setattr("lab.instance.docker", lambda: "docker")
    monkeypatch.setattr("lab.images.ensure_images", lambda *more: made.append(f"images {[one.name for one in more]}"))
    monkeypatch.setattr("lab.images.built_reference", lambda image: f"gw2-lab/{image.name}:h-1")
    monkeypatch.setattr("lab.images.load_into", lambda name, names: made.append(f"load {names}"))
    monkeypatch.setattr(bring_up, "output", lambda words, **_: "gw2-lab/postgres:h-1\n")
    monkeypatch.setattr(bring_up, "up", lambda instance: made.append("up") or "it is up")
    monkeypatch.setattr(bring_up, "down", lambda instance: made.append("down"))
    monkeypatch.setattr(bring_up, "run", lambda words, log, **_: made.append(" ".join(map(str, words[-4:]))))
    return made


def test_a_new_server_has_the_application_with_its_rows(done: list[str]) -> None:
    assert bring_up.up_with_application(Instance("one", "shop")) == "it is up"
    assert done[:3] == ["up", "images ['postgres', 'django']", "load ['django']"]  # the other image is there already
    assert done[-2:] == ["up --detach --build --wait", "web python3 manage.py seed"]


def test_a_server_that_was_there_is_left_as_it_is(done: list[str]) -> None:
    instance = Instance("one", "shop")
    instance.finished.parent.mkdir()
    instance.finished.touch()
    bring_up.up_with_application(instance)
    assert done == ["up"]


def test_the_first_application_is_left_to_the_runbooks(done: list[str]) -> None:
    bring_up.up_with_application(Instance("one"))
    assert done == ["up"]


def test_what_does_not_come_up_is_removed_and_its_last_words_are_shown(
        done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(words: Any, log: Any, **_: Any) -> None:
        if "up" in words:
            raise CommandFailed("exit code 1")

    monkeypatch.setattr(bring_up, "run", fail)
    monkeypatch.setattr(bring_up, "output", lambda words, **_: "shop-web: no such table")
    with pytest.raises(LabError, match=r"shop did not come up on one: exit code 1\nshop-web: no such table"):
        bring_up.up_with_application(Instance("one", "shop"))
    assert done[-1] == "down"
