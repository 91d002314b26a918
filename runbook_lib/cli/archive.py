"""`runbook archive`: inspecting archived runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from runbook_lib.cli.output import AsJson, print_json
from runbook_lib.core import errors

archive_app = typer.Typer(no_args_is_help=True, help="Inspect archived runs.")

RunArgument = Annotated[str, typer.Argument(help="Run id, the beginning of one, or `last`.")]


@archive_app.command("list")
def list_archive(
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many runs.")] = 20, as_json: AsJson = False
) -> None:
    """List the runs, newest first."""
    from runbook_lib.archive.runs import list_runs
    from runbook_lib.environment import project

    runs = list_runs(project.outputs())[:limit]
    if as_json:
        print_json([{"run_id": one.run_id, "path": str(one.path), **one.record()} for one in runs])
        return
    if not runs:
        typer.echo(f"No runs in {project.outputs()}.")
    for one in runs:
        took = f"{one.seconds:.0f} s" if one.seconds is not None else "–"
        typer.echo(f"{one.run_id}  {one.verdict or 'open':<12}  {one.state:<12}  {took:>7}  "
                   f"{one.notebook} on {one.environment} by {one.operator}")


@archive_app.command()
def show(run: RunArgument, as_json: AsJson = False) -> None:
    """Show one run: verdict, summary and path of its report."""
    one = _find(run)
    if as_json:
        print_json({"run_id": one.run_id, "path": str(one.path), **one.record()})
        return
    took = f", {one.seconds:.1f} s" if one.seconds is not None else ""
    typer.echo(f"{one.notebook} on {one.environment}, {one.mode}: {one.verdict or 'open'} ({one.state}){took}")
    typer.echo(f"{one.summary}\nBy {one.operator}, {one.started_at}. {one.reason}".rstrip())
    typer.echo(f"Report: {one.path / 'report.html'}")


@archive_app.command()
def verify(
    run: Annotated[str, typer.Argument(help="Run id, the beginning of one, or `last`; omitted: all runs.")] = "",
) -> None:
    """Check that sealed runs are unchanged: files, journal and chain. Exit code 1 when something differs."""
    from runbook_lib.archive.runs import verify as verify_run
    from runbook_lib.archive.runs import verify_archive
    from runbook_lib.core.findings import Verdict
    from runbook_lib.environment import project

    findings = verify_run(_find(run).path) if run else verify_archive(project.outputs())
    bad = [one for one in findings if one.verdict not in (Verdict.PASSED, Verdict.WARNING)]
    for one in findings if run else bad:
        typer.echo(f"{one.verdict:<12} {one.check}: {one.measured}" + (f" ({one.expected})" if one.expected else ""))
    typer.echo(f"{len(findings)} checks, {len(bad)} not good." if bad else f"{len(findings)} checks, all good.")
    worst = Verdict.worst(one.verdict for one in findings)
    codes = {Verdict.FAILED: errors.FAILED, Verdict.INCONCLUSIVE: errors.INCONCLUSIVE}
    raise typer.Exit(codes.get(worst, errors.PASSED))


def _find(text: str) -> Any:
    """The one run that `text` names."""
    from runbook_lib.archive.runs import list_runs
    from runbook_lib.environment import project

    outputs: Path = project.outputs()
    runs = list_runs(outputs)
    fits = runs[:1] if text == "last" else [one for one in runs if one.run_id.startswith(text)]
    if len(fits) == 1:
        return fits[0]
    what = f"{len(fits)} runs begin with {text!r}." if fits else f"There is no run {text!r}."
    raise errors.UsageError(what, where=str(outputs), next_step="See them with: runbook archive list")
