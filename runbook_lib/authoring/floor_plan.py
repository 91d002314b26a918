"""The picture of the layers in docs/images/layers.svg, drawn from the layers themselves."""

from __future__ import annotations

from xml.sax.saxutils import escape

from runbook_lib.authoring.layers import Layer, layers

WIDTH, LEFT, RIGHT, GAP = 960, 206, 34, 10  # pixels
FLOOR, ROW = 84, 64
COLOURS = ("#eef2f6", "#e3ebf3", "#fff3d6", "#e2f0e6", "#e9e4f3", "#f6e6e6")  # inner to outer
INK, QUIET, LINE = "#1f2933", "#52606d", "#9aa5b1"


def floor_plan() -> str:
    """The whole picture (SVG): one floor a layer, the innermost at the bottom, one box a package."""
    floors = list(zip(layers(), COLOURS, strict=True))
    parts, top = [], 20
    for layer, colour in reversed(floors):
        height = FLOOR + ROW if layer.name == "domain" else FLOOR
        parts += [_box(20, top, WIDTH - 40, height, colour), _text(36, top + 34, layer.name, bold=True),
                  _text(36, top + 56, layer.subject, quiet=True)]
        boxes = ("notebooks", *layer.packages) if layer.name == "interfaces" else layer.packages
        parts += _domain(layer, top) if layer.name == "domain" else _row(boxes, top + 14, FLOOR - 28)
        top += height + GAP
    parts.append(_text(WIDTH / 2, top + 14, "imports go down, never up", quiet=True, centred=True))
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 30}" '
            'font-family="Helvetica, Arial, sans-serif" role="img" aria-label="The layers of runbook_lib">')
    background = f'<rect width="{WIDTH}" height="{top + 30}" fill="#ffffff"/>'
    return "\n".join([head, background, *parts, "</svg>", ""])


def _domain(layer: Layer, top: float) -> list[str]:
    """The families side by side, on top of the one that all of them ask."""
    lowest, *others = layer.packages
    return [*_row(tuple(others), top + 14, ROW - 10), *_row((lowest,), top + 14 + ROW, ROW - 10)]


def _row(packages: tuple[str, ...], top: float, height: float) -> list[str]:
    width = (WIDTH - LEFT - RIGHT - GAP * (len(packages) - 1)) / len(packages)
    boxes = []
    for number, name in enumerate(packages):
        x = LEFT + number * (width + GAP)
        boxes.append(_box(x, top, width, height, "#ffffff"))
        boxes.append(_text(x + width / 2, top + height / 2 + 5, name, centred=True))
    return boxes


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (f'<rect x="{x:g}" y="{y:g}" width="{width:.1f}" height="{height:g}" rx="6" fill="{colour}" '
            f'stroke="{LINE}"/>')


def _text(x: float, y: float, text: str, *, bold: bool = False, quiet: bool = False, centred: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    anchor = ' text-anchor="middle"' if centred else ""
    size, colour = (13, QUIET) if quiet else (15, INK)
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}"{weight}{anchor}>{escape(text)}</text>'
