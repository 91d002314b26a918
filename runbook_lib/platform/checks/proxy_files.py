"""Does the proxy have the files of the checkout? Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.mounted_files import StaleFile


def files_check(environment: Environment) -> str:
    """The check's name, by which a gate leaves it open where nothing could be seen of it."""
    return f"{environment.proxy_service} has the mounted files of the server"


def proxy_has_its_files(environment: Environment, stale: Iterable[StaleFile] | Unanswered) -> Finding:
    """A file that is mounted by its own name is not read anew by a reload: a warning, for users are answered."""
    check, expected = files_check(environment), "all of them"
    if isinstance(stale, Unanswered):
        return Finding(check, Verdict.INCONCLUSIVE, stale.reason, expected, stale.next_step)
    wrong = "; ".join(f"{one.place} is an earlier {one.source}" for one in stale)
    return finding(check, not wrong, measured=wrong or expected, expected=expected, otherwise=Verdict.WARNING,
                   next_step=f"A file that is mounted by its own name is another one after a checkout: a reload reads "
                   f"the earlier one. Start it anew: docker compose -p {environment.project} restart "
                   f"{environment.proxy_service}. Better mount its folder.")
