"""Real Chromium: what a reader sees, not what a template says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.report.sample_runs import build_all


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Path]]:
    """An archive with one run of every kind, sealed, with its index."""
    from runbook_lib.archive.runs import seal_abandoned
    from runbook_lib.report.index import write_index

    outputs = tmp_path_factory.mktemp("archive")
    runs = {name: folder.path for name, folder in build_all(outputs).items()}
    seal_abandoned(outputs)
    write_index(outputs)
    return outputs, runs


@pytest.fixture
def opened(chromium: Any) -> Iterator[Any]:
    """Opens a file offline and remembers what the page asked for and complained about."""
    pages = []

    def open_file(path: Path, **options: Any) -> Any:
        context = chromium.new_context(offline=True, **options)
        page = context.new_page()
        page.asked, page.complaints, page.dialogs = [], [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        pages.append(context)
        return page

    yield open_file
    for context in pages:
        context.close()
