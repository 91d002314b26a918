"""`runbook new` and `runbook check`: wrappers for authors of notebooks."""

from __future__ import annotations

from typing import Annotated

import typer

from runbook_lib.cli.output import AsJson, print_json
from runbook_lib.core import errors

Title = Annotated[str, typer.Option(metavar="TEXT", help="Heading of the card; made from the name if omitted.")]
When = Annotated[str, typer.Option(metavar="TEXT", help="What an operator sees or wants; leads to the notebook in "
                                    "README and 00.")]
Apply = Annotated[bool, typer.Option("--apply", help="Make a notebook that changes something, with a plan to fill.")]
Notebook = Annotated[str, typer.Argument(metavar="NOTEBOOK", help="Notebook name, number, path, or any unambiguous "
                                          "part of the name.")]


def new_notebook(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the notebook: its number and words, as "
                                        "49_disk_usage.")],
    title: Title = "", when: When = "", apply: Apply = False,
) -> None:
    """Make a notebook, its tests, its page and the lines that lead to it; all tests pass at once."""
    from runbook_lib.authoring.scaffold import make_notebook
    from runbook_lib.cli.reference import write_pages
    from runbook_lib.environment import project

    root = project.root()
    for path in make_notebook(name, root, title=title, when=when, apply=apply):
        typer.echo(f"wrote {path.relative_to(root)}")
    for path in write_pages(root):  # the reference lists names; its test would fail until it is made again
        typer.echo(f"wrote {path.relative_to(root)}")
    typer.echo(f"Now write what says TO WRITE: runbook check {name} lists it. How: docs/how-to/add-a-notebook.md")


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
    # what is left to write breaks no rule: a new notebook passes every test at once
    raise typer.Exit(errors.FAILED if missing else errors.PASSED)
