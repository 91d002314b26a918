from __future__ import annotations

from pathlib import Path

import pytest

from lab import images


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_extra_inputs", lambda name: "")


def test_every_image_has_a_dockerfile_and_a_base() -> None:
    for image in (*images.IMAGES, images.BARE):
        assert (image.folder / "Dockerfile").exists(), image
        assert bool(image.parent) != bool(image.bootstrap), image


def test_the_same_files_give_the_same_name() -> None:
    postgres = images.by_name("postgres")
    assert images.content_hash(postgres) == images.content_hash(postgres)


def test_a_changed_base_changes_every_image_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("node", "python", "prometheus", "nginx")
    before = {name: images.content_hash(images.by_name(name)) for name in names}
    monkeypatch.setattr(images, "_extra_inputs", lambda name: "another CA bundle" if name == "base" else "")
    after = {name: images.content_hash(images.by_name(name)) for name in names}
    assert {name for name in names if before[name] != after[name]} == {"node", "python", "prometheus"}


def test_a_changed_file_changes_its_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    monkeypatch.setattr(images.Image, "folder", tmp_path)
    before = images.content_hash(images.by_name("base"))
    (tmp_path / "Dockerfile").write_text("FROM scratch\nUSER 1\n")
    assert images.content_hash(images.by_name("base")) != before


def test_only_what_the_engine_lacks_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [images.built_reference(image) for image in images.IMAGES if image.name != "redis"]
    monkeypatch.setattr(images, "docker", lambda: "docker")
    monkeypatch.setattr(images, "output", lambda *_, **__: "\n".join(held))
    assert [image.name for image in images.missing()] == ["redis"]


def test_what_no_lab_is_made_of_is_built_for_those_who_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [images.built_reference(image) for image in images.IMAGES]
    monkeypatch.setattr(images, "docker", lambda: "docker")
    monkeypatch.setattr(images, "output", lambda *_, **__: "\n".join(held))
    assert images.missing() == []
    assert [image.name for image in images.missing(images.BARE)] == ["bare"]
