"""One operation at a time: the environment lock, a kernel `flock` on the server that dies with its holder.

The holder is a remote process whose input is our channel. It ends when the channel closes (this process ended, was
killed, or the connection broke) and when our heartbeats stop for `limits.lock_silence_s` (a network that drops packets
silently). Jobs hold a second lock, shared, so that work which outlives its run still keeps others out.
"""

from __future__ import annotations

from runbook_lib.connections.lock.breaking import break_lock
from runbook_lib.connections.lock.holding import EnvironmentLock
from runbook_lib.connections.lock.inspecting import lock_holder
from runbook_lib.connections.lock.refusals import MAINTENANCE_WATCHDOG

__all__ = ["MAINTENANCE_WATCHDOG", "EnvironmentLock", "break_lock", "lock_holder"]
