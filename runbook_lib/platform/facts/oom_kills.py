"""How often the kernel killed a process of a service for memory. A killed worker leaves its container running."""

from __future__ import annotations

import re

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment

_CGROUPS = "/sys/fs/cgroup"
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def count_oom_kills(environment: Environment, service: str) -> Question[int | None]:
    """Processes of the service's containers killed for memory; None when none is running or shows a counter.

    Source: Linux kernel, admin-guide/cgroup-v2 (memory.events) and cgroup-v1/memory (memory.oom_control).
    """

    def fetch(connections: Connections) -> int | None:
        program = programs.text("platform/oom_kills.sh")
        argv = ("sh", "-c", program, "oom_kills.sh", _CGROUPS, environment.project, service)
        return parse_kills(connections.server.run(Command(argv, timeout_s=15, accepts=tuple(range(256)))).stdout)

    return Question(f"OOM kills of {service}", fetch)


def parse_kills(text: str) -> int | None:
    """The sum of the kernel's counters; None where there is none."""
    found = _KILLS.findall(text)
    return sum(int(count) for count in found) if found else None
