"""`runbook new` and `runbook check`: wrappers for authors of notebooks."""

from __future__ import annotations

from typing import Annotated

import typer

from runbook_lib.cli.output import AsJson, print_json
from runbook_lib.core import errors

Notebook = Annotated[str, typer.Argument(help="Notebook name, number, path, or any unambiguous part of the name.")]


def check(notebook: Notebook, as_json: AsJson = False) -> None:
    """Show what a notebook still lacks. Exit code 1 when it lacks something."""
    from runbook_lib.authoring.checking import left_to_write, missing_in
    from runbook_lib.contract.catalogue import find_runbook

    runbook = find_runbook(notebook)
    missing, open_lines = missing_in(runbook), left_to_write(runbook)
    if as_json:
        print_json({"notebook": runbook.name, "missing": [{"rule": one.rule, "what": one.what} for one in missing],
                    "left_to_write": list(open_lines)})
    else:
        for one in missing:
            typer.echo(f"{one.what}\n    {one.rule}")
        for line in open_lines:
            typer.echo(line)
        counts = f"{len(missing)} missing, {len(open_lines)} left to write."
        typer.echo(f"{runbook.name}: {counts if missing or open_lines else 'nothing is missing.'}")
    raise typer.Exit(errors.FAILED if missing else errors.PASSED)
