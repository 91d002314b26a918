"""Do users get a release's files, or those that a volume took from an earlier image? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import pluralize
from runbook_lib.release.facts.overlaid_files import OverlaidFiles

SEEN = "volumes hide no file of the image"
MOST_NAMED = 3
_NEXT = ("Docker copies an image's files into a volume once, when that is empty: what a release changes there, users "
         "never see. Have the container copy them when it starts, or mount the volume elsewhere. Where nothing else is "
         "in it, remove it with its containers (`docker volume rm`), and Compose makes it anew.")


def volumes_hide_nothing(overlaid: tuple[OverlaidFiles, ...]) -> tuple[Finding, ...]:
    """A warning where a volume has other files than the running image below it; nothing where there is none."""
    if not overlaid:
        return ()
    shown = "; ".join(f"{one.volume[:40]} at {one.target} of {one.service}: {_files(one)}" for one in overlaid)
    return (Finding(SEEN, Verdict.WARNING, shown, "the image's own files, or none of its own", _NEXT),)


def _files(one: OverlaidFiles) -> str:
    if not one.files:
        return "not compared, for its image has no shell and many files there"
    return f"{pluralize(len(one.files), 'file')}, {', '.join(one.files[:MOST_NAMED])}"
