"""Does a new mount lie over a folder that holds data? It begins empty, and what was there is out of sight. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.release.facts.repository import ComposeConfig

# folders of what is not kept: memory over one of them is meant
_OF_NO_DATA = ("cache", "pg_stat_tmp", "temp", "tmp")
HIDDEN = "no new mount lies over data"
_NEXT = ("Keep that folder as it is mounted now. Where the change is meant, make it first, without a release: take a "
         "backup, stop the service, copy the folder into the new volume, and start it on that by hand; then deploy.")


def data_are_not_hidden(config: ComposeConfig, live: Mapping[str, Mapping[str, Any]] | None,
                        environment: Environment) -> tuple[Finding, ...]:
    """A failure where a database or a cache would not see a part of its data, a warning for any other service."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for name, service in sorted(config.services.items()):
        if before := (live or {}).get(name):
            lines = [f"{name}: {words}" for words in _hiding(service, before)]
            found[name in environment.data_services] += lines
    measured = "; ".join((*found[True], *found[False]))
    return (finding(HIDDEN, False, measured=measured, expected="each folder of a volume as now", next_step=_NEXT,
                    otherwise=Verdict.FAILED if found[True] else Verdict.WARNING),) if measured else ()


def _hiding(service: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    known = _targets(before)
    for target, kind in sorted(_targets(service).items()):
        above = [one for one, its in known.items() if its != "tmpfs" and target.startswith(f"{one.rstrip('/')}/")]
        is_meant = kind == "bind" or (kind == "tmpfs" and posixpath.basename(target) in _OF_NO_DATA)
        if above and target not in known and not is_meant:
            what = "memory" if kind == "tmpfs" else "a new volume"
            yield f"{what} at {target}, which lies in {max(above, key=len)} now"


def _targets(service: Mapping[str, Any]) -> dict[str, str]:
    """The kind of each mount by its path."""
    short = service.get("tmpfs") or ()
    found = {posixpath.normpath(str(one).partition(":")[0]): "tmpfs"
             for one in ([short] if isinstance(short, str) else short)}
    return found | {posixpath.normpath(str(one.get("target") or "/")): str(one.get("type") or "volume")
                    for one in service.get("volumes") or () if isinstance(one, Mapping)}
