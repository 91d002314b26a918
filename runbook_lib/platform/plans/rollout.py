"""The value that every step of a deployment, a rollback or a restore is made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import restarts_of
from runbook_lib.platform.checks.live_release import ExpectedRelease
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.earlier_answers import Unanswered, missing_paths, unanswered
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target, idle_colour

BreakingMigration = Literal["refuse", "accept"]
Sessions = Literal["keep", "end"]


@dataclass(frozen=True)
class Choices:
    """What the operator decided. `operator` and `reason` go into the release record.

    With `breaking_migration` "accept" the compatibility check is left out, and nothing is rolled back automatically
    after the migration. `watch_s` None: as the environment says. With `sessions` "end" users may be logged out.
    """

    operator: str = ""
    reason: str = ""
    breaking_migration: BreakingMigration = "refuse"
    watch_s: float | None = None
    sessions: Sessions = "keep"


@dataclass(frozen=True)
class Rollout:
    """One release on its way to one environment: where, from which state, which release, and what was decided.

    `containers` are those that ran before the first step, and `endpoints` what users got then; `texts_of` is as in
    ExpectedRelease. `renewed` are services whose running containers are not as the target's Compose file describes
    them; None: it was not asked.
    """

    environment: Environment
    deployed: Deployed
    target: Target
    choices: Choices = Choices()
    containers: tuple[Container, ...] = ()
    texts_of: frozenset[str] | None = None
    endpoints: tuple[Endpoint, ...] = ()
    renewed: frozenset[str] | None = None

    @property
    def colour(self) -> str:
        """The colour that the target goes to: the one without traffic."""
        return idle_colour(self.deployed)

    @property
    def live_colour(self) -> str | None:
        """The colour that has the traffic now; None before the first deployment."""
        return self.deployed.live_colour

    @property
    def has_database(self) -> bool:
        """Whether there is a database to be backed up: Docker or PostgreSQL shows it, whatever the files say."""
        # a lost file must not turn a database with data into a first deployment
        database = self.environment.database_service
        return bool(database) and (
            self.target.schema_now is not None or any(one.service == database for one in self.containers))

    @property
    def services(self) -> tuple[str, ...]:
        """The services of the release in the target's colour, as Compose names them."""
        return self.environment.slot(self.colour)

    @property
    def expected(self) -> ExpectedRelease:
        """What the gates compare each probe with."""
        return ExpectedRelease(self.target.commit, self.target.schema_expected, self.colour,
                               self.environment.shared_services, self.target.version, self.texts_of,
                               self.missing_in_target)

    @property
    def returns_to(self) -> str | None:
        """The commit that an undo returns to; None where nothing is live, or nothing of it is recorded."""
        state = self.deployed.replaced
        if state is None:
            return self.deployed.live_commit
        if state.by_hand:
            return self.deployed.head
        return state.previous.commit if state.previous else None

    @property
    def unanswered_before(self) -> Unanswered:
        """What the release that an undo returns to does not answer: as asked now; else as an earlier run recorded it.

        After an interrupted run another release may answer: then only the record counts.
        """
        known = self.deployed.unanswered.get(self.returns_to or "", {})
        if not self._is_settled:
            return known
        replied = {one.path for one in self.endpoints if one.status is not None}
        return {**{path: status for path, status in known.items() if path not in replied},
                **unanswered(self.environment, self.endpoints)}

    @property
    def missing_in_target(self) -> Unanswered:
        """The paths that an earlier release as the target is known not to have; one that is deployed has them all."""
        if self.texts_of is None:
            return {}
        live = self.target.commit == self.returns_to
        return missing_paths(self.unanswered_before if live else self.deployed.unanswered.get(self.target.commit, {}))

    @property
    def _is_settled(self) -> bool:
        """Whether what users get is what an undo returns to: no run ended half-way before."""
        deployed, state = self.deployed, self.deployed.replaced
        if state is None:
            return deployed.live_colour in deployed.variables.get("COMPOSE_PROFILES", "").split(",")
        return bool(state.by_hand) or (state.commit == self.returns_to and not state.unsettled)

    @property
    def restarts(self) -> dict[str, int]:
        """Restart counts by service before the first step: they are not counted against the target."""
        return restarts_of(self.containers)

    @property
    def migrated(self) -> bool:
        """Whether the database already has the schema that the target expects, or nothing of ours could change it."""
        return "migrations" in self.environment.without or self.target.schema_now == self.target.schema_expected

    @property
    def watch_s(self) -> float:
        """Seconds for which the target is watched: as the operator chose, else as the environment says."""
        chosen_s = self.choices.watch_s
        return self.environment.rollback.watch_s if chosen_s is None else chosen_s

    def in_live_colour(self) -> Rollout:
        """The same for a target that has the traffic already: `colour` is then the live one."""
        return replace(self, deployed=replace(self.deployed, live_colour=self.colour))

    def path(self, name: str) -> str:
        """A path below the server's project directory, e.g. `path("compose.yml")`."""
        return self.environment.server.path(name)
