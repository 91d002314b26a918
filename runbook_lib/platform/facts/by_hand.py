"""An application that runs and that no runbook has deployed: what it is called, and how far the runbooks go with it."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.errors import PreconditionFailed
from runbook_lib.platform.facts.containers import Container

BY_HAND = "an application runs that no runbook has deployed"
NOT_YET = ("20 Deploy records it before it changes anything, and an undo returns to it. Until then its data can "
           "be backed up and restored by 30 to 34, and its health read by 40.")


def running_services(containers: Iterable[Container]) -> tuple[str, ...]:
    """Each running service with its image and the beginning of its id: another image is another state.

    Where none runs, all of them with their states: an application that is down is not one that was never there.
    """
    known = tuple(containers)
    running = tuple(f"{one.service} ({one.image}, {one.image_id.removeprefix('sha256:')[:12]})"
                    for one in known if one.state == "running")
    return running or tuple(f"{one.service} ({one.state})" for one in known)


def summary(services: tuple[str, ...], head: str | None) -> dict[str, str]:
    """The state in words, for a table."""
    return {"live": BY_HAND, "services": ", ".join(services), "checked out": (head or "nothing")[:12],
            "last recorded": "nothing yet"}


def not_recorded(services: tuple[str, ...]) -> PreconditionFailed:
    """Why there is no recorded release that is live."""
    return PreconditionFailed(f"{BY_HAND[0].upper()}{BY_HAND[1:]}: {', '.join(services)}.",
                              where="the release history", next_step=NOT_YET)
