"""The release's configuration before it touches anything: as a question, and as steps where an image comes first."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Step
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import FIRST_COLOUR, Target
from runbook_lib.platform.plans.release_files import env_file, exemptions_file, upstreams_file
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.checks.configuration import configuration_is_valid
from runbook_lib.release.facts.configuration import (
    RELEASE_ENV,
    ValidatedConfiguration,
    unchanged_services,
    validated_configuration,
)
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.plans import build_steps
from runbook_lib.release.plans.configuration_steps import infrastructure_services
from runbook_lib.release.plans.cutover_steps import EXEMPTIONS, UPSTREAMS

# Next to RELEASE_ENV: what is not part of a release, and variables that the server may not have yet.
SERVICES, PLACEHOLDERS = ".runbook/services", ".runbook/placeholders"


def validate_configuration(environment: Environment, tree: ReleaseTree, deployed: Deployed | None = None,
                      containers: Iterable[Container] = ()) -> Question[ValidatedConfiguration]:
    """Every mounted file of the release, read by the program that will read it, in throw-away containers.

    Takes seconds; nothing live is touched. With `deployed` and `containers`, services that run healthily with the same
    files and image are left out. Raises FactUnreadable when the server's reply cannot be read.
    """
    # both colours have the same text but for their names, and every service has an address in a run
    if environment.release.replaced:  # no file of ours is mounted there
        return validated_configuration(environment, tree, {})
    own = {UPSTREAMS: upstreams_file(environment, FIRST_COLOUR), EXEMPTIONS: exemptions_file(environment)}
    # what Compose would make anew is not unchanged, and without a live release it is not asked
    asked = deployed is not None and deployed.live_colour is not None
    same = unchanged_services(environment, tree, deployed, containers) if deployed and asked else frozenset()
    if deployed and deployed.live_colour and tree.commit:
        target = Target(tree.commit.commit, tree.commit.version, tree.configuration, "")
        own[RELEASE_ENV] = env_file(Rollout(environment, deployed, target), live=deployed.live_colour)
        lasting = (environment.proxy_service, *infrastructure_services(environment))
        own[SERVICES] = "".join(f"{name}\n" for name in lasting)
        own[PLACEHOLDERS] = "".join(f"{name}=placeholder\n" for name in environment.server_secrets)
    return validated_configuration(environment, tree, own, same)


def pull_and_validate(environment: Environment, configuration: ValidatedConfiguration | None,
                      tree: ReleaseTree | None) -> tuple[Step, ...]:
    """Images that the server does not have are pulled, then what they will read is validated; as a rule nothing."""
    if configuration is None or tree is None or not configuration.missing_images:
        return ()
    gate = Gate(
        "the release's configuration",
        (validate_configuration(environment, tree),),
        lambda validated: configuration_is_valid(validated, environment),
        success_threshold=1, interval_s=600, deadline_s=600, failure_threshold=1,  # files do not change by waiting
    )
    return (
        build_steps.pull(environment, *configuration.missing_images),
        Step(StepKey.VALIDATE, "Validate the release's configuration", (gate,),
             why="in throw-away containers; what could be read before this plan was read already"),
    )
