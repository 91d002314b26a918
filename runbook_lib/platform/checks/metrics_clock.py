"""Do Prometheus' clock and ours agree, and does it still scrape? Without both, no figure is one of now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered

CLOCK_S = 5.0
SCRAPED_S = 150.0  # two minutes is the longest interval of scrapes that Prometheus can bridge
ON_SERVER = "Prometheus' clock is the server's"
# each alert is sent anew within a minute, and ends after four by Prometheus' clock. Source: its rules/alerting.go
ENDED_S = 180.0
SCRAPED = "targets are still scraped"


def clocks_agree(ahead_s: float | None, unanswered: Unanswered | None) -> Finding:
    """Whether Prometheus' clock is this machine's; `ahead_s` None: it is not known."""
    check, expected = "the clocks agree", f"within {CLOCK_S:g} s"
    if unanswered:
        return Finding(check, Verdict.INCONCLUSIVE, unanswered.reason, expected, unanswered.next_step)
    return finding(check, None if ahead_s is None else abs(ahead_s) <= CLOCK_S,
                   measured="not known" if ahead_s is None else f"Prometheus is {ahead_s:+.1f} s against this machine",
                   expected=expected, otherwise=Verdict.WARNING,
                   next_step="On both machines: `timedatectl`. The window is by Prometheus' clock.")


def clock_is_the_servers(environment: Environment, ahead: float | Unanswered) -> Finding:
    """Whether Prometheus and the server agree on the time; `ahead` in seconds.

    Behind by minutes it is a failure: Alertmanager takes each of its alerts for one that has ended.
    """
    expected = f"within {CLOCK_S:g} s"
    if reason := environment.no_monitoring_reason:
        return not_applicable(ON_SERVER, reason)
    if isinstance(ahead, Unanswered):
        return ahead.finding(ON_SERVER, expected)
    unsent = ahead <= -ENDED_S
    effect = ": Alertmanager takes each alert for one that has ended, and no one is informed" if unsent else ""
    return finding(ON_SERVER, abs(ahead) <= CLOCK_S, measured=f"{ahead:+,.1f} s against the server{effect}",
                   expected=expected, otherwise=Verdict.FAILED if unsent else Verdict.WARNING,
                   next_step="On both machines: `timedatectl`. Times of alerts and metrics are by Prometheus' clock.")


def still_scraped(scrapes: Mapping[str, datetime] | None, until: datetime) -> Finding:
    """Whether each job was scraped lately before `until`, Prometheus' time; None: it is not said, or not asked.

    One that was not is inconclusive: Prometheus repeats its last values for five minutes as if they were of now.
    """
    if scrapes is None:
        return Finding(SCRAPED, Verdict.NOT_APPLICABLE, "Prometheus does not say, or the window ends earlier than now")
    ended = {job: at for job, at in scrapes.items() if (until - at).total_seconds() > SCRAPED_S}
    names = ", ".join(f"{job} since {at:%H:%M:%S}" for job, at in sorted(ended.items()))
    measured = head_of(f"not scraped: {names} UTC", 200) if ended else (
        f"the last at {max(scrapes.values()):%H:%M:%S} UTC" if scrapes else "no target in the last hour")
    if ended and len(ended) == len(scrapes):
        measured = f"nothing since {max(ended.values()):%Y-%m-%d %H:%M:%S} UTC"
    return finding(SCRAPED, None if ended or not scrapes else True, measured=measured,
                   expected=f"each within {SCRAPED_S:.0f} s before {until:%H:%M:%S} UTC",
                   next_step="The last values are repeated for five minutes and are not of now. 40 Health shows the "
                             "targets; Prometheus' log says whether it read its configuration.")
