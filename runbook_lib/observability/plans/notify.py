"""Notify the team: a test message through each channel, from this machine. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runbook_lib.core.errors import BadParameter
from runbook_lib.core.messages import Message, Route, SendStep, one_line
from runbook_lib.core.plan import Plan, SkippedStep
from runbook_lib.core.text import did_you_mean
from runbook_lib.environment import Environment

HERE = "this machine"


def trial_message(environment: Environment, run_id: str, operator: str) -> Message:
    """What a test sends: it asks for nothing, and opens no incident."""
    contacts = ", ".join(f"{role} {address}" for role, address in environment.contacts.items())
    text = (f"This is a test of this channel by {one_line(operator)}. Nothing happened, and nothing is to be done.\n\n"
            f"Environment: {environment.name}, {environment.public.url}\nRun: {run_id}\nContacts: {contacts}")
    return Message(f"{environment.name}/{run_id}", f"[{environment.name}] Test of the notifications", text,
                   environment.public.host, details={"run": run_id, "operator": one_line(operator)})


def plan_notify(environment: Environment, routes: Sequence[Route], run_id: str, operator: str,
                channels: Sequence[str] = ()) -> Plan:
    """A step for each channel that is on, or for those named. Raises BadParameter where one of those is not known, or
    off: a run that tests nothing of what it was asked to test must not pass.
    """
    names = [route.channel for route in routes]
    off = {route.channel: route.off for route in routes if route.off}
    for name in channels:
        if name not in names:
            raise BadParameter(f"channels: there is no channel {name!r}{did_you_mean(name, names)}",
                               where=environment.name, next_step=f"Name some of: {', '.join(names)}.")
        if name in off:
            raise BadParameter(f"channels: {name} is off, and cannot be tested: {off[name]}", where=environment.name,
                               next_step="Configure it, or leave it out.")
    message = trial_message(environment, run_id, operator)
    wanted = [route for route in routes if not channels or route.channel in channels]
    steps = tuple(
        # nothing on a server is changed: there is nothing to undo, and no lock to take
        SendStep(route.channel, f"Send a test to {', '.join(route.to)} by {route.channel}", (), host=HERE,
                 why=f"through {route.through}", message=message, route=route)
        for route in wanted if not route.off
    )
    skipped = tuple(SkippedStep(f"Send a test by {route.channel}", route.off) for route in wanted if route.off)
    reason = "" if steps else "no channel is configured"
    # what is not sent has reached no one, whether this run was to send it or only to show it
    return Plan("notify", environment.name, steps, reason=reason, done=not skipped, skipped=skipped,
                achieves=f"A test message was sent by {', '.join(one.channel for one in wanted if not one.off)}")
