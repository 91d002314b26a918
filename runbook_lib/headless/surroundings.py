"""What a worker process finds around it: our settings, a short place for temporary files, nothing of a person's own."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from runbook_lib.environment import project

# a socket's path may have 107 bytes; what a cell or a library puts below must fit
LONGEST_PLACE = 60
_PLACES = ("/tmp", "/var/tmp", "/dev/shm")
# settings of a person's tools: none of them may change what a run does
# (RUNNER_TRACKING_ID: by it a CI runner finds what a job left behind, and kills it in the middle of its undo)
_PERSONAL = ("RUNNER_TRACKING_ID", "PYTHON", "IPYTHON", "JUPYTER", "JPY_", "PAPERMILL_", "MPLBACKEND", "MATPLOTLIBRC")


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for one run, short enough for sockets: below TMPDIR where that is short and writable."""
    named = os.environ.get("TMPDIR", "")
    places = [*([named] if named and len(os.path.abspath(named).encode()) <= LONGEST_PLACE else []), *_PLACES]
    for place in places:
        with suppress(OSError):  # to root everything seems writable, /proc and a read-only disk as well
            return tempfile.TemporaryDirectory(prefix="runbook-", dir=place, ignore_cleanup_errors=True)
    return tempfile.TemporaryDirectory(prefix="runbook-", ignore_cleanup_errors=True)


def variables(scratch: Path) -> dict[str, str]:
    """The worker's process environment: this one's, without the settings of a person's Python, IPython and Jupyter."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_PERSONAL)}
    ours = {
        "RUNBOOK_HOME": str(project.root()), "RUNBOOK_OUTPUTS": str(project.outputs()), "TMPDIR": str(scratch),
        "IPYTHONDIR": str(scratch / "ipython"),
        # figures that a cell leaves open are shown at its end, as in JupyterLab
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    library = find_spec("matplotlib")
    if library is not None and library.origin is not None:
        # the library's own defaults; MPLCONFIGDIR stays: the cache of fonts is there, and takes seconds to build
        ours["MATPLOTLIBRC"] = str(Path(library.origin).parent / "mpl-data" / "matplotlibrc")
    return kept | ours
