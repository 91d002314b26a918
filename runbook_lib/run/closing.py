"""Closing a run: the verdict is shown, the end is written, the evidence is sealed and indexed."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import Any

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.open_runs import release_space
from runbook_lib.archive.runs import RunFolder, seal
from runbook_lib.core.errors import RunbookError
from runbook_lib.kernel import Hooks
from runbook_lib.kernel.assignment import tell_runner
from runbook_lib.run.display import report_href, show_html
from runbook_lib.run.outcomes import Outcome


def show_verdict(outcome: Outcome, folder: RunFolder) -> None:
    """The verdict in large type, as the report that `seal_run` writes has it, with a link to that."""
    from runbook_lib.report.badges import run_badge
    from runbook_lib.report.tables import verdict_box

    report = report_href(folder.path)
    badge = run_badge(str(outcome.verdict), outcome.state, outcome.exit_code)
    show_html(verdict_box(badge, outcome.summary, link=(report, "Open the report")),
              f"{badge.word.lower()}: {outcome.summary}\nReport: {report}")


def seal_run(outcome: Outcome, journal: Journal, folder: RunFolder, hooks: Hooks | None, connections: Any) -> None:
    """Close the connections, write the end, unhook the kernel, seal the folder and write the archive's index.

    Raises RunFailed where not even the end can be written. Evidence that cannot be sealed now is shown as that: what
    the run did on the server has its verdict, and the next start seals it.
    The runner hears of the end first: where the disk refuses, it knows how the run ended all the same.
    """
    from runbook_lib.report.index import write_index

    end = {"verdict": str(outcome.verdict), "state": outcome.state, "exit_code": outcome.exit_code,
           "summary": outcome.summary, "where": outcome.where, "next_step": outcome.next_step}
    tell_runner(outcome=folder.redactor.value(end))

    # before the end is written: what closing a connection reveals must not come after it
    if connections is not None:
        with suppress(RunbookError):
            connections.__exit__(None, None, None)
    release_space(folder.path)  # on a disk that has filled up since, the end itself needs it
    try:
        journal.write("run_finished", **end)
    finally:  # a closed run listens to no further cell
        if hooks is not None:
            hooks.remove()
    try:
        seal(folder)
        write_index(folder.path.parent)
    except RunbookError as error:
        journal.close()  # else the next start takes this run for one in progress
        text = f"The run's evidence is not sealed, or not in the index yet; the next start makes up for it. {error}"
        show_html(f"<pre>{escape(text)}</pre>", text)
