"""Does every service take the configuration that the release gives it? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.configuration import TrialOutcome, TriedConfiguration, TriedService

CORRECT = "Correct the file in the release, give it a new tag, and run again. Nothing was changed."


def configuration_is_valid(tried: TriedConfiguration, environment: Environment, *,
                           pulled: bool = True) -> tuple[Finding, ...]:
    """One finding a service that mounts files of the release: tried by the program that will read them.

    `pulled` False: images that are missing are pulled by the plan, which tries them then; until then it is a warning.
    """
    absent = environment.absent_services
    untried = tuple(
        Finding(_name(name), Verdict.WARNING, f"not tried: no trial of {', '.join(sources)} is known",
                "its program takes the files", "Read them; the release's gate sees only what users see.")
        for name, sources in dict(tried.untried).items() if name not in absent
    )
    return (*(_finding(one, pulled=pulled) for one in tried.services), *untried)


def _finding(one: TriedService, *, pulled: bool) -> Finding:
    expected = f"{one.image} takes {', '.join(one.sources)}"
    match one.outcome:
        case TrialOutcome.PASSED:
            return Finding(_name(one.service), Verdict.PASSED, f"tried: {', '.join(one.sources)}", expected)
        case TrialOutcome.UNCHANGED:
            return Finding(_name(one.service), Verdict.PASSED, "unchanged: the live service runs with it", expected)
        case TrialOutcome.FAILED:
            return finding(_name(one.service), False, measured=one.message, expected=expected, next_step=CORRECT)
        case TrialOutcome.NO_IMAGE:
            missing = f"{one.image} is not on the server"
            return finding(_name(one.service), None, measured=missing, expected=expected,
                           next_step=f"docker pull {one.image} on the server, then run again.") if pulled else Finding(
                _name(one.service), Verdict.WARNING, f"{missing} yet: tried by the plan, once it is", expected)
    return finding(_name(one.service), None, measured=f"the trial could not be made: {one.message}", expected=expected,
                   next_step="Check `docker info` and the memory of the server, then run again.")


def _name(service: str) -> str:
    return f"configuration of {service}"
