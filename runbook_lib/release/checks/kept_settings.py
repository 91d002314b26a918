"""What services have by the live release's Compose file and lose by the new one's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import Environment
from runbook_lib.release.checks.kept_options import lost_options
from runbook_lib.release.facts.repository import ComposeConfig
from runbook_lib.release.facts.service_limits import limits_of

KEPT = "services keep what the live release gives them"
_NEXT = ("Where it is not meant, correct the Compose file or the file of variables in the release: a service that "
         "takes a default for a variable that is gone passes every gate.")
_SHELLS = re.compile(r"(?:/usr)?(?:/bin/)?(?:ba|da|a|z)?sh")


def settings_are_kept(config: ComposeConfig, live: Mapping[str, Mapping[str, Any]] | None,
                      environment: Environment) -> tuple[Finding, ...]:
    """A warning with services and names, never a value; nothing where all is kept or the live file is not known.

    `live` are the services of the release that is checked out, read by Compose as the new one's are.
    """
    lost: dict[str, list[str]] = {}  # what several services lose is one line with all of their names
    for name, service in sorted(config.services.items()):
        before = (live or {}).get(name)
        if before and (not environment.release.replaced or name in environment.release.services):
            for words in _lost(service, before):
                lost.setdefault(words, []).append(name)
    measured = "; ".join(f"{', '.join(names)}: {words}" for words, names in lost.items())
    return (Finding(KEPT, Verdict.WARNING, measured, "nothing is gone", _NEXT),) if lost else ()


def _lost(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    gone = sorted(_variables(before) - _variables(service))
    if gone:
        yield f"no variable {', '.join(gone)}"
    pids, earlier = (limits_of(one).pids for one in (service, before))
    if pids and (not earlier or pids < earlier):
        yield f"at most {pids} processes ({f'{earlier} now' if earlier else 'any number now'})"
    signal, known = (str(one.get("stop_signal") or "").upper().removeprefix("SIG") for one in (service, before))
    if signal != known and signal != "KILL":  # which is another check's
        yield (f"stop_signal {signal or 'of the image'} ({known or 'of the image'} now): another one may not end it "
               "in time")
    if _below_a_shell(service) and not _below_a_shell(before):
        yield "its program runs below a shell that passes no signal on: each stop takes its whole stop_grace_period"
    yield from lost_options(service, before)


def _variables(service: Mapping[str, Any]) -> frozenset[str]:
    """Names of those that are given, from the file itself or from files of variables."""
    given = service.get("environment") or {}
    return frozenset(map(str, given)) if isinstance(given, Mapping) else frozenset()


def _below_a_shell(service: Mapping[str, Any]) -> bool:
    """Whether a shell stays the first process: of a list of commands the last is not always put in its place."""
    words = [*(service.get("entrypoint") or ()), *(service.get("command") or ())]
    if len(words) < 3 or not _SHELLS.fullmatch(str(words[0])) or not re.fullmatch(r"-[a-z]*c", str(words[1])):
        return False
    *_, last = re.split(r"&&|\|\||;|\n", str(words[2]).strip().rstrip(";"))
    several = re.search(r"&&|\|\||;|\n|\|", str(words[2]).strip())
    return bool(several) and not last.strip().startswith("exec ")
