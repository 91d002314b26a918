"""What failed in a failed build: a builder's last words only repeat the command and its exit code. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runbook_lib.core.text import printable

# what the legacy builder prints last, and BuildKit (`failed to solve` alone where Compose builds, with the service's
# name before it where Compose leaves that to bake)
_LEGACY = re.compile(r"The command '.*' returned a non-zero code: \d+$")
_BUILDKIT = re.compile(r"(ERROR: )?(target [\w.-]+: )?failed to solve: ")
_LINK = "View build details: "  # behind all of it, with Docker Desktop
_RUNNING = re.compile(r" ---> Running in [0-9a-f]+$")
_REMOVED = re.compile(r"Removing intermediate container [0-9a-f]+$")
_EXCERPT = "------"  # the line before and after what BuildKit repeats of the failed step
_SECONDS = re.compile(r"^\d+\.\d+ ")
_NAMES_IT = re.compile(
    r"\b(error|fatal|failed|failure|cannot|denied|unable|no such|not found|no matching)\b|err!|^E: |exception",
    re.IGNORECASE)
_NOT_IT = re.compile(r"complete log of this run|^npm (ERR!|error)\s*$|^warning\b|^WARN", re.IGNORECASE)


def lines_of_failed_build(lines: Sequence[str], progress: Sequence[str] = ()) -> list[str]:
    """Lines up to the one that names what failed; as they are where no build has failed in them.

    `progress` is what the builder printed on its other stream: Compose shows the steps there, and the error here.

    A build that failed before a command of it ran (an image that is not there, a Dockerfile that cannot be read) is
    named by the builder's own last line.
    """
    shown = (printable(line).rstrip() for line in (*progress, *lines))
    whole = [line for line in shown if line and not line.startswith(_LINK)]
    last = whole[-1] if whole else ""
    if _LEGACY.match(last):
        step = _last_step([line for line in whole if line != last])
    elif _BUILDKIT.match(last):
        step = _excerpt(whole)
    else:
        return list(lines)
    named = [line for line in step if _NAMES_IT.search(line) and not _NOT_IT.search(line)]
    return named or step or whole


def _last_step(lines: list[str]) -> list[str]:
    """What the last command printed, without what the builder wrote around it."""
    begun = max((place for place, line in enumerate(lines) if _RUNNING.match(line)), default=-1)
    return [line for line in lines[begun + 1:] if line.strip() and not _REMOVED.match(line)]


def _excerpt(lines: list[str]) -> list[str]:
    places = [place for place, line in enumerate(lines) if line == _EXCERPT]
    if len(places) < 2:
        return []
    # the first line is the command
    inside = [_SECONDS.sub("", line) for line in lines[places[0] + 2:places[1]]]
    return [line for line in inside if line.strip()]
