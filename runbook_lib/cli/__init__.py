"""`runbook`: short wrappers around the package; nothing is decided here."""

from __future__ import annotations

import sys
from typing import Annotated, Any, NoReturn

import typer

from runbook_lib.cli import author
from runbook_lib.cli.archive import archive_app
from runbook_lib.cli.output import AsJson, print_json
from runbook_lib.core import errors

app = typer.Typer(
    name="runbook", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Run the notebooks without a browser and inspect archived runs.",
)
app.add_typer(archive_app, name="archive")
app.command("new")(author.new_notebook)
app.command()(author.check)

INTERRUPTED = 130  # what typer makes of a Ctrl-C while a command is running

Name = Annotated[str, typer.Argument(help="Notebook name, number, or any unambiguous part of the name.")]


@app.command("list")
def list_runbooks(as_json: AsJson = False) -> None:
    """List the notebooks."""
    from runbook_lib.contract.catalogue import runbooks

    known = runbooks()
    if as_json:
        print_json([{"name": one.name, "title": one.title, "summary": one.summary} for one in known])
        return
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
    typer.echo(f"{runbook.card.strip()}\n\nParameters:")
    width = max((len(one.name) for one in parameters), default=0)
    for one in parameters:
        default = "required" if one.required else f"default {one.default!r}"
        typer.echo(f"  {one.name:<{width}}  {one.kind}; {default}{f'; {one.comment}' if one.comment else ''}")


@app.command()
def run(
    name: Name,
    environment: Annotated[str, typer.Option("-e", "--environment", help="Name or path of an environment file.")] = "",
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", help="NAME=VALUE, converted to the type the notebook declares."),
    ] = None,
    file: Annotated[str, typer.Option("-f", "--file", help="YAML file with parameters; -p overrides it.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Apply the plan. Without it, only show the plan.")] = False,
    confirm: Annotated[str, typer.Option(help="Environment name, repeated to confirm the change.")] = "",
    reason: Annotated[str, typer.Option(help="Reason for this run; recorded in the report.")] = "",
    timeout: Annotated[
        float, typer.Option(min=1, help="Stop the run after this many seconds (as Ctrl-C would).")
    ] = 7200.0,
    as_json: AsJson = False,
) -> None:
    """Run a notebook headless. For the exit codes see docs/reference/exit-codes.md."""
    from runbook_lib.contract import read_contract
    from runbook_lib.headless import run_notebook
    from runbook_lib.headless.progress import progress_for

    contract = read_contract(name)
    named = {"environment": environment, "mode": "apply" if apply else "", "confirm": confirm, "reason": reason}
    texts = {option: text for option, text in named.items() if text} | _pairs(parameter or [])
    values = (_from_file(file) if file else {}) | contract.parse(texts)
    outcome = run_notebook(contract.notebook, values, timeout_s=timeout, progress=progress_for(sys.stderr))
    if as_json:
        print_json(outcome.record())
    else:
        typer.echo(f"{outcome.verdict or outcome.state}: {outcome.summary}".rstrip(": "))
        if outcome.folder is not None:
            typer.echo(f"Report: {outcome.folder / 'report.html'}")
    raise typer.Exit(outcome.exit_code)


def main() -> NoReturn:
    """The console script. Errors are printed as what, where and next; a traceback means an internal error."""
    try:
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
        raise
    if code == INTERRUPTED:
        print("Stopped.", file=sys.stderr)
        sys.exit(errors.FAILED)
    sys.exit(code if isinstance(code, int) else 0)


def _pairs(arguments: list[str]) -> dict[str, str]:
    """NAME=VALUE arguments as a mapping; a name given twice is an error, not a guess."""
    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or not name or name in pairs:
            fault = "is given twice" if name in pairs else "is not of the form NAME=VALUE"
            raise errors.BadParameter(f"-p {argument}: {fault}", where="command line",
                                      next_step="Correct it and run again.")
        pairs[name] = text
    return pairs


def _from_file(path: str) -> dict[str, Any]:
    """The parameters of a file, as papermill would take it with -f."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            values = yaml.safe_load(file) or {}
    except (OSError, yaml.YAMLError) as error:
        raise errors.BadParameter(f"The parameter file cannot be read: {error}", where=path,
                                  next_step="Correct it and run again.") from error
    if not isinstance(values, dict):
        raise errors.BadParameter("The parameter file is not a mapping of names to values.", where=path,
                                  next_step="Write one `name: value` a line.")
    return values
