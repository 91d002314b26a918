"""Does the page work for whoever opens it? A status of 200 and the right files do not show that. Pure."""

from __future__ import annotations

from collections.abc import Callable

from runbook_lib.core.browsing import PageView
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment

SHOWN = "the page shows what it should"
NO_ERRORS = "no error in the browser's console"
ALL_LOADED = "every request of the page is answered"


def page_works(view: PageView | None, environment: Environment) -> tuple[Finding, ...]:
    """Its texts are visible, nothing failed in the browser. None, where the environment names no page: no finding.

    Without a browser nothing was seen: inconclusive, or a warning where the environment decides so.
    """
    page = environment.gate.page
    if view is None or page is None:
        return ()
    if view.browser is None:
        return (Finding(SHOWN, Verdict(page.without_browser), view.problem, f"a browser shows {_quoted(page.texts)}",
                        "Open the page yourself, or run from a machine that has Chromium."),)
    when = "" if view.seconds is None else f" after {view.seconds:.1f} s"
    return (
        finding(SHOWN, not view.missing,
                measured=f"not visible: {_quoted(view.missing)}" if view.missing else f"all visible{when}",
                expected=f"{_quoted(page.texts)} at {page.path}",
                next_step="See the picture in the report, then the console errors and failed requests of this check."),
        finding(NO_ERRORS, not view.errors, measured="; ".join(one[:160] for one in view.errors[:3]) or "none",
                expected="none",
                next_step="Open the page with the browser's developer tools: the console names file and line."),
        finding(ALL_LOADED, not view.failed_requests, measured="; ".join(view.failed_requests[:5]) or "all",
                expected="all", next_step="Page and API are not of one release, or a file is missing from the image."),
    )


def judge_page(environment: Environment) -> Callable[[PageView | None], tuple[Finding, ...]]:
    """For a Gate over the page in a browser."""

    def judge(view: PageView | None) -> tuple[Finding, ...]:
        return page_works(view, environment)

    return judge


def _quoted(texts: tuple[str, ...]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
