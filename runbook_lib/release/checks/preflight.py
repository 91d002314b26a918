"""May this release be deployed now? The ref, its variables, and the rollback target. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import parse_assignments
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.by_hand import BY_HAND
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.replaced_release import images_of, shown_image
from runbook_lib.release.checks.compose_secrets import SOUNDS_SECRET
from runbook_lib.release.checks.earlier_run import earlier_run
from runbook_lib.release.checks.watch_conclusion import reads_are_enough
from runbook_lib.release.facts.repository import ReleaseTree

ADOPTED_FIRST = ("20 Deploy records it before it changes anything: its images are kept under names of ours, and an "
                 "undo returns to them.")


def release_is_deployable(tree: ReleaseTree) -> tuple[Finding, ...]:
    """The ref names exactly one commit of the origin."""
    commit = tree.commit
    measured = f"{commit.kind} {commit.ref} is {commit.commit[:12]}: {commit.subject}" if commit else tree.problem
    return (
        finding("the ref names a commit", commit is not None, measured=measured, expected="one commit of the origin",
                next_step="Push the tag or branch, or name the commit by its hash; then run again."),
    )


def variables(tree: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    """Each environment file of the release: complete, with the planned values, and with references for secrets.

    None of them is one that the server keeps itself: a checkout would replace it, and an undo would delete it.
    """
    return (*(
        _file_finding(path, tree.sources.files.get(path), file.variables)
        for path, file in environment.environment_files.items()
    ), finding(
        "the release leaves the server's own files alone", None if tree.commit is None else not tree.of_the_server,
        measured=", ".join(tree.of_the_server) or ("yes" if tree.commit else "the release is not known"),
        expected="yes",
        next_step=f"git rm -r --cached {' '.join(tree.of_the_server)}; name them in .gitignore, and give it a new tag."
        if tree.of_the_server else "",
    ))


def rollback_target(deployed: Deployed, environment: Environment, containers: Iterable[Container] | None = None, *,
                    rolling_back: bool = False) -> tuple[Finding, ...]:
    """There is a release to roll back to, the live one: it is in the release history, and its image still exists.

    With all `containers`, stopped ones too: what ran here is running, or it is a first deployment.
    `rolling_back`: no more than that, which a rollback needs itself; the live release may be broken in any way.
    """
    if containers is not None and rolling_back:
        return (earlier_run(environment, deployed, containers, troubled=True),)
    earlier = () if containers is None else (earlier_run(environment, deployed, containers),)
    return (*earlier, *_recorded(environment, deployed), *reads_are_enough(environment))


def _recorded(environment: Environment, deployed: Deployed) -> tuple[Finding, ...]:
    check = "rollback target known"
    if deployed.by_hand:
        # nothing is wrong with it, and it is not yet what it will be: an undo can return to it once it is recorded
        return (Finding(check, Verdict.WARNING, f"{BY_HAND}: {', '.join(deployed.by_hand)}",
                        "the live release is in the release history", ADOPTED_FIRST),)
    if not deployed.something_runs:
        return (Finding(check, Verdict.WARNING, "nothing is deployed yet", "the live release",
                        "The first deployment can only be rolled back by removing it."),)
    recorded = [release for release in deployed.releases if release.commit == deployed.live_commit]
    images = _images(environment, deployed, recorded)
    missing = [image for image in images if image not in deployed.images]
    unknown = f"{(deployed.live_commit or 'unknown')[:12]} is not in the release history"
    return (
        finding(check, bool(recorded), measured=_described(deployed.live_release()) if recorded else unknown,
                expected="the live release is in the release history",
                next_step="Deploy the live release once more with 20 Deploy, so that it is recorded."),
        finding("rollback target still built", not missing,
                measured="its image is missing" if missing else ", ".join(map(shown_image, images)),
                expected="its image on the server",
                next_step="A rollback would have to build it first. Deploy the live release once more."),
    )


def _images(environment: Environment, deployed: Deployed, recorded: list[Release]) -> tuple[str, ...]:
    if deployed.replaced and recorded:
        # services may share one
        return tuple(dict.fromkeys(images_of(environment, deployed.live_release()).values()))
    return (environment.release.image_of(environment.release.api, deployed.live_commit or ""),)


def _described(release: Release) -> str:
    return f"{release.version} ({release.commit[:12]}), deployed {release.at:%Y-%m-%d %H:%M} UTC by {release.by}"


def _file_finding(path: str, text: str | None, planned: Mapping[str, str]) -> Finding:
    check = f"environment variables of {path}"
    expected = f"all {len(planned)} as the environment names them"
    if text is None:
        return finding(check, False, measured="the release has no such file", expected=expected,
                       next_step="Add the file to the release.")
    found = parse_assignments(text)
    wrong = [f"{name} is missing" for name in planned if name not in found]
    wrong += [_difference(name, found[name], value) for name, value in planned.items()
              if name in found and found[name] != value]
    wrong += [f"{name} is a secret in plain text" for name, value in found.items() if _in_plain_text(name, value)]
    return finding(check, not wrong, measured="; ".join(wrong) or f"all {len(planned)}", expected=expected,
                   next_step="Correct the file in the release, or parameters/environments.")


def _difference(name: str, found: str, planned: str) -> str:
    # where a secret is referred to, the text found may be the secret itself
    return f"{name} is not {planned}" if "${" in planned else f"{name} is {found!r}, planned {planned!r}"


def _in_plain_text(name: str, value: str) -> bool:
    """Whether a variable that sounds like a secret holds a value instead of a reference."""
    return any(word in name for word in SOUNDS_SECRET) and bool(value) and "${" not in value
