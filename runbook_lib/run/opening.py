"""Opening a run: parameters, environment and secrets are checked before anything is written or contacted."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from runbook_lib import kernel
from runbook_lib.archive.journal import Journal, opened
from runbook_lib.archive.runs import RunFolder, SetAside, begin_run, seal_abandoned
from runbook_lib.contract import Contract, parse_contract, read_contract
from runbook_lib.contract.of_environment import faults_of
from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.environment import Environment, load_environment, project
from runbook_lib.environment.redaction import redactor_for
from runbook_lib.execution.interrupts import Interrupts
from runbook_lib.kernel.assignment import assigned, tell_runner
from runbook_lib.run import current
from runbook_lib.run.display import show_html
from runbook_lib.run.given import given_values, notebook_file, refuse_overridden
from runbook_lib.run.provenance import provenance
from runbook_lib.run.run import Run

PLAIN = (str, int, float, bool, list, tuple, dict, type(None))
# names that IPython and papermill put into a notebook's namespace
_NOT_PARAMETERS = {"In", "Out", "exit", "quit", "open"}


def open_run(notebook: str, namespace: Mapping[str, Any]) -> Run:
    """Start a run of `notebook` with the parameters in `namespace`: in a notebook, `globals()`.

    Raises BadParameter, EnvironmentInvalid, NotebookUnknown or SecretMissing before anything is written, and Refused
    where the notebook itself sets a parameter to something else than this run was given, where the evidence of the run
    could not be kept or sealed, or in a child process that a cell has forked.
    """
    from runbook_lib.connections.local import load_secrets

    kernel.refuse_forked()
    assignment = assigned()
    contract = parse_contract(notebook, assignment.parameters_source) if assignment else read_contract(notebook)
    file = notebook_file(contract.notebook)
    given = given_values(contract)
    if given is not None:
        refuse_overridden(given, namespace, str(file["file"]))
    first = not current.opened_before()
    names = extract_parameters(namespace, contract, strict=first, before=kernel.names_of_startup())
    values = contract.check(dict(assignment.values) if assignment else names)
    environment = load_environment(values["environment"])
    contract.refuse(faults_of(contract.notebook, values, environment))
    secrets = load_secrets(environment)
    current.close_previous()
    set_aside: list[SetAside] = []
    redactor = redactor_for(environment, secrets, words=(contract.notebook, *contract.names))
    seal_abandoned(project.outputs(), set_aside)
    with Interrupts():  # a stop waits until the run is held, and can be sealed as stopped
        folder = _new_folder(contract.notebook, redactor)
        run = _begun(folder, contract, values, environment, secrets, file)
        current.remember(run)
    current.await_signals()
    run.start()
    _report_set_aside(set_aside, folder)
    return run


def _begun(folder: RunFolder, contract: Contract, values: dict[str, Any], environment: Environment,
           secrets: dict[str, Secret], file: Mapping[str, Any]) -> Run:
    """The run in this folder, with the first line of its journal."""
    redactor = folder.redactor
    journal = Journal(folder, redactor)
    started = provenance()
    journal.write("run_started", run_id=folder.run_id, notebook=contract.notebook, environment=environment.name,
                  parameters=values, mode=values.get("mode", "read-only"), reason=values.get("reason", ""),
                  redacted=sorted({one.name for one in redactor.secrets} - redactor.not_redacted.keys()),
                  not_redacted=redactor.not_redacted, **file, **started)
    return Run(contract, values, environment, secrets, folder, journal, operator=started["operator"])


def _new_folder(notebook: str, redactor: Redactor) -> RunFolder:
    """The folder of this run, which the runner gets to know."""
    folder = begin_run(notebook, project.outputs(), redactor)
    tell_runner(run={"run_id": folder.run_id, "folder": str(folder.path)})
    return folder


def _report_set_aside(runs: list[SetAside], folder: RunFolder) -> None:
    """Show and record what earlier processes left open and what could not be sealed now."""
    for left in runs:
        opened(folder).write("set_aside", folder=left.folder, reason=left.reason)
        show_html(f"<p>{escape(str(left))}</p>", str(left))


def extract_parameters(namespace: Mapping[str, Any], contract: Contract, *, strict: bool,
                       before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters out of a notebook's names.

    The first run of a kernel is strict: any other plain value is an unknown parameter, because papermill sets those
    as names too. Later, in JupyterLab, the names of cells that ran before are among them, and are let be. What an
    operator's own IPython settings had defined `before` the first cell is neither a parameter nor an unknown one.
    """
    earlier = before or {}
    own = {name: value for name, value in namespace.items()
           if name not in earlier or earlier[name] is not value}
    declared = {name: own[name] for name in contract.names if name in own}
    if not strict:
        return declared
    others = {name: value for name, value in own.items()
              if name not in declared and not name.startswith("_") and name not in _NOT_PARAMETERS
              and type(value) in PLAIN}
    return declared | others
