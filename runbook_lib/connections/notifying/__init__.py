"""Sends messages to people, through all channels at once, within one deadline; never raises, never waits for longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from runbook_lib.connections.notifying.attempt import Attempt
from runbook_lib.core.messages import Delivered, Delivery, Message, Route
from runbook_lib.core.text import head_of, printable
from runbook_lib.environment.notifications import Notifications

LONGEST_REASON = 300  # characters of what a channel replied


def deliver(message: Message, routes: Sequence[Route], settings: Notifications,
            clean: Callable[[str], str] = str) -> tuple[Delivered, ...]:
    """The outcome of the message in each channel, in the order of the routes.

    `clean` redacts what a channel replied. A channel that has not answered after `deadline_s` is given up: a thread of
    its own may hang in the name resolution, which has no time limit, and is left behind.
    """
    ends = time.monotonic() + settings.deadline_s
    sendings = [_Sending(message, route, settings, ends) for route in routes]
    for one in sendings:
        one.start()
    return tuple(_shown(one.result(ends), clean) for one in sendings)


class _Sending(threading.Thread):
    """One message on its way through one channel."""

    def __init__(self, message: Message, route: Route, settings: Notifications, ends: float) -> None:
        super().__init__(name=f"notify-{route.channel}", daemon=True)  # it must not keep the process alive
        self._message, self._route, self._settings = message, route, settings
        self._attempt = Attempt(ends)
        self._result: Delivered | None = None

    def run(self) -> None:
        """Send; whatever happens becomes a result."""
        try:
            self._result = self._send()
        except Exception as error:
            # not the error's text: a library may have put the webhook's address, a secret, into it
            reason = f"internal error (a bug in the runbooks): {type(error).__name__}"
            self._result = Delivered(self._route, Delivery.UNKNOWN if self._attempt.handed_over else Delivery.NOT_SENT,
                                     reason, "Report it with the run's id.")

    def _send(self) -> Delivered:
        if self._route.off:
            return Delivered(self._route, Delivery.OFF, self._route.off)
        # imported here: most runs send nothing, and these cost a tenth of a second
        if self._route.channel == "email":
            from runbook_lib.connections.notifying.mail import send_mail

            return send_mail(self._message, self._route, self._settings, self._attempt)
        from runbook_lib.connections.notifying.webhooks import send_to_webhook

        return send_to_webhook(self._message, self._route, self._settings, self._attempt)

    def result(self, ends: float) -> Delivered:
        """The result by the deadline; what is not there by then is given up, and its connection closed."""
        self.join(max(0.0, ends - time.monotonic()))
        if self._result is not None:
            return self._result
        with suppress(Exception):
            self._attempt.give_up()
        state = Delivery.UNKNOWN if self._attempt.handed_over else Delivery.NOT_SENT
        return Delivered(self._route, state, f"no answer within {self._settings.deadline_s:g} s",
                         f"Check whether {self._route.through} can be reached from this machine.")


def _shown(result: Delivered, clean: Callable[[str], str]) -> Delivered:
    """Redacted before it is cut: a piece of a secret is none that a redactor knows."""
    return replace(result, reason=head_of(" ".join(printable(clean(result.reason)).split()), LONGEST_REASON))
