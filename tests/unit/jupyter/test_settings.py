"""What this project changes of JupyterLab's settings: each is one that the installed JupyterLab has."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import runbook_lib.jupyter

SETTINGS = Path(runbook_lib.jupyter.__file__).parent / "prefix/share/jupyter/lab/settings/overrides.json"
SCHEMAS = Path(sys.prefix) / "share/jupyter/lab/schemas"


def test_every_setting_is_one_that_jupyterlab_has() -> None:
    given = json.loads(SETTINGS.read_text())
    assert given
    for plugin, values in given.items():
        package, _, name = plugin.partition(":")
        known = json.loads((SCHEMAS / package / f"{name}.json").read_text())["properties"]
        assert set(values) <= set(known), plugin


def test_the_list_of_notebooks_gives_its_width_to_their_names() -> None:
    """With a column for the date they were cut: 33_backup_configur…"""
    assert json.loads(SETTINGS.read_text())["@jupyterlab/filebrowser-extension:browser"] == {"showLastModifiedColumn": False}
