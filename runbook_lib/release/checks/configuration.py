"""Does every service take the configuration that the release gives it? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.release.checks.data_settings import data_settings_are_kept
from runbook_lib.release.checks.proxy_directives import proxies_follow
from runbook_lib.release.checks.request_limits import request_limits_kept
from runbook_lib.release.facts.configuration import ValidatedConfiguration, ValidatedService, ValidationOutcome
from runbook_lib.release.facts.request_limits import request_limits

CORRECT = "Correct the file in the release, give it a new tag, and run again. Nothing was changed."


def configuration_is_valid(validated: ValidatedConfiguration, environment: Environment, *,
                           pulled: bool = True) -> tuple[Finding, ...]:
    """One finding a service that mounts files of the release: validated by the program that will read them.

    `pulled` False: images that are missing are pulled by the plan, which tries them then; until then it is a warning.
    """
    absent = environment.absent_services
    left_out = tuple(not_applicable(_name(name), reason) for name, reason in absent.items()
                     if name in dict(validated.not_validated))
    not_validated = tuple(
        Finding(_name(name), Verdict.NOT_APPLICABLE, f"not validated: no program for {', '.join(sources)} is known",
                "its program takes the files", "Read them; the release's gate sees only what users see.")
        for name, sources in dict(validated.not_validated).items() if name not in absent
    )
    return (*(_finding(one, pulled=pulled) for one in validated.services), *not_validated, *left_out,
            *request_limits_kept(map(request_limits, validated.proxies), environment),
            *proxies_follow(validated.proxies), *data_settings_are_kept(validated.compared))


def _finding(one: ValidatedService, *, pulled: bool) -> Finding:
    expected = f"{one.image} takes {', '.join(one.sources)}"
    match one.outcome:
        case ValidationOutcome.PASSED if one.only_read:
            return Finding(_name(one.service), Verdict.PASSED,
                           f"{', '.join(one.sources)}: can be read as YAML and JSON; {one.service} is declared absent",
                           "files that can be read")
        case ValidationOutcome.PASSED:
            return Finding(_name(one.service), Verdict.PASSED, f"validated: {', '.join(one.sources)}", expected)
        case ValidationOutcome.UNCHANGED:
            return Finding(_name(one.service), Verdict.PASSED, "unchanged: the live service runs with it", expected)
        case ValidationOutcome.FAILED:
            return finding(_name(one.service), False, measured=one.message, expected=expected, next_step=CORRECT)
        case ValidationOutcome.NO_IMAGE:
            missing = f"{one.image} is not on the server"
            return finding(_name(one.service), None, measured=missing, expected=expected,
                           next_step=f"docker pull {one.image} on the server, then run again.") if pulled else Finding(
                _name(one.service), Verdict.WARNING, f"{missing} yet: validated by the plan, once it is", expected)
    return finding(_name(one.service), None, measured=f"the run could not be made: {one.message}", expected=expected,
                   next_step="Check `docker info` and the memory of the server, then run again.")


def _name(service: str) -> str:
    return f"configuration of {service}"
