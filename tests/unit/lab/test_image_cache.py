"""The cache of unpacked images has the name of its contents, and is filled once."""

from __future__ import annotations

import pytest

from lab import image_cache


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_cache, "docker", lambda: "docker")
    monkeypatch.setattr("lab.image_cache.images.built_reference", lambda image: f"{image.name}:1")
    monkeypatch.setattr("lab.image_cache.layers.fingerprint", lambda: "one")


def test_other_images_or_dependencies_are_another_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    before = image_cache.cache_name()
    assert image_cache.cache_name() == before
    monkeypatch.setattr("lab.image_cache.layers.fingerprint", lambda: "two")
    other = image_cache.cache_name()
    monkeypatch.setattr("lab.image_cache.images.built_reference", lambda image: f"{image.name}:2")
    assert len({before, other, image_cache.cache_name()}) == 3


def test_a_complete_cache_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_cache, "output", lambda argv: f"old\n{image_cache.cache_name()}\n")
    monkeypatch.setattr("lab.image_cache.volumes.is_complete", lambda name: True)
    monkeypatch.setattr(image_cache, "remove", lambda name: pytest.fail(f"{name} was removed"))
    image_cache.ensure_image_cache()


def test_only_images_and_caches_that_are_not_in_use_are_counted_as_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"volume": "cache-1\ncache-2\n", "images": "gw2-lab/redis:1\n<none>:<none>\ngw2-lab/base:1\n"}
    used = ("cache-2", "gw2-lab/base:1")
    monkeypatch.setattr(image_cache, "output", lambda argv: listed[argv[1]])

    def succeeds(argv: tuple[str, ...]) -> bool:
        in_use = argv[-1] in used
        return in_use if argv[1:3] == ("volume", "inspect") else not in_use

    monkeypatch.setattr(image_cache, "succeeds", succeeds)
    assert image_cache.remove_images() == 2  # cache-1 and redis
