"""The plan's manual commands, run one after the other without a pause, as a practised operator would.

They are translated to a server with two colours, always in their favour:

- `git pull origin develop` becomes a checkout of the release's tag, so that both methods deploy the same commit;
- `docker-compose pull` has nothing to pull, because application images are built on the server; they are built
  before measuring, for both methods, and the two variables that name the image are set in `.env`;
- `up -d` recreates the live colour's containers with the new image: as it does with the plan's only backend;
- `exec backend poetry run alembic upgrade head` names the live colour's backend, and its image needs no poetry;
- the plan stops at `curl /health`. When that does not answer within 20 s, a last command restarts nginx, because nginx
  resolves the addresses of its upstreams only once: an operator would find that too, but later;
- no backup is taken or restored: the plan's deployment has none, and its rollback says "if needed".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.errors import CommandFailed, LabError
from lab.instance import CHECKOUT, Instance
from lab.processes import output

COMPOSE = "docker compose -f docker-compose.staging.yml --env-file .env --env-file .env.secrets"
HEALTH = ("curl", "-fsSk", "--max-time", "4", "https://127.0.0.1/health")
REPLY_TIMEOUT_S = 20.0
UP_TIMEOUT_S = 240


@dataclass(frozen=True)
class Operator:
    """An operator at a shell of the server. `note` records every command that is not in the plan."""

    instance: Instance
    note: Callable[[str], None]

    def deploy(self, tag: str) -> None:
        """The plan's Manual Deployment, steps 2 to 6. Raises LabError when the service does not recover."""
        self._check_out(tag)
        self.shell(f"{COMPOSE} up -d")
        self.shell(f"{COMPOSE} exec -T backend-{self.colour()} alembic upgrade head")
        self._verify()

    def roll_back(self, tag: str) -> None:
        """The plan's Manual Rollback, steps 2, 3, 5 and 6. Raises LabError when the service does not recover."""
        self.shell(f"{COMPOSE} down")
        self._check_out(tag)
        self.shell(f"{COMPOSE} up -d")
        self._verify()

    def colour(self) -> str:
        """The live colour, according to `.env`."""
        return self.shell("sed -n 's/^COMPOSE_PROFILES=[^a-z]*\\(blue\\|green\\).*/\\1/p' .env").strip()

    def _check_out(self, tag: str) -> None:
        colour = self.colour().upper()
        commit = self.shell(f"git checkout --quiet --force {tag} && git rev-parse HEAD").strip()
        names = {f"{colour}_COMMIT": commit, f"{colour}_VERSION": tag}
        edits = " ".join(f"-e 's|^{name}=.*|{name}={value}|'" for name, value in names.items())
        self.shell(f"sed -i {edits} .env")

    def _verify(self) -> None:
        if self._answers(REPLY_TIMEOUT_S):
            return
        self.note("/health did not recover: nginx was restarted, which is not in the plan")
        self.shell(f"{COMPOSE} restart nginx")
        if not self._answers(3 * REPLY_TIMEOUT_S):
            raise LabError("The service does not answer after the plan's manual commands.",
                           next_step=f"python -m lab status --name {self.instance.name}")

    def _answers(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            try:
                output(self.instance.inside(*HEALTH, user="deploy"), timeout_s=10)
                return True
            except CommandFailed:
                time.sleep(0.5)
        return False

    def shell(self, line: str) -> str:
        """Run one line in the checkout as user deploy; returns its output. Raises CommandFailed."""
        return output(self.instance.inside("sh", "-ec", f"cd {CHECKOUT} && {line}", user="deploy"),
                      timeout_s=UP_TIMEOUT_S)
