"""Messages to people: what is sent, through which channel, and the outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runbook_lib.core.plan import Step
from runbook_lib.core.redaction import Secret
from runbook_lib.core.text import head_of, printable

LONGEST_SUBJECT = 200  # characters; a phone shows fewer
NOTIFIED = "Notifications"  # the stage of a run's end in its journal: what informed the team of it
LONGEST_TEXT = 3000  # characters: what Slack shows without folding it away; the report has the rest


@dataclass(frozen=True)
class Message:
    """One message as plain text. `key` identifies the event: what was sent about it before is not sent again.

    `problem` means that the team should act: PagerDuty opens an incident then, and records a change otherwise.
    """

    key: str
    subject: str
    text: str
    source: str
    problem: bool = False
    severity: str = "info"  # a word of PagerDuty's: critical, error, warning, info
    link: str = ""
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One channel and where it leads. `off` is why nothing can be sent through it; empty where something can.

    `secret` is the webhook's address, the routing key or the password; it is shown nowhere.
    """

    channel: str
    title: str
    to: tuple[str, ...] = ()
    through: str = ""
    secret: Secret | None = field(default=None, repr=False)
    off: str = ""

    @property
    def check(self) -> str:
        """The name of the finding about it."""
        return f"{self.channel} takes the message"


class Delivery(StrEnum):
    """The outcome of a message in one channel."""

    SENT = "sent"
    NOT_SENT = "not sent"
    PARTLY_SENT = "sent to some"
    UNKNOWN = "not known"  # it may have arrived: the channel went silent after it had everything
    OFF = "not applicable"


@dataclass(frozen=True)
class Delivered:
    """The result in one channel, with the reason where it is anything else than sent."""

    route: Route
    state: Delivery
    reason: str = ""
    next_step: str = ""


@dataclass(frozen=True)
class SendStep(Step):
    """A step of a plan that changes no server: one message through one channel, from this machine."""

    message: Message | None = None
    route: Route | None = None

    def describe(self) -> dict[str, Any]:
        """What the plan's hash covers: who gets something, and through what. Not the words: they name the run."""
        route = self.route
        led = {"channel": route.channel, "to": list(route.to), "through": route.through} if route else {}
        return super().describe() | led


def one_line(text: str, limit: int = LONGEST_SUBJECT) -> str:
    """Foreign text as one line of at most `limit` characters: line ends could begin a header of their own."""
    return head_of(" ".join(printable(text).split()), limit)
