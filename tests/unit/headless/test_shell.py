"""The shell without sockets: results, displays and errors leave it as a Jupyter kernel's messages."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.notebooks.sample_notebooks import ROOT

PROGRAM = """
import json, os, sys, tempfile
sys.path.insert(0, {root!r})
os.environ["IPYTHONDIR"] = tempfile.mkdtemp()
from runbook_lib.headless.shell import HeadlessKernel, new_shell
kernel, sent = HeadlessKernel(), []
kernel.session.send = lambda stream, kind, content: sent.append([kind, content])
shell = new_shell(kernel)
ends = [shell.run_cell(source, store_history=True).success for source in {cells!r}]
print(json.dumps([ends, sent, [str(name) for name in sys.modules]]))
"""


def run(*cells: str) -> tuple[list[bool], list[list[Any]], list[str]]:
    program = PROGRAM.format(root=str(ROOT), cells=cells)
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, timeout=60, check=True)
    ends, sent, modules = json.loads(done.stdout.splitlines()[-1])
    return ends, sent, modules


def test_results_displays_and_errors_are_messages() -> None:
    ends, sent, modules = run(
        "1 + 1", "from IPython.display import display, clear_output\nhandle = display('shown', display_id='a')",
        "handle.update('anew')", "clear_output()", "await __import__('asyncio').sleep(0, 'awaited')", "1 / 0", "exit()", "1 +")
    assert ends == [True, True, True, True, True, False, False, False]
    assert [kind for kind, _ in sent] == [
        "execute_result", "display_data", "update_display_data", "clear_output", "execute_result", "error", "error", "error"]
    assert sent[0][1]["data"]["text/plain"] == "2"
    assert sent[0][1]["execution_count"] == 1
    assert sent[2][1]["transient"] == {"display_id": "a"}
    assert [content["ename"] for kind, content in sent if kind == "error"] == ["ZeroDivisionError", "SystemExit", "SyntaxError"]
    # what a start must not cost: papermill, sockets and schemas are not needed to run a cell
    for heavy in ("zmq", "tornado", "ipykernel", "nbformat", "jsonschema", "papermill", "nbclient", "jupyter_client", "matplotlib", "pandas"):
        assert heavy not in modules


def test_a_figure_that_a_cell_leaves_open_is_shown_at_its_end() -> None:
    ends, sent, _ = run("import os\nos.environ['MPLBACKEND'] = 'module://matplotlib_inline.backend_inline'", "%matplotlib inline",
                        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert all(ends)
    assert any("image/png" in content.get("data", {}) for _, content in sent)


def test_images_are_base64_text() -> None:
    _, sent, _ = run("class Picture:\n    def _repr_png_(self):\n        return b'\\x89PNG'\nPicture()")
    assert sent[0][1]["data"]["image/png"] == "iVBORw=="
