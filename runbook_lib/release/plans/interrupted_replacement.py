"""A run that ended half-way: what it left runs unverified, or does not run at all, until the next run ends it."""

from __future__ import annotations

from runbook_lib.core.commands import Command, WriteFile
from runbook_lib.core.plan import Action, Step
from runbook_lib.platform.facts.replaced_release import OVERRIDE, Override, of_release, override_text, runs_image
from runbook_lib.platform.plans.nginx import follow_restarted
from runbook_lib.platform.plans.rollout import Rollout
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.plans.replacement import Replacement


def check_out(rollout: Rollout, commit: str) -> Command:
    """The checkout at a commit. Without --force: a tracked file that was changed on the server is its owners'."""
    return Command(("git", "-C", rollout.environment.server.directory, "checkout", "--quiet", "--no-overwrite-ignore",
                    "--detach", commit))


def finish_interrupted(change: Replacement) -> tuple[Step, ...]:
    """Return to the recorded release before anything else; empty when no replacement was interrupted.

    Users get back what was verified, and a step that fails later finds nothing of the interrupted run. Where that run
    was for the same release, its containers stay for the gate, and the return is this step's undo.
    """
    rollout, previous = change.rollout, change.previous
    state = rollout.deployed.replaced
    if previous is None or state is None or state.by_hand:
        return ()
    text = override_text(Override(previous.commit, previous.version, change.previous_images))
    running = of_release(rollout.environment, rollout.containers)
    settled = all(name in running and runs_image(running[name], image)
                  for name, image in change.previous_images.items())
    if settled and state.override_text == text:
        return ()
    files: tuple[Action, ...] = (WriteFile(rollout.path(OVERRIDE), text), check_out(rollout, previous.commit))
    back: tuple[Action, ...] = (change.up(*change.previous_images), *follow_restarted(rollout.environment))
    why = "an earlier run ended half-way, and what it left was not verified"
    title = f"Return to {previous.version}, which is recorded"
    if settled:
        return (Step(StepKey.FINISH_CUTOVER, title, files, why=f"{why}; its containers run, only files are put back"),)
    if all(name in running and runs_image(running[name], image) for name, image in change.images.items()):
        return (Step(StepKey.FINISH_CUTOVER, "Go on with the release that an interrupted run has left", (),
                     undo_files=files, undo=back, why=f"{why}; it is the one that this run brings"),)
    return (Step(StepKey.FINISH_CUTOVER, title, (*files, *back),
                 why=f"{why}; users have an outage until it is healthy again"),)
