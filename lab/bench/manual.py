"""The plan's manual commands, typed one after the other without a pause, as an operator with practice would.

They are translated to a server with two colours as kindly as can be:

- `git pull origin develop` becomes a checkout of the release's tag, so that both ways deploy the same commit;
- `docker-compose pull` has nothing to pull, because application images are built on the server; they are built
  before the measuring, for both ways, and the two variables that name the image are set in `.env`;
- `up -d` recreates the live colour's containers with the new image: what it does to the plan's one backend;
- `exec backend poetry run alembic upgrade head` names the live colour's backend, and its image needs no poetry;
- the plan stops at `curl /health`. When that does not answer within 20 s, a last command restarts nginx, because nginx
  looks its upstreams' addresses up once: an operator would come to that, later than we do;
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
PATIENCE_S = 20.0
UP_TIMEOUT_S = 240


@dataclass(frozen=True)
class Operator:
    """Somebody at a shell of the server. `note` hears of everything typed that the plan does not say."""

    instance: Instance
    note: Callable[[str], None]

    def deploy(self, tag: str) -> None:
        """The plan's Manual Deployment, steps 2 to 6. Raises LabError when the site does not come back."""
        self._check_out(tag)
        self.shell(f"{COMPOSE} up -d")
        self.shell(f"{COMPOSE} exec -T backend-{self.colour()} alembic upgrade head")
        self._verify()

    def roll_back(self, tag: str) -> None:
        """The plan's Manual Rollback, steps 2, 3, 5 and 6. Raises LabError when the site does not come back."""
        self.shell(f"{COMPOSE} down")
        self._check_out(tag)
        self.shell(f"{COMPOSE} up -d")
        self._verify()

    def colour(self) -> str:
        """The colour that `.env` calls live."""
        return self.shell("sed -n 's/^COMPOSE_PROFILES=[^a-z]*\\(blue\\|green\\).*/\\1/p' .env").strip()

    def _check_out(self, tag: str) -> None:
        colour = self.colour().upper()
        commit = self.shell(f"git checkout --quiet --force {tag} && git rev-parse HEAD").strip()
        names = {f"{colour}_COMMIT": commit, f"{colour}_VERSION": tag}
        edits = " ".join(f"-e 's|^{name}=.*|{name}={value}|'" for name, value in names.items())
        self.shell(f"sed -i {edits} .env")

    def _verify(self) -> None:
        if self._answers(PATIENCE_S):
            return
        self.note("/health did not come back by itself: nginx was restarted, which the plan does not say")
        self.shell(f"{COMPOSE} restart nginx")
        if not self._answers(3 * PATIENCE_S):
            raise LabError("The plan's manual commands left a server that does not answer.",
                           next_step=f"python -m lab status --name {self.instance.name}")

    def _answers(self, patience_s: float) -> bool:
        give_up = time.monotonic() + patience_s
        while time.monotonic() < give_up:
            try:
                output(self.instance.inside(*HEALTH, user="deploy"), timeout_s=10)
                return True
            except CommandFailed:
                time.sleep(0.5)
        return False

    def shell(self, line: str) -> str:
        """One line in the checkout, as the user deploy; what it prints. Raises CommandFailed."""
        return output(self.instance.inside("sh", "-ec", f"cd {CHECKOUT} && {line}", user="deploy"),
                      timeout_s=UP_TIMEOUT_S)
