"""What has to lie around a notebook: links that lead somewhere, and pages and files that name it."""

from __future__ import annotations

import re
from pathlib import Path

from runbook_lib.contract.catalogue import Runbook

LINK = re.compile(r"\]\(([^)#\s]+)")
START = "00_start_here"
LAB_RUNS = "tests/lab/read_only/test_read_only_runs.py"


def links_lead_somewhere(runbook: Runbook) -> list[str]:
    """Every link in the prose leads to a file."""
    return [f"cell {index}: the link {target} leads nowhere" for index, cell in enumerate(runbook.cells)
            if cell["cell_type"] == "markdown" for target in broken_links(cell["source"], runbook.path.parent)]


def broken_links(text: str, folder: Path) -> list[str]:
    """Targets of links in Markdown `text` that are no file, seen from `folder`. Addresses are not followed."""
    targets = (target for target in LINK.findall(text) if "://" not in target and not target.startswith("mailto:"))
    return [target for target in targets if not (folder / target).exists()]


def readme_names_it(runbook: Runbook) -> list[str]:
    """README.md leads from what an operator sees to the notebook."""
    target = f"notebooks/{runbook.path.name}"
    return [] if target in _text(_root(runbook) / "README.md") else [f"add a line to README.md that links {target}"]


def start_here_names_it(runbook: Runbook) -> list[str]:
    """00 Start here leads from what an operator sees to the notebook, and lists it in the index at its end."""
    start = Runbook(START, runbook.path.with_name(f"{START}.ipynb"))
    if runbook.name == START:
        return []
    prose = [cell["source"] for cell in start.cells if cell["cell_type"] == "markdown"] if start.path.is_file() else []
    places = {"first cell": prose[:1], "index at the end": prose[1:]}
    return [f"add a line to the {place} of {START}.ipynb that links {runbook.path.name}"
            for place, texts in places.items() if not any(f"{runbook.name}.ipynb" in text for text in texts)]


def a_page_describes_it(runbook: Runbook) -> list[str]:
    """A page in docs/runbooks/ describes the notebook."""
    folder = _root(runbook) / "docs" / "runbooks"
    linked = any(f"notebooks/{runbook.path.name}" in _text(page) for page in sorted(folder.glob("*.md")))
    return [] if linked else [f"describe it on its family's page in docs/runbooks/, with a link to {runbook.path.name}"]


def a_run_file_uses_it(runbook: Runbook) -> list[str]:
    """A file in parameters/runs/ runs the notebook on staging."""
    folder = _root(runbook) / "parameters" / "runs"
    command = f"# .venv/bin/papermill notebooks/{runbook.path.name} outputs/{runbook.path.name} -f "
    used = any(_text(file).startswith(command) and "environment: staging" in _text(file)
               for file in sorted(folder.glob("*.yaml")))
    return [] if used else [f"add a file to parameters/runs/ that begins with: {command}…"]


def a_lab_test_runs_it(runbook: Runbook) -> list[str]:
    """A test runs the notebook once, without applying anything, on a server of the lab."""
    listed = f'"{runbook.name}":' in _text(_root(runbook) / LAB_RUNS)
    return [] if listed else [f"add a line to RUNS in {LAB_RUNS}"]


def _root(runbook: Runbook) -> Path:
    return runbook.path.absolute().parents[1]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
