"""papermill's engine: our interpreter's kernel, no TCP ports, and every end recorded in the cell that it ended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine

from runbook_lib.headless.surroundings import scratch_folder, variables

# papermill gives up after 4 s without output that a cell has sent: on a busy machine a good cell would count as failed
OUTPUT_WAIT_S = 60
SHUTDOWN_WAIT_S = 60.0  # a run that was not closed is sealed by its kernel while it ends


class OwnKernelSpecs(KernelSpecManager):
    """Whatever kernel a notebook names, it gets this interpreter: the one that can import runbook_lib."""

    def get_kernel_spec(self, kernel_name: str) -> Any:
        """The specification of an ipykernel in this interpreter."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="runbook", language="python", name=kernel_name,
        )


class RunbookClient(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client that marks a cell as failed whatever ended it: a timeout or a dead kernel, too."""

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order; the first that fails is marked, and no later one runs."""
        for index, cell in enumerate(self.nb.cells):
            try:
                self.nb_man.cell_start(cell, index)
                self.execute_cell(cell, index)
            except BaseException as error:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                raise
            self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)


class RunbookEngine(NBClientEngine):  # type: ignore[misc]
    """The engine of `papermill --engine runbook`."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, log_output: bool = False,
                                 stdout_file: Any = None, stderr_file: Any = None, start_timeout: int = 60,
                                 execution_timeout: int | None = None, **options: Any) -> Any:
        """Run the notebook's cells in a fresh kernel. Raises nbclient's errors: CellExecutionError, DeadKernelError."""
        # without a folder of their own the sockets would lie next to the notebook
        with scratch_folder() as sockets:
            manager = AsyncKernelManager(
                kernel_name=kernel_name, transport="ipc", ip=f"{sockets}/s", kernel_spec_manager=OwnKernelSpecs(),
                shutdown_wait_time=SHUTDOWN_WAIT_S,
            )
            client = RunbookClient(
                nb_man, km=manager, log_output=log_output, stdout_file=stdout_file, stderr_file=stderr_file,
                startup_timeout=start_timeout, timeout=execution_timeout, iopub_timeout=OUTPUT_WAIT_S,
                **{name: value for name, value in options.items() if name in ("on_cell_executed", "on_cell_error")},
            )
            # cleanup_kc: or the kernel would outlive the notebook
            return client.execute(cwd=options.get("cwd"), cleanup_kc=True, env=_surroundings(Path(sockets)))


def _surroundings(scratch: Path) -> dict[str, str]:
    """As the runner's worker has them: nothing of a person's settings; the package is found where it is now."""
    return {**variables(scratch), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
