"""Has a run that was killed left a container next to the application? Pure."""

from __future__ import annotations

from datetime import timedelta

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import pluralize
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.leftovers import RunContainer, RunContainers

CHECK, EXPECTED = "no killed run left a container", "none"
# 10 Preflight holds no lock, and its copies end automatically after 5 minutes. Source: LIMIT_S of their programs
WITHOUT_LOCK = ("schema-copy", "configuration-validation", "overlaid-files")
SHORT = timedelta(minutes=15)
_BY_HAND = "by hand: docker rm --force --volumes {name}"
# by the value of the label runbook.job: what it is, and what ends it
_ENDED = {
    "candidate": ("a candidate, which works on the live database with another release's code",
                  "20 Deploy, 22 Rollback and 32 Restore end it before they begin; "),
    "migration": ("a migration, which may change the schema still",
                  "20 Deploy, 22 Rollback and 32 Restore end it before they begin; let it end first where its log "
                  "shows that it works: docker logs {name}; "),
    "schema-copy": ("a copy of the schema", "10 Preflight and 20 Deploy remove what has ended; "),
    "configuration-validation": ("a validation of configuration", "10 Preflight and 20 Deploy remove it; "),
    "overlaid-files": ("a comparison of an image with a volume", "it ends automatically after a minute; "),
    "restore-drill": ("a restore drill", "31 Restore drill removes it first; "),
    "alert-drill": ("an alert drill, which provokes an alert", "42 Alert drill, applied, removes it first; "),
}


def nothing_is_left(found: RunContainers | Unanswered | None) -> tuple[Finding, ...]:
    """One warning a container that no run in progress can own, with what ends it. None: Docker did not answer."""
    if found is None or isinstance(found, Unanswered):
        reason, advice = (found.reason, found.next_step) if found else ("Docker does not answer", "")
        return (Finding(CHECK, Verdict.INCONCLUSIVE, reason, EXPECTED,
                        advice or "Check the Docker Engine on the server: `systemctl status docker`."),)
    left = [one for one in found.containers if not _may_be_in_use(found, one)]
    if left:
        return tuple(_left(found, one) for one in left)
    words = pluralize(len(found.containers), "container")
    return (Finding(CHECK, Verdict.PASSED, f"{words} of a run in progress" if found.containers else "none", EXPECTED),)


def _may_be_in_use(found: RunContainers, one: RunContainer) -> bool:
    young = one.made is not None and found.at - one.made < SHORT
    return found.locked or (one.job in WITHOUT_LOCK and young)


def _left(found: RunContainers, one: RunContainer) -> Finding:
    what, ends = _ENDED.get(one.job, (f"a container of {one.job or 'a run'}", ""))
    since = f", made {one.made:%Y-%m-%d %H:%M} UTC" if one.made else ""
    advice = (ends + _BY_HAND).format(name=one.name)
    measured = f"{what}; {one.state}{since}; no run holds the lock"
    return Finding(f"{CHECK}: {one.name}", Verdict.WARNING, measured, EXPECTED, advice[:1].upper() + advice[1:])
