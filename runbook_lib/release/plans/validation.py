"""The release's configuration before it touches anything: as a question, and as a step where an image comes first."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.target import FIRST_COLOUR
from runbook_lib.platform.plans.release_files import exemptions_file, upstreams_file
from runbook_lib.release.facts.configuration import ValidatedConfiguration, unchanged_services, validated_configuration
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.plans.cutover_steps import EXEMPTIONS, UPSTREAMS


def validate_configuration(environment: Environment, tree: ReleaseTree, deployed: Deployed | None = None,
                      containers: Iterable[Container] = ()) -> Question[ValidatedConfiguration]:
    """Every mounted file of the release, read by the program that will read it, in throw-away containers.

    Takes seconds; nothing live is touched. With `deployed` and `containers`, services that run healthily with the same
    files and image are left out. Raises FactUnreadable when the server's reply cannot be read.
    """
    # both colours have the same text but for their names, and every service has an address in a run
    own = {UPSTREAMS: upstreams_file(FIRST_COLOUR), EXEMPTIONS: exemptions_file(environment)}
    same = unchanged_services(environment, tree, deployed, containers) if deployed else frozenset()
    return validated_configuration(environment, tree, own, same)
