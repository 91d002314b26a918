"""What plans are called that change what users reach: their names begin so, and the lock's record holds them."""

from __future__ import annotations

DEPLOY, ROLL_BACK, RESTORE = "deploy", "roll back to", "restore"
ALERT_DRILL, RESTORE_DRILL = "alert drill", "restore drill"
_CHANGE_SERVICES = (f"{DEPLOY} ", f"{ROLL_BACK} ", f"{RESTORE} ", ALERT_DRILL)


def changes_services(purpose: str) -> bool:
    """Whether services, the live release or alerts are other than usual while an operation of this name goes on."""
    return purpose != RESTORE_DRILL and purpose.startswith(_CHANGE_SERVICES)
