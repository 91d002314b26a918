"""The picture of the layers: well-formed, with every package, the innermost layer at the bottom."""

from __future__ import annotations

from xml.etree import ElementTree

from runbook_lib.authoring.floor_plan import WIDTH, floor_plan
from runbook_lib.authoring.layers import layers

NAMES = {"s": "http://www.w3.org/2000/svg"}


def texts() -> dict[str, float]:
    """Every text of the picture with its height on it; a greater one is lower."""
    root = ElementTree.fromstring(floor_plan())
    return {str(one.text): float(one.get("y", 0)) for one in root.iterfind("s:text", NAMES)}


def test_every_package_and_every_layer_is_drawn() -> None:
    shown = texts()
    for layer in layers():
        assert layer.name in shown
        assert set(layer.packages) <= set(shown)


def test_the_innermost_layer_is_the_lowest() -> None:
    shown = texts()
    heights = [shown[layer.name] for layer in layers()]
    assert heights == sorted(heights, reverse=True)


def test_nothing_is_drawn_outside_of_the_picture() -> None:
    root = ElementTree.fromstring(floor_plan())
    height = float(str(root.get("viewBox")).split()[3])
    for box in root.iterfind("s:rect", NAMES):
        assert float(box.get("x", 0)) + float(str(box.get("width"))) <= WIDTH
        assert float(box.get("y", 0)) + float(str(box.get("height"))) <= height
