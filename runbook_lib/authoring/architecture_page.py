"""The parts of docs/architecture.md that list names: made from the package itself."""

from __future__ import annotations

import re

from runbook_lib.authoring.layers import KINDS, PACKAGE, families, layers, purpose


def with_fresh_lists(page: str) -> str:
    """The page of the architecture with every block between `<!-- NAME: generated -->` and `<!-- end -->` made anew."""
    makers = {"layers": _layer_table, "families": _family_table}

    def fresh(block: re.Match[str]) -> str:
        return f"{block[1]}\n\n{makers[block[2]]()}\n\n<!-- end -->"

    return re.sub(r"(<!-- (\w+): generated -->)\n.*?<!-- end -->", fresh, page, flags=re.DOTALL)


def _layer_table() -> str:
    rows = []
    for number, layer in enumerate(reversed(layers())):
        for name in layer.packages:
            title = f"{len(layers()) - number} {layer.name}" if name == layer.packages[0] else ""
            rows.append(f"| {title} | [`{name}/`](../runbook_lib/{name}/) | {purpose(name)} |")
    return "\n".join(["| layer | package | |", "|---|---|---|", *rows])


def _family_table() -> str:
    rows = []
    for family in families():
        columns = []
        for kind in KINDS:
            modules = sorted(path.stem for path in (PACKAGE / family / kind).glob("*.py") if path.stem != "__init__")
            columns.append(", ".join(f"[{name}](../runbook_lib/{family}/{kind}/{name}.py)" for name in modules))
        rows.append(f"| `{family}` | {' | '.join(columns)} |")
    return "\n".join([f"| family | {' | '.join(KINDS)} |", "|---|---|---|---|", *rows])
