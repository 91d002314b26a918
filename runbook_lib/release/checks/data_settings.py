"""What a release changes of settings that keep a database's and a cache's data: no probe sees it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import readable_size
from runbook_lib.release.facts.service_changes import ServiceChange

SAFE, FITS = "settings keep the data as they do now", "what the cache holds fits into its memory"
_MEANT = ("Where it is not meant, correct the file in the release. No probe of a deployment can see it: it shows after "
          "a crash, a restart or under load.")
# of PostgreSQL: what each of them costs where it is off, or anything but on
_OFF = {
    "archive_mode": "no write-ahead log is archived",
    "autovacuum": "tables grow, and in the end nothing can be written",
    "fsync": "a crash of the server can destroy the database",
    "full_page_writes": "a crash of the server can destroy pages of tables",
    "synchronous_commit": "a crash loses what was acknowledged last",
}
_LESS_SAFE = ("off", "local")  # `local` is the safer one of both
# policies of Redis that throw keys away which have no time to live
_ANY_KEY = re.compile("allkeys-")
_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1024, "m": 1000 ** 2, "mb": 1024 ** 2, "g": 1000 ** 3, "gb": 1024 ** 3}


def data_settings_are_kept(changes: Iterable[ServiceChange]) -> tuple[Finding, ...]:
    """A warning where data are less safe than now, a failure where a cache holds more than it may; else nothing."""
    found, full = list[str](), list[str]()
    for one in changes:
        found += [f"{one.service}: {words}" for words in (*_of_postgres(one), *_of_redis(one))]
        full += [f"{one.service}: {words}" for words in _too_small(one)]
    return (
        *((Finding(SAFE, Verdict.WARNING, "; ".join(found), "nothing is less safe", _MEANT),) if found else ()),
        *((finding(FITS, False, measured="; ".join(full), expected="maxmemory above what is in use",
                   next_step="Set maxmemory in the release above that: the cache would otherwise throw away "
                   "what it holds (sessions, too), or refuse to write, in the moment in which it is reloaded."),)
          if full else ()),
    )


def _of_postgres(change: ServiceChange) -> Iterator[str]:
    for name, new, old in change.kept:
        if name in _OFF and new in _LESS_SAFE and old not in ("off", new):
            yield f"{name} {old} now, {new} in the release: {_OFF[name]}"
        if name == "max_connections" and new.isdigit() and old.isdigit() and int(new) < int(old):
            yield f"max_connections {old} now, {new} in the release: pools that are larger are refused"
        if name == "TimeZone":
            yield f"TimeZone {old} now, {new} in the release: times without a zone shift"


def _of_redis(change: ServiceChange) -> Iterator[str]:
    for name, new, old in change.values:
        if name == "appendonly" and (old, new) == ("yes", "no"):
            yield "appendonly yes now, no in the release: a crash or restart loses what no snapshot has"
        if name == "save" and old and not new:
            yield f"save {old} now, nothing in the release: no snapshot is written"
        if name == "appendfsync" and new == "no":
            yield f"appendfsync {old} now, no in the release: a crash loses half a minute of writes"
        if name == "maxmemory-policy" and bool(_ANY_KEY.match(new)) != bool(_ANY_KEY.match(old)):
            effect = "keys without a time to live are thrown away" if _ANY_KEY.match(new) else "writes are refused"
            yield f"maxmemory-policy {old} now, {new} in the release: {effect} where its memory is full"


def _too_small(change: ServiceChange) -> Iterator[str]:
    for name, new, _ in change.values:
        size = _bytes(new) if name == "maxmemory" else 0
        if 0 < size <= (change.used_bytes or 0):
            yield f"maxmemory {readable_size(size)} in the release, {readable_size(change.used_bytes or 0)} in use"


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]+)([a-z]*)", text.strip().lower())
    return int(found[1]) * _UNITS.get(found[2], 0) if found else 0
