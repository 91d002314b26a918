"""Opening a run: parameters, environment and secrets are checked before anything is written or contacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib import kernel
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import new_run, seal_abandoned
from runbook_lib.contract import Contract, parse_contract, read_contract
from runbook_lib.environment import load_environment, project
from runbook_lib.environment.redaction import redactor_for
from runbook_lib.kernel.assignment import assigned, tell_runner
from runbook_lib.run import current
from runbook_lib.run.given import given_values, notebook_file, refuse_overridden
from runbook_lib.run.provenance import provenance
from runbook_lib.run.run import Run

PLAIN = (str, int, float, bool, list, tuple, dict, type(None))
# names that IPython and papermill put into a notebook's namespace
_NOT_PARAMETERS = {"In", "Out", "exit", "quit", "open"}


def open_run(notebook: str, namespace: Mapping[str, Any]) -> Run:
    """Start a run of `notebook` with the parameters in `namespace`: in a notebook, `globals()`.

    Raises BadParameter, EnvironmentInvalid, NotebookUnknown or SecretMissing before anything is written, and Refused
    where the notebook itself sets a parameter to something else than this run was given.
    """
    from runbook_lib.connections.local import load_secrets

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
    secrets = load_secrets(environment)
    current.close_previous()
    outputs = project.outputs()
    if assignment is None:  # the runner has just done it
        seal_abandoned(outputs)
    redactor = redactor_for(environment, secrets, words=(contract.notebook, *contract.names))
    folder = new_run(contract.notebook, redactor=redactor)
    tell_runner(run={"run_id": folder.run_id, "folder": str(folder.path)})
    journal = Journal(folder, folder.redactor)
    started = provenance()
    journal.write("run_started", run_id=folder.run_id, notebook=contract.notebook, environment=environment.name,
                  parameters=values, mode=values.get("mode", "read-only"), reason=values.get("reason", ""),
                  redacted=sorted({one.name for one in redactor.secrets} - redactor.not_redacted.keys()),
                  not_redacted=redactor.not_redacted, **file, **started)
    run = Run(contract, values, environment, secrets, folder, journal, operator=started["operator"])
    current.remember(run)
    run.start()
    return run


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
