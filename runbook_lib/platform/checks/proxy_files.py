"""Does the proxy have the files of the checkout? Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.mounted_files import StaleFile


def proxy_has_its_files(environment: Environment, stale: Iterable[StaleFile] | Unanswered) -> Finding:
    """A file that is mounted by its own name is not read anew by a reload: a warning, for users are answered."""
    service = environment.proxy_service
    if isinstance(stale, Unanswered):
        return Finding(f"{service} has the mounted files of the server", Verdict.INCONCLUSIVE, stale.reason,
                       "all of them", stale.next_step)
    wrong = "; ".join(f"{one.place} is an earlier {one.source}" for one in stale)
    return finding(f"{service} has the mounted files of the server", not wrong, measured=wrong or "all of them",
                   expected="all of them", otherwise=Verdict.WARNING,
                   next_step=f"A file that is mounted by its own name is another one after a checkout: a reload reads "
                   f"the earlier one. Start it anew: docker compose restart {service}. Better mount its folder.")
