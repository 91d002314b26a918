"""The commands of `runbook`, and how their errors are printed."""

from __future__ import annotations

import shutil
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from runbook_lib.cli import STOPPED, adopting, author
from runbook_lib.cli.archive import archive_app
from runbook_lib.cli.output import AsJson, card_text, prepare_output, print_json
from runbook_lib.core import errors
from runbook_lib.core.text import pluralize
from runbook_lib.headless.signals import raised

app = typer.Typer(
    name="runbook", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Run the notebooks without a browser and inspect archived runs.",
)

INTERRUPTED = 130  # what typer makes of a Ctrl-C while a command is running

Name = Annotated[str, typer.Argument(metavar="NAME", help="Notebook name, number, or any unambiguous part of the "
                                      "name.")]


def _show_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    from runbook_lib.connections.local import checkout
    from runbook_lib.environment import project

    at = checkout(project.root())
    commit = f", commit {at.commit}" if at.commit else ""
    typer.echo(f"runbook {version('runbook-lib')}{commit}{', with changed files' if at.clean is False else ''}")
    raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True,
                                          help="Show the version and the checkout's commit.")] = False,
) -> None:
    """Run the notebooks without a browser and inspect archived runs."""


@app.command("list")
def list_runbooks(as_json: AsJson = False) -> None:
    """List the notebooks."""
    # imported here: `runbook list` and `--help` answer at once, without pydantic or YAML
    from runbook_lib.contract.catalogue import folder, runbooks

    known = runbooks()
    if as_json:
        print_json([{"name": one.name, "title": one.title, "summary": one.summary, "path": one.path} for one in known])
        return
    typer.echo(f"{pluralize(len(known), 'notebook')} in {folder()}:", err=True)
    width = max((len(one.name) for one in known), default=0)
    for one in known:
        typer.echo(f"{one.name:<{width}}  {one.title}")


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a notebook's card and its parameters."""
    from runbook_lib.contract import MISSING, read_contract
    from runbook_lib.contract.catalogue import find_runbook

    runbook = find_runbook(name)
    parameters = read_contract(runbook).parameters
    if as_json:
        print_json({"name": runbook.name, "title": runbook.title, "parameters": [
            {"name": one.name, "type": str(one.kind), "required": one.required, "comment": one.comment,
             "default": None if one.default is MISSING else one.default} for one in parameters]})
        return
    # a longer line is hard to follow, and a pipe has no width of its own
    typer.echo(f"{card_text(runbook.card, min(shutil.get_terminal_size((100, 24)).columns, 100))}\n\nParameters:")
    width = max((len(one.name) for one in parameters), default=0)
    for one in parameters:
        default = "required" if one.required else f"default {one.default!r}"
        typer.echo(f"  {one.name:<{width}}  {one.kind}; {default}{f'; {one.comment}' if one.comment else ''}")


Texts = list[str] | None  # an option that may be given once is a list, so that a second one is noticed
Environment = Annotated[Texts, typer.Option("-e", "--environment", metavar="NAME",
                                            help="Name or path of an environment file. Default: the notebook's.")]
Pairs = Annotated[
    Texts, typer.Option("-p", "--parameter", metavar="NAME=VALUE",
                        help="NAME=VALUE, converted to the type the notebook declares; may be given several times.")
]
File = Annotated[
    Texts, typer.Option("-f", "--file", metavar="FILE", help="YAML file with parameters; -p overrides it.")
]

Confirmation = Annotated[Texts, typer.Option(metavar="NAME", help="Environment name, repeated to confirm the change.")]
Reason = Annotated[Texts, typer.Option(metavar="TEXT", help="Reason for this run; recorded in the report.")]


@app.command()
def run(
    name: Name,
    environment: Environment = None, parameter: Pairs = None, file: File = None,
    apply: Annotated[bool, typer.Option("--apply", help="Apply the plan. Without it, only show the plan.")] = False,
    confirm: Confirmation = None, reason: Reason = None,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Stop the run after this many seconds (as Ctrl-C would).")
    ] = 7200.0,
    as_json: AsJson = False,
) -> None:
    """Run a notebook headless. Exit codes: docs/reference/exit-codes.md"""
    from runbook_lib.contract import read_contract
    from runbook_lib.contract.catalogue import find_runbook
    from runbook_lib.contract.command_line import environment_by_default, given_parameters, named_environment, once
    from runbook_lib.headless import run_notebook
    from runbook_lib.headless.progress import progress_for
    from runbook_lib.headless.signals import Signals

    runbook = find_runbook(name)
    typed = {"environment": ("-e", named_environment(environment or [])), "mode": ("--apply", "apply" if apply else ""),
             "confirm": ("--confirm", once("--confirm", confirm or [])),
             "reason": ("--reason", once("--reason", reason or []))}
    options = {name: one for name, one in typed.items() if one[1]}
    values = given_parameters(read_contract(runbook), options, parameter or [], file or [])
    typer.echo(environment_by_default(read_contract(runbook), values), nl=False, err=True)
    outcome = run_notebook(runbook, values, timeout_s=timeout, progress=progress_for(sys.stderr))
    with Signals():  # the run is over: one more Ctrl-C must not take its exit code away
        if as_json:
            print_json(outcome.record())
        else:
            typer.echo(f"{outcome.headline}: {outcome.summary}".rstrip(": "))
            if outcome.folder is not None:
                typer.echo(f"Report: {outcome.folder / 'report.html'}")
    raise typer.Exit(outcome.exit_code)


# in the order in which an operator meets them: `runbook --help` lists them like this
app.command(short_help="Show which notebooks can run here, and what the others lack.")(adopting.doctor)
app.command(short_help="Draft an environment file from a Compose project.")(adopting.adopt)
app.command("new", short_help="Make a notebook and what belongs to it.")(author.new_notebook)
app.command()(author.check)
app.add_typer(archive_app, name="archive")


def run_command_line() -> NoReturn:
    """What was typed, to its end. Errors are printed as what, where and next; a traceback means an internal error."""
    prepare_output()
    try:
        with raised():
            code = app(standalone_mode=False)
    except errors.RunbookError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:  # the usage errors of the command-line library, which typer carries inside itself
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            sys.exit(error.exit_code)
        traceback.print_exc()
        sys.exit(errors.DEFECT)
    # one exit code for "stopped", whichever way the command-line library reports it
    if code == INTERRUPTED:
        print(STOPPED, file=sys.stderr)
        sys.exit(errors.FAILED)
    sys.exit(code if isinstance(code, int) else 0)
