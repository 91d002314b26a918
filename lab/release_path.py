"""The runs that take a server from nothing to a verified release, past a broken one, as an operator types them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab.instance import Instance
from runbook_lib.core.errors import FAILED, INCONCLUSIVE, PASSED, ROLLED_BACK

FIRST, NEXT, BROKEN = "v3.1.0", "v3.2.0", "broken-server-errors"
ADOPTED_NEXT, ADOPTED_BROKEN = "v1.1.0", "broken-page"  # of the second application
RUN_TIMEOUT_S = 900
DATABASE = "DATABASE"  # stands for the name of the environment's database
ANSWERS = (PASSED, FAILED, INCONCLUSIVE)
WATCHED = ("20_deploy", "21_verify")  # the notebooks that watch the release, for `watch_s` seconds
# what no check can measure; here the rehearsal attests it, and the reports show that
ATTESTED = "All tests passing in CI/CD, Code review approved, Database migration scripts reviewed"


@dataclass(frozen=True)
class Scenario:
    """One run of a notebook: title, parameters, whether it changes the server, and the expected exit codes."""

    title: str
    notebook: str
    parameters: dict[str, str] = field(default_factory=dict)
    apply: bool = False
    exit_codes: tuple[int, ...] = (PASSED,)

    def watched_for(self, seconds: int) -> Scenario:
        """The same with a watch of that many seconds, where the notebook watches."""
        if self.notebook not in WATCHED:
            return self
        return replace(self, parameters={**self.parameters, "watch_s": str(seconds)})


BRING_UP = Scenario(f"bring-up on {FIRST}", "20_deploy", {"ref": FIRST}, apply=True)
RELEASE_PATH = (
    # preflight fails on a server that was never backed up
    Scenario("first backup", "30_backup_database", apply=True),
    Scenario(f"preflight for {NEXT}", "10_preflight",
             {"ref": NEXT, "attested": ATTESTED, "attested_by": "the rehearsal"}),
    Scenario(f"backup before {NEXT}", "30_backup_database", apply=True),
    Scenario(f"deploy of {NEXT}", "20_deploy", {"ref": NEXT}, apply=True),
    Scenario(f"verification of {NEXT}", "21_verify"),
    Scenario(f"deploy of {BROKEN}", "20_deploy", {"ref": BROKEN}, apply=True, exit_codes=(ROLLED_BACK,)),
    Scenario("restore drill", "31_restore_drill", apply=True),
    # after a broken release not everything is green: each answer will do, and a refusal or an error is none
    Scenario("health afterwards", "40_health", exit_codes=ANSWERS),
    Scenario("metrics of the rehearsal", "41_metrics_review", {"window": "1h"}, exit_codes=ANSWERS),
    Scenario("logs of the rehearsal", "43_log_review", {"hours": "1"}, exit_codes=ANSWERS),
    # minutes of history make no forecast: the limits of today are judged, and the rest is inconclusive
    Scenario("capacity of the rehearsal", "61_capacity_review", exit_codes=ANSWERS),
)

# What applies to an application that was there before the runbooks, in the order in which each finds what it needs. A
# notebook that comes to apply is a line here.
ADOPTED_PATH = (
    Scenario("overview before the first backup", "00_start_here", exit_codes=ANSWERS),
    Scenario("first backup", "30_backup_database", apply=True),
    # a drill restores an older backup as well
    Scenario("second backup", "30_backup_database", apply=True),
    Scenario("restore drill", "31_restore_drill", apply=True),
    # what runs was started by hand, which is a warning until the first deployment has recorded it
    Scenario(f"preflight for {ADOPTED_NEXT}", "10_preflight", {"ref": ADOPTED_NEXT}, exit_codes=ANSWERS),
    # inconclusive where a slow machine sends too few requests while it watches; the release is live all the same
    Scenario(f"deploy of {ADOPTED_NEXT}", "20_deploy", {"ref": ADOPTED_NEXT}, apply=True,
             exit_codes=(PASSED, INCONCLUSIVE)),
    Scenario(f"verification of {ADOPTED_NEXT}", "21_verify", exit_codes=ANSWERS),
    Scenario(f"deploy of {ADOPTED_BROKEN}", "20_deploy", {"ref": ADOPTED_BROKEN}, apply=True,
             exit_codes=(ROLLED_BACK,)),
    # a warning: nothing shows beforehand whether the earlier code works on the schema that is there now
    Scenario("rollback to what ran before any runbook", "22_rollback", apply=True, exit_codes=(PASSED, INCONCLUSIVE)),
    Scenario("restore of the backup", "32_restore_database", {"confirm_database": DATABASE}, apply=True),
    Scenario("backup of configuration and uploads", "33_backup_configuration", apply=True),
    Scenario("schedules", "34_install_schedules", apply=True),
    Scenario("overview afterwards", "00_start_here", exit_codes=ANSWERS),
    Scenario("health", "40_health", exit_codes=ANSWERS),
    Scenario("logs", "43_log_review", {"hours": "1"}, exit_codes=ANSWERS),
    Scenario("messages", "44_notify", exit_codes=ANSWERS),
)


def run_command(instance: Instance, scenario: Scenario) -> list[str]:
    """The command with which an operator would run the scenario."""
    words = [str(Path(sys.executable).with_name("runbook")), "run", scenario.notebook,
             "-e", instance.address.environment,
             "--timeout", str(RUN_TIMEOUT_S), "--json"]
    for name, value in scenario.parameters.items():
        words += ["-p", f"{name}={value}"]
    if scenario.apply:
        words += ["--apply", "--confirm", instance.name, "--reason", f"rehearsal: {scenario.title}"]
    return words
