"""One fault for each of the plan's triggers, put into one colour of a running release and into nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from lab.instance import Instance
from lab.processes import output

IN_ITS_NAMESPACES = 'nsenter --target "$(docker inspect --format "{{.State.Pid}}" "$1")"'


@dataclass(frozen=True)
class Fault:
    """What breaks, which trigger of the plan it is for, and the script that does it to a container ($1)."""

    trigger: str
    what: str
    service: str
    script: str

    def inject(self, instance: Instance, colour: str) -> None:
        """Break the service of that colour. Raises CommandFailed."""
        container = f"gw2-staging-{self.service}-{colour}-1"
        output(instance.inside("sh", "-ec", self.script, "fault", container), timeout_s=30)


# Removing or recreating the container takes each of them away.
FAULTS = (
    Fault("Deployment health check failures", "the new frontend has lost its files: its pages answer 404 or 500",
          "frontend", f"{IN_ITS_NAMESPACES} --mount mount -t tmpfs tmpfs /srv/frontend"),
    Fault("API error rate > 10%", "the new backend reaches Redis no more: a third of the API's requests answer 503",
          "backend", f"{IN_ITS_NAMESPACES} --net iptables -I OUTPUT -p tcp --dport 6379 -j REJECT "
                     "--reject-with tcp-reset"),
    Fault("Critical service unavailable", "the new backend is killed and stays down", "backend",
          'docker kill "$1"'),
)
