"""Runbooks as an operator steps through them: JupyterLab in a browser, cell by cell, against the lab."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.archive.runs import RunSummary, list_runs
from tests.browser.jupyterlab import Operator, jupyterlab
from tests.lab_server import ROOT, Lab

SLOWEST_CELL_S = 240.0
Step = Callable[..., RunSummary]


@pytest.fixture
def step(lab: Lab, chromium: Any, outputs: Path, tmp_path: Path) -> Iterator[Step]:
    """`step(NOTEBOOK, parameter=value, …)`: open it, set the parameters, run every cell; the run that came of it."""
    with ExitStack() as stack:
        address = stack.enter_context(jupyterlab(ROOT, tmp_path, {"RUNBOOK_HOME": str(ROOT), "RUNBOOK_OUTPUTS": str(outputs)}))
        context = chromium.new_context(viewport={"width": 1400, "height": 1400})
        stack.callback(context.close)

        def stepped(name: str, *, seen: Callable[[int, str], None] = lambda place, text: None, **parameters: str) -> RunSummary:
            notebook = ROOT / "notebooks" / f"{name}.ipynb"
            kept = notebook.read_bytes()
            operator = Operator(context.new_page(), address, notebook)
            sources = code_of(notebook)
            operator.write(0, with_values(sources[0], environment=lab.environment, **parameters))
            for place, source in enumerate(sources):
                if "run.confirm(" in source and parameters.get("mode") == "apply":
                    operator.write(place, source.replace("run.parameters.confirm)", f'"{lab.name}")'))
                text = operator.run(place, SLOWEST_CELL_S).inner_text()
                assert "Traceback" not in text, f"cell {place}: {text[-2000:]}"
                seen(place, text)
            operator.save()
            assert notebook.read_bytes() == kept, "what an operator typed was saved"
            return list_runs(outputs)[0]

        yield stepped


def code_of(notebook: Path) -> list[str]:
    """The sources of the code cells."""
    cells = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def with_values(source: str, **values: str) -> str:
    """The parameters cell as an operator fills it in."""
    lines = [line.split(":")[0] for line in source.splitlines()]
    assert not set(values) - set(lines), f"no such parameters: {set(values) - set(lines)}"
    return "\n".join(f'{name} = "{values[name]}"' if name in values else line
                     for name, line in zip(lines, source.splitlines(), strict=True))
