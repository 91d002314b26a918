"""May this release come back, and may it with this answer to the data question? Only what is necessary. Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.live_release import containers_are_healthy
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import Target
from runbook_lib.recovery.facts.data_loss import DataLoss
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.rollback_targets import RollbackTarget
from runbook_lib.release.facts.schema_rollback import DataChoice, WayBack

FITS = "the earlier code can live with the schema"


def rollback_preconditions(
    deployed: Deployed, choice: RollbackTarget, tree: ReleaseTree, way_back: WayBack, *, database: DataChoice
) -> tuple[Finding, ...]:
    """The release can be had, the server has its secrets, and code and schema will fit. No more than that."""
    image = finding("its images are on the server", choice.image, measured="yes" if choice.image else "gone",
                    expected="yes", otherwise=Verdict.WARNING,
                    next_step="They are built from the commit first: it takes a minute longer.")
    return (
        finding("its commit can be had", tree.commit is not None, measured=tree.problem or choice.release.commit[:12],
                expected="in the checkout or at the origin", next_step="Choose another release from the table."),
        image,
        finding("the server has its secrets", deployed.secrets_sha256 is not None,
                measured="yes" if deployed.secrets_sha256 else ".env.secrets is missing", expected="yes",
                next_step="20 Deploy delivers them: deploy the earlier tag with it instead."),
        _schema(way_back, database),
    )


def rollback_is_live(
    environment: Environment, deployed: Deployed, containers: tuple[Container, ...], target: Target
) -> tuple[Finding, ...]:
    """The earlier release has the traffic, the record says that it came by a rollback, and what users need is well."""
    last = deployed.releases[-1] if deployed.releases else None
    colour = deployed.live_colour or "blue"
    again = "Run this notebook again: it does what is missing."
    return (
        finding("traffic goes to the release", deployed.live_commit == target.commit,
                measured=(deployed.live_commit or "none")[:12], expected=target.commit[:12], next_step=again),
        finding("the rollback is on record", last is not None and last.commit == target.commit,
                measured=f"{last.version}: {last.reason}" if last else "nothing", expected=target.version,
                next_step=again),
        *containers_are_healthy(containers, (f"backend-{colour}", f"frontend-{colour}", "nginx", "postgres", "redis")),
    )


def describe_data_impact(way_back: WayBack, database: DataChoice, loss: DataLoss | None) -> str:
    """What becomes of the data, in a sentence, before anything happens."""
    if database == "restore" and loss is not None:
        return loss.sentence
    if database == "downgrade" and way_back.newer:
        taken = ", ".join(way_back.takes_away) or "nothing that its source names"
        return (
            f"The schema goes back from {way_back.schema_now} to {way_back.schema_of_code}; with it go: {taken}. What "
            "these columns and tables hold is lost; a verified backup is taken first. All other rows stay."
        )
    return f"No row is lost: the data stay as they are. {_capital(way_back.said)}."


def _schema(way_back: WayBack, database: DataChoice) -> Finding:
    expected = f"{way_back.schema_of_code or 'one head'}, or a newer one that it can live with"
    measured = f"schema {way_back.schema_now or 'not known'}: {way_back.said}"
    if database == "restore":
        return Finding(FITS, Verdict.PASSED, "the backup brings its own schema", expected)
    if database == "downgrade" and way_back.newer:
        by = f"{', '.join(way_back.reverses) or 'no way known'}, by the image of {(way_back.keeper or 'none')[:12]}"
        return finding("the migrations can be reversed", bool(way_back.keeper and way_back.reverses), measured=by,
                       expected="an image on the server that has them",
                       next_step='Deploy the release that made this schema (20 Deploy), or database = "restore".')
    if way_back.compatible is False:
        return finding(FITS, False, measured=measured, expected=expected,
                       next_step='Run again with database = "downgrade": it reverses the migrations and loses '
                                 'what they '
                       'added; or with database = "restore": it brings an earlier backup back.')
    return finding(FITS, way_back.compatible is True, measured=measured, expected=expected, otherwise=Verdict.WARNING,
                   next_step="It could not be tried; the gates look before users are on it, and go back when it fails.")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
