"""JupyterLab saves automatically every two minutes. What an operator typed must not become a runbook's next default.

An extension of Jupyter's server, found through `prefix/`, which is installed next to JupyterLab's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "runbook_lib.jupyter"}]


def _load_jupyter_server_extension(server: Any) -> None:
    server.contents_manager.register_pre_save_hook(before_saving)


def before_saving(model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Jupyter's hook: a runbook is saved without what belongs to one run. Other files are left alone."""
    from runbook_lib.environment import project

    if model.get("type") != "notebook" or not model.get("content"):
        return
    file = (Path(contents_manager.root_dir) / path).resolve()
    # only this project's runbooks: JupyterLab may be open on any folder
    if file.exists() and file.parent == project.root().resolve() / "notebooks":
        import nbformat

        from runbook_lib.jupyter.saving import strip_run_values

        model["content"] = strip_run_values(model["content"], nbformat.read(file, as_version=4))  # type: ignore[no-untyped-call]
