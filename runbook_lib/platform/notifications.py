"""What a run sends when it ends: to whom, through which channels, in which words; and the outcome, as findings.

The channels are those of the alerts. Nothing here opens a connection: `connections.notifying` sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.messages import LONGEST_TEXT, Delivered, Delivery, Message, Route, one_line
from runbook_lib.core.redaction import Secret
from runbook_lib.core.text import head_of, printable
from runbook_lib.environment import Environment
from runbook_lib.environment.rules import AlertChannel

INFORMED = "the team is informed"
EMAIL, SLACK, PAGERDUTY = "email", "slack", "pagerduty"  # the channels' names in the environment file
LONGEST_FIELD = 1000  # characters of one foreign text; the whole message has its own bound
# the worst ends call an engineer; a check that failed is an error, missing data a warning
_SEVERITIES = {"rollback failed": "critical", "inconclusive": "warning", "refused": "warning"}


@dataclass(frozen=True)
class RunEnd:
    """How a run ended, in the words of its report. `target` is what its plan was: `deploy v3.2.1`."""

    run_id: str
    title: str
    verdict: Verdict
    state: str
    summary: str
    next_step: str = ""
    target: str = ""
    commit: str = ""
    operator: str = ""
    reason: str = ""
    link: str = ""

    @property
    def is_problem(self) -> bool:
        """Whether the team should act."""
        return not self.verdict.acceptable and self.verdict is not Verdict.NOT_APPLIED

    @property
    def words(self) -> str:
        """`passed`; where the state says more, both: `failed (rolled back)`."""
        plain = self.state in ("finished", str(self.verdict))
        return str(self.verdict) if plain else one_line(f"{self.verdict} ({self.state})")


def notification_routes(environment: Environment, secrets: Mapping[str, Secret]) -> tuple[Route, ...]:
    """Every channel of the environment file, also those that are off, each with the reason."""
    return tuple(_route(environment, secrets, name, one) for name, one in environment.alerts.channels.items())


def _route(environment: Environment, secrets: Mapping[str, Secret], name: str, channel: AlertChannel) -> Route:
    secret = secrets.get(channel.secret or "")
    missing = f"{channel.secret} is not available to this run"
    if channel.secret is None:
        missing = f"alerts.channels.{name} names no secret"
    match name:
        case "email":
            return _mail_route(environment, secrets, channel)
        case "slack":
            return Route(name, channel.title, ("the channel of the webhook",), f"the webhook in {channel.secret}",
                         secret, "" if secret else missing)
        case "pagerduty":
            return Route(name, channel.title, ("the service of the routing key",),
                         environment.notifications.pagerduty_url, secret, "" if secret else missing)
        case _:
            known = ", ".join((EMAIL, SLACK, PAGERDUTY))
            return Route(name, channel.title, off=f"runs cannot send through it; they know {known}")


def _mail_route(environment: Environment, secrets: Mapping[str, Secret], channel: AlertChannel) -> Route:
    mail = environment.notifications.mail
    if mail is None:
        return Route(EMAIL, channel.title, channel.to, off="no mail server is named: notifications.mail")
    through = f"{mail.host}:{mail.port}"
    if not channel.to:
        return Route(EMAIL, channel.title, (), through, off="no address is named: alerts.channels.email.to")
    secret = secrets.get(mail.password or "")
    off = f"{mail.password} is not available to this run" if mail.password and secret is None else ""
    return Route(EMAIL, channel.title, channel.to, through, secret, off)


def compose_message(environment: Environment, end: RunEnd) -> Message:
    """The message about a run's end: summary, verdict, next step, link and contacts, as plain text.

    Foreign text (a commit's subject, a reason) is made printable and cut. The caller has redacted it.
    """
    about = one_line(end.target) or one_line(end.title)
    about = about[:1].upper() + about[1:]
    lines = [f"{about}: {end.words}", "", _field(end.summary)]
    lines += [f"Next: {_field(end.next_step)}"] if end.next_step and end.is_problem else []
    lines += ["", f"Environment: {environment.name}, {environment.public.url}"]
    lines += [f"{name}: {one_line(value, LONGEST_FIELD)}" for name, value in
              (("Notebook", end.title), ("Commit", end.commit), ("Operator", end.operator), ("Reason", end.reason),
               ("Run", end.run_id), ("Report", end.link)) if value]
    lines += ["", "Contacts: " + ", ".join(f"{role} {address}" for role, address in environment.contacts.items())]
    return Message(
        key=f"{environment.name}/{end.run_id}", subject=one_line(f"[{environment.name}] {about}: {end.words}"),
        text=head_of("\n".join(lines), LONGEST_TEXT), source=environment.public.host, problem=end.is_problem,
        severity=_SEVERITIES.get(end.state, "error") if end.is_problem else "info",
        link=end.link if end.link.startswith("https://") else "",
        details={"run": end.run_id, "verdict": end.words, "operator": one_line(end.operator)},
    )


def _field(text: str) -> str:
    return head_of(printable(text).strip(), LONGEST_FIELD)


def findings_of(results: Iterable[Delivered], *, required: bool = False) -> tuple[Finding, ...]:
    """One finding a channel, and one for all where none is configured. What was not sent is a warning, as the run's own
    work is done; `required`: a failure."""
    results = tuple(results)
    if not required and results and all(one.state is Delivery.OFF for one in results):
        why = "; ".join(f"{one.route.channel}: {one.reason}" for one in results)
        return (Finding(INFORMED, Verdict.NOT_APPLICABLE, f"no channel is configured ({why})"),)
    return tuple(_finding(one, Verdict.FAILED if required else Verdict.WARNING) for one in results)


def _finding(result: Delivered, otherwise: Verdict) -> Finding:
    route, to = result.route, ", ".join(result.route.to)
    if result.state is Delivery.OFF:
        return Finding(route.check, Verdict.NOT_APPLICABLE, result.reason)
    if result.state is Delivery.SENT:
        return Finding(route.check, Verdict.PASSED, f"sent to {to}", "sent")
    # it may have arrived: as a test of the channel that is neither a pass nor a failure
    verdict = Verdict.INCONCLUSIVE if result.state is Delivery.UNKNOWN and otherwise is Verdict.FAILED else otherwise
    return Finding(route.check, verdict, f"{result.state}: {result.reason}", f"sent to {to}", result.next_step)
