"""Opening a run: parameters, environment and secrets are checked before anything is written or contacted."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runbook_lib.archive.files import write_atomically
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder, new_run, seal_abandoned
from runbook_lib.contract import Contract, read_contract
from runbook_lib.core.redaction import Redactor
from runbook_lib.environment import load_environment, project
from runbook_lib.run import current
from runbook_lib.run.provenance import provenance
from runbook_lib.run.run import Run

PLAIN = (str, int, float, bool, list, tuple, dict, type(None))
# names that IPython and papermill put into a notebook's namespace
_NOT_PARAMETERS = {"In", "Out", "exit", "quit", "open"}


def open_run(notebook: str, namespace: Mapping[str, Any]) -> Run:
    """Start a run of `notebook` with the parameters in `namespace`: in a notebook, `globals()`.

    Raises BadParameter, EnvironmentInvalid, NotebookUnknown or SecretMissing before anything is written.
    """
    from runbook_lib.connections.local import load_secrets

    contract = read_contract(notebook)
    values = contract.check(extract_parameters(namespace, contract, strict=not current.opened_before()))
    environment = load_environment(values["environment"])
    secrets = load_secrets(environment)
    current.close_previous()
    outputs = project.outputs()
    seal_abandoned(outputs)
    folder = new_run(contract.notebook, redactor=Redactor(secrets.values()))
    publish_location(folder)
    journal = Journal(folder, folder.redactor)
    started = provenance()
    journal.write("run_started", run_id=folder.run_id, notebook=contract.notebook, environment=environment.name,
                  parameters=values, mode=values.get("mode", "read-only"), reason=values.get("reason", ""),
                  redacted=sorted(secrets), **started)
    run = Run(contract, values, environment, secrets, folder, journal, operator=started["operator"])
    current.remember(run)
    run.start()
    return run


def extract_parameters(namespace: Mapping[str, Any], contract: Contract, *, strict: bool) -> dict[str, Any]:
    """The parameters out of a notebook's names.

    The first run of a kernel is strict: any other plain value is an unknown parameter, because papermill sets those
    as names too. Later, in JupyterLab, the names of cells that ran before are among them, and are let be.
    """
    declared = {name: namespace[name] for name in contract.names if name in namespace}
    if not strict:
        return declared
    others = {name: value for name, value in namespace.items()
              if name not in declared and not name.startswith("_") and name not in _NOT_PARAMETERS
              and type(value) in PLAIN}
    return declared | others


def publish_location(folder: RunFolder) -> None:
    """Tell the runner that started this kernel where the evidence goes."""
    place = os.environ.get("RUNBOOK_ANNOUNCE")
    if place:
        write_atomically(Path(place),
                         json.dumps({"run_id": folder.run_id, "folder": str(folder.path), "pid": os.getpid(),
                                             "python": sys.executable}))
