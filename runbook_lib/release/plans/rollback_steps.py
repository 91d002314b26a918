"""The steps that only a rollback has: reversing migrations, and the files and services it can do without at first."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.platform.plans.compose import compose, compose_up
from runbook_lib.platform.plans.nginx import reload_nginx, wait_until_drained
from runbook_lib.release.facts.schema_rollback import WayBack
from runbook_lib.release.plans import deploy_steps

DATA_SERVICES = ("postgres", "redis")


def files(environment: Environment, deployed: Deployed, target: Target) -> tuple[Step, ...]:
    """Checkout and `.env` of the earlier release; undone together, and what follows them after that."""
    follow = (data_services(environment), reload_nginx(environment))
    check_out = deploy_steps.check_out(environment, deployed, target)
    configure = deploy_steps.configure(environment, deployed, target)
    # what is left to undo before these two does not rest on them, and a broken release may keep nginx from reloading
    return (replace(check_out, undo=(*check_out.undo, *follow), undo_best_effort=True), configure)


def data_services(environment: Environment) -> Command:
    """PostgreSQL and Redis as `.env` and the checkout want them."""
    return compose_up(environment, *DATA_SERVICES)


def start_data(environment: Environment) -> Step:
    return Step(
        "start-infrastructure",
        "Bring the data services up",
        (data_services(environment),),
        why="what users need, and no more: monitoring follows when they are served",
    )


def follow_up(environment: Environment) -> Step:
    """Monitoring as the earlier release has it. Its failure is no reason to leave a release that serves."""
    command = replace(deploy_steps.up_infrastructure(environment), accepts=(0, 1))
    why = "after users are served; a service that does not come up shows in 21 Verify"
    return Step("start-monitoring", "Bring the monitoring services up", (command,), why=why)


def downgrade(environment: Environment, deployed: Deployed, back: WayBack) -> Step:
    """Reverse migrations by the image that has them, in one transaction. Undone: they run again, data stay gone."""
    colour = deployed.live_colour or "blue"
    taken = f"; it deletes: {', '.join(back.takes_away)}" if back.takes_away else ""
    return Step(
        "downgrade",
        f"Bring the schema from {back.schema_now} back to {back.schema_of_code}",
        (_alembic(environment, colour, back, "downgrade", back.schema_of_code),),
        undo=(_alembic(environment, colour, back, "upgrade", back.schema_now or "head"),),
        why=f"by the image of {(back.keeper or '')[:12]}, one transaction, 5 s for a lock{taken}",
    )


def stop_backend(environment: Environment, colour: str) -> Step:
    """The newer code must not serve on the older schema. Undone: it is started again, before the traffic comes back."""
    service = f"backend-{colour}"
    return Step(
        "stop-writers",
        f"Stop the backend of {colour}",
        (wait_until_drained(environment), compose(environment, "stop", service, profiles=(colour,))),
        undo=(compose_up(environment, service, profiles=(colour,)),),
        why="it has no traffic any more, and could not live with the older schema",
    )


def _alembic(environment: Environment, colour: str, back: WayBack, *words: str) -> Command:
    """A one-off container of the keeper's image; `upgrade` is safe where nothing was downgraded."""
    run = compose(environment, "run", "--rm", "--no-deps", "-T", f"backend-{colour}", "alembic", "-x",
                  "lock_timeout=5s", *words, timeout_s=600)
    # the process environment goes before .env: the service runs the keeper's image, whatever .env names
    return replace(run, argv=("env", f"{colour.upper()}_COMMIT={back.keeper or 'none'}", *run.argv))
