"""`runbook archive`: inspecting archived runs."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from runbook_lib.cli.output import AsJson, print_json
from runbook_lib.core import errors
from runbook_lib.core.text import pluralize

SHA256 = re.compile(r"[0-9a-f]{64}")
archive_app = typer.Typer(no_args_is_help=True, help="Inspect archived runs.")

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run id, the beginning of one, or `last`.")]


@archive_app.command("list")
def list_archive(
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Show at most this many runs.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the runs, newest first."""
    from runbook_lib.archive.runs import list_runs
    from runbook_lib.environment import project

    runs = list_runs(project.outputs(), newest=limit)
    if as_json:
        print_json([{"run_id": one.run_id, "path": str(one.path), **one.record()} for one in runs])
        return
    if not runs:
        typer.echo(f"No runs in {project.outputs()}.")
        return
    typer.echo(f"Archive {project.outputs()}, newest first:", err=True)
    ends = [_end(one) for one in runs]
    width, longest = max(map(len, (*ends, "ended"))), max(len(one.run_id) for one in runs)
    # on standard error, as the line above: standard output has runs alone
    typer.echo(f"{'run':<{longest}}  {'ended':<{width}}  {'took':>7}  notebook, environment, operator", err=True)
    for one, end in zip(runs, ends, strict=True):
        took = f"{one.seconds:.0f} s" if one.seconds is not None else "–"
        typer.echo(f"{one.run_id:<{longest}}  {end:<{width}}  {took:>7}  {_whose(one)}")


@archive_app.command()
def show(run: RunArgument, as_json: AsJson = False) -> None:
    """Show one run: verdict, summary and path of its report."""
    one = _find(run)
    if as_json:
        print_json({"run_id": one.run_id, "path": str(one.path), **one.record()})
        return
    took = f", {one.seconds:.1f} s" if one.seconds is not None else ""
    typer.echo(f"{one.notebook} on {one.environment}, {one.mode}: {_end(one)}{took}")
    what = errors.failure_text(one.summary, one.where, one.next_step)
    typer.echo(f"{what}\nBy {one.operator}, {one.started_at}. {one.reason}".strip())
    for line in _plan_of(one):
        typer.echo(line)
    report = one.path / "report.html"
    if report.is_file():
        typer.echo(f"Report: {report}")
    else:
        typer.echo(f"No report yet: it is written when the run ends, or by the next start where it was killed.\n"
                   f"So far: {one.path / 'journal.jsonl'}")


@archive_app.command()
def verify(
    run: Annotated[str | None, typer.Argument(
        metavar="RUN", help="Run id, the beginning of one, or `last`; omitted: all runs.")] = None,
    witness: Annotated[
        str | None, typer.Option(
            metavar="SHA256", help="A manifest's SHA-256 that was kept elsewhere; the chain must list it.")] = None,
) -> None:
    """Check that sealed runs are unchanged: files, journal and chain.

    Exit code 1: something differs. 4: something could not be checked, or nothing is sealed here.
    """
    from runbook_lib.archive.runs import verify as verify_run
    from runbook_lib.archive.runs import verify_archive
    from runbook_lib.core.findings import Verdict
    from runbook_lib.environment import project

    kept = "" if witness is None else _sha256(witness)
    if run is not None and kept:
        raise errors.UsageError("--witness asks the chain of the whole archive.", where="command line",
                                next_step=f"Leave out {run!r}.")
    findings = (verify_run(_find(run).path) if run is not None
                else verify_archive(project.outputs(), witness=kept, progress=_progress()))
    for one in findings:
        expected = f" ({one.expected})" if one.expected else ""
        advice = f" Next: {one.next_step}" if one.next_step else ""
        typer.echo(f"{one.verdict:<12} {one.check}: {one.measured}{expected}.{advice}")
    counted = Counter(str(one.verdict) for one in findings)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in counted.most_common())
    good = set(counted) == {str(Verdict.PASSED)}
    typer.echo("All good." if good else f"{pluralize(len(findings), 'finding')}: {counts}.")
    worst = Verdict.worst(one.verdict for one in findings)
    codes = {Verdict.FAILED: errors.FAILED, Verdict.INCONCLUSIVE: errors.INCONCLUSIVE}
    raise typer.Exit(codes.get(worst, errors.PASSED))


@archive_app.command()
def index() -> None:
    """Write a page for each month with all of its runs. index.html itself lists the newest.

    Exit code 3: the archive cannot be written here; `runbook archive list` reads it all the same.
    """
    from runbook_lib.environment import project
    from runbook_lib.report.index import write_months

    outputs: Path = project.outputs()
    if not outputs.is_dir():
        raise _no_runs(outputs)
    try:
        written = write_months(outputs)
    except errors.RunFailed as failure:
        reason = getattr(failure.__cause__, "strerror", None) or failure.what
        raise errors.PreconditionFailed(
            f"The pages of the archive could not be written: {reason}.", where=failure.where,
            next_step="Run this where the archive may be written. Nothing else is missing: runbook archive list "
            "reads the runs, and each has its report.") from failure
    for path in written:
        typer.echo(str(path))


def _progress() -> Callable[[int, int], None] | None:
    """A count that is written over itself; nothing where no one watches."""
    if not sys.stderr.isatty():
        return None

    def show_count(done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            print(f"\r{done:,} of {total:,} entries", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return show_count


def _sha256(witness: str) -> str:
    """The hash that was typed. What is cut short is in no chain, and would make a sound archive look changed; an empty
    one, as of a variable that is not set, would compare nothing."""
    kept = witness.strip().lower()
    if not SHA256.fullmatch(kept):
        raise errors.UsageError(f"--witness {witness!r}: a SHA-256 has 64 hexadecimal digits.", where="command line",
                                next_step="Give the whole hash, as it was kept.")
    return kept


def _end(one: Any) -> str:
    """How a run ended, in the one word of its report."""
    from runbook_lib.report.badges import run_badge

    word = run_badge(one.verdict, one.state, one.exit_code).word
    return word[:1].lower() + word[1:]


def _plan_of(one: Any) -> list[str]:
    """Parameters and last plan of the run, as lines; of a plan that was applied how each step ended."""
    from runbook_lib.archive import journal
    from runbook_lib.report.events import report_of
    from runbook_lib.report.plan_lines import applied_lines, parameters_line, plan_headline, plan_lines

    events = journal.read(one.path)
    given = next((event.get("parameters") for event in events if event["event"] == "run_started"), None)
    lines = [line for line in [parameters_line(given)] if line]
    plan = next((event for event in reversed(events) if event["event"] == "plan"), None)
    if plan is None:
        return lines
    lines.append(plan_headline(plan))
    if any(event["event"] == "step_started" for event in events):
        return lines + applied_lines(report_of(events, one.path).steps)
    return lines + plan_lines(plan)


def _whose(one: Any) -> str:
    """Notebook, environment and operator; a run that is only just starting has recorded none but the first."""
    where, who = one.environment and f" on {one.environment}", one.operator and f" by {one.operator}"
    return f"{one.notebook}{where}{who}" if where or who else f"{one.notebook}, nothing recorded yet"


def _no_runs(outputs: Path) -> errors.UsageError:
    there = outputs.is_dir()
    return errors.UsageError(
        "The archive has no runs yet." if there else "There is no archive: the folder does not exist.",
        where=str(outputs),
        next_step="Start a run: runbook run 00 -e ENVIRONMENT. Is the archive elsewhere? Name its folder in "
        "RUNBOOK_OUTPUTS." if there else "Name the archive's folder in RUNBOOK_OUTPUTS; the first run makes a new one: "
        "runbook run 00 -e ENVIRONMENT.")


def _find(text: str) -> Any:
    """The one run that `text` names."""
    from runbook_lib.archive.runs import list_runs
    from runbook_lib.environment import project

    outputs: Path = project.outputs()
    if not text.strip():  # as of a variable that is not set: every run begins with it
        raise errors.UsageError("No run is named.", where=str(outputs), next_step="See them with: runbook archive list")
    fits = list_runs(outputs, newest=1) if text == "last" else list_runs(outputs, beginning=text)
    if len(fits) == 1:
        return fits[0]
    if text == "last":
        raise _no_runs(outputs)
    what = f"{len(fits)} runs begin with {text!r}." if fits else f"There is no run {text!r}."
    raise errors.UsageError(what, where=str(outputs), next_step="See them with: runbook archive list")
