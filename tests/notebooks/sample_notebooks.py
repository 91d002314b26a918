"""Notebooks made for tests, one behaviour each, in a project folder whose environment has no server."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROOT = Path(__file__).parents[2]
SECRET = "Zq7-Wm3xK9_pL2vB8nR4"
PARAMETERS = '''\
environment: str = "nowhere"  # a file in parameters/environments
mode: str = "plan"  # "plan" shows, "apply" does
confirm: str = ""  # the environment's name
reason: str = ""  # why now
version: str = "3.2.0"  # stays text
count: int = 3  # how often
'''
OPEN = "from runbook_lib import open_run\nrun = open_run(\"{name}\", globals())"
GOOD = (
    "from runbook_lib.core.findings import finding\n"
    "run.verify([finding('the sky', True, measured='blue', expected='blue')])"
)
CLOSE = "run.close()"


def notebook(name: str, *cells: str, opened: bool = True) -> dict[str, Any]:
    """A notebook whose first code cell is the parameters cell and whose second opens the run."""
    code = [PARAMETERS, *([OPEN.format(name=name)] if opened else []), *cells]
    made: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "card", "metadata": {}, "source": f"# {name}\nA fixture.\n"}]
    for number, source in enumerate(code):
        made.append({"cell_type": "code", "id": f"cell-{number}", "source": source, "outputs": [],
                     "execution_count": None, "metadata": {"tags": ["parameters"] if number == 0 else []}})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


class ProjectDir:
    """A project folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "notebooks").mkdir(parents=True)
        environments = path / "parameters" / "environments"
        environments.mkdir(parents=True)
        (environments / "staging.yaml").symlink_to(ROOT / "parameters/environments/staging.yaml")
        (environments / "nowhere.yaml").write_text(
            "extends: staging\nname: nowhere\ntitle: no server listens here\n"
            "server: {host: 127.0.0.1, port: 9, connect_timeout_s: 1, known_hosts_file: ./known_hosts,\n"
            "  key_file: ./key}\n"  # a real one: a missing file would be refused before the server is asked
        )
        (environments / "key").write_bytes(Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        (environments / "key").chmod(0o600)
        key = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32))).decode()
        (environments / "known_hosts").write_text(f"[127.0.0.1]:9 ssh-ed25519 {key}\n")

    def add(self, name: str, *cells: str, opened: bool = True) -> Path:
        """Write a notebook; returns its path."""
        path = self.path / "notebooks" / f"{name}.ipynb"
        path.write_text(json.dumps(notebook(name, *cells, opened=opened)))
        return path
