"""One fault for each of the plan's triggers, injected into one colour of the live release and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from lab.instance import Instance
from lab.processes import output

IN_CONTAINER = 'nsenter --target "$(docker inspect --format "{{.State.Pid}}" "$1")"'


@dataclass(frozen=True)
class Fault:
    """The trigger of the plan, what breaks, and the script that breaks it in a container ($1)."""

    trigger: str
    what: str
    service: str
    script: str

    def inject(self, instance: Instance, colour: str) -> None:
        """Break the service of that colour. Raises CommandFailed."""
        container = f"gw2-staging-{self.service}-{colour}-1"
        output(instance.inside("sh", "-ec", self.script, "fault", container), timeout_s=30)


# Removing or recreating the container ends each of them.
FAULTS = (
    Fault("Deployment health check failures", "the new frontend lost its files: its pages answer 404 or 500",
          "frontend", f"{IN_CONTAINER} --mount mount -t tmpfs tmpfs /srv/frontend"),
    Fault("API error rate > 10%", "the new backend cannot reach Redis: a third of the API's requests answer 503",
          "backend", f"{IN_CONTAINER} --net iptables -I OUTPUT -p tcp --dport 6379 -j REJECT "
                     "--reject-with tcp-reset"),
    Fault("Critical service unavailable", "the new backend is killed and stays down", "backend",
          'docker kill "$1"'),
)
