"""paramiko comes without what only its own reading of `Match exec` would need, and cells may still load that."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import runbook_lib
from runbook_lib.connections import ssh_library

PACKAGE = Path(runbook_lib.__file__).parent
# as a run does it: the server's module first, a cell's own imports afterwards
PROBE = """import sys
{before}
import runbook_lib.connections.ssh
from runbook_lib.connections.ssh_library import paramiko
loaded = [name for name in ("invoke", "unittest", "asyncio") if name in sys.modules]
import invoke
print(loaded, invoke.run.__name__, paramiko.config.invoke is invoke)"""


def probed(before: str) -> str:
    done = subprocess.run((sys.executable, "-c", PROBE.format(before=before)), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_connection_loads_no_invoke_and_a_cell_may() -> None:
    assert probed("") == "[] run False"


def test_a_connection_over_ssh_loads_no_library_of_another_protocol() -> None:
    probe = "import sys, runbook_lib.connections.ssh; print({'requests', 'urllib3', 'docker'} & set(sys.modules))"
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_one_that_is_loaded_already_stays() -> None:
    assert probed("import invoke") == "['invoke', 'unittest', 'asyncio'] run True"


def test_no_other_module_loads_paramiko() -> None:
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else \
                [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "paramiko" for name in names):
                found.append(str(path.relative_to(PACKAGE)))
    assert found == [str(Path(ssh_library.__file__).relative_to(PACKAGE))]
