"""Whether what was read was found in memory, in the cache, and no longer than planned. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.capacity.checks.planned_services import cache_state, no_cache_because
from runbook_lib.capacity.facts.client_view import ClientView, RepeatedRead
from runbook_lib.capacity.facts.database_usage import DatabaseUsage
from runbook_lib.capacity.facts.server_tuning import CacheState, KeySample, ServerTuning
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.tuning import CachedReply
from runbook_lib.platform.facts.availability import Unanswered

_BUFFERS, _HITS, _EVICTED, _SESSIONS = "reads from memory", "cache hits", "evicted keys", "sessions are in the cache"
_BELOW = 0.9  # of the planned time: a reply that was just cached has at least so much of it left


def caches_work(environment: Environment, usage: DatabaseUsage | Unanswered, server: ServerTuning | Unanswered,
                view: ClientView | Unanswered) -> tuple[Finding, ...]:
    """Reads are found in memory, replies in the cache for as long as planned, sessions in the cache until they end."""
    found = [_buffers(environment, usage), *_replies(environment, view)]
    if reason := no_cache_because(environment):
        return (*found, *(not_applicable(name, reason) for name in (_HITS, _EVICTED, _SESSIONS)))
    state = None if isinstance(server, Unanswered) else cache_state(environment, server)
    if state is None:
        reason = server.reason if isinstance(server, Unanswered) else "its container does not run"
        return (*found, *(Finding(name, Verdict.INCONCLUSIVE, reason, "", "40 Health shows what works.")
                          for name in (_HITS, _EVICTED, _SESSIONS)))
    passed_s = 0.0  # what was cached has so much less to live
    if not isinstance(server, Unanswered) and not isinstance(view, Unanswered) and server.at and view.at:
        passed_s = max(0.0, (server.at - view.at).total_seconds())
    return (*found, _hits(environment, state), _evicted(state), *_times(environment, state, view, passed_s),
            *_sessions(environment, state))


def _buffers(environment: Environment, usage: DatabaseUsage | Unanswered) -> Finding:
    limits = environment.tuning.limits
    if isinstance(usage, Unanswered):
        return usage.finding(_BUFFERS)
    return _ratio(_BUFFERS, usage.buffer_hits, usage.buffer_reads, limits.buffer_hit_percent, limits.lookups,
                  "Find what reads so much (“slow statements”, “missing index”) before you give shared_buffers more "
                  "memory: a quarter of the container's is usual. Reads that miss wait for the disk.")


def _hits(environment: Environment, state: CacheState) -> Finding:
    limits = environment.tuning.limits
    try:
        hits, misses = (int(state.info[name]) for name in ("keyspace_hits", "keyspace_misses"))
    except (KeyError, ValueError):
        return Finding(_HITS, Verdict.INCONCLUSIVE, state.unknown.get("Redis") or "INFO did not show them", "",
                       "Ask INFO stats by hand: its user may not ask it.")
    return _ratio(_HITS, hits, misses, limits.cache_hit_percent, limits.lookups,
                  "41 Metrics review shows since when. Are entries evicted, or dropped by each write? A time to live "
                  "that is longer helps only where the same is asked for again. Each miss is a query of the database.")


def _ratio(check: str, hits: int, misses: int, limit: float, least: int, advice: str) -> Finding:
    looked, expected = hits + misses, f"{limit:g} % or more"
    if looked < least:
        return Finding(check, Verdict.NOT_APPLICABLE,
                       f"{pluralize(looked, 'look-up')} since the statistics began: too few to judge", expected,
                       f"Run again after {least:,} of them.")
    percent = 100 * hits / looked
    return finding(check, percent >= limit, otherwise=Verdict.WARNING, expected=expected, next_step=advice,
                   measured=f"{percent:.1f} % of {looked:,}")


def _evicted(state: CacheState) -> Finding:
    known = state.info.get("evicted_keys", "")
    good = int(known) == 0 if known.isdigit() else None
    return finding(_EVICTED, good, otherwise=Verdict.WARNING, expected="none", measured=(
        f"{int(known):,} since Redis was started" if known.isdigit() else "INFO did not show them"),
        next_step="Its memory is full: 61 Capacity review shows what to give it. With sessions in the same Redis, "
                  "users are logged out early.")


def _replies(environment: Environment, view: ClientView | Unanswered) -> Iterable[Finding]:
    if not environment.tuning.backend.cached:
        return [not_applicable("replies are cached", "tuning.backend.cached names no path of the API")]
    if isinstance(view, Unanswered):
        return [Finding("replies are cached", Verdict.INCONCLUSIVE, view.reason, "", view.next_step)]
    return [_reply(cached, read) for cached in environment.tuning.backend.cached
            for read in view.reads if read.path == cached.path]


def _reply(cached: CachedReply, read: RepeatedRead) -> Finding:
    check, expected = f"cached: {read.path}", f"{cached.header}: {cached.hit} at the second read"
    if read.problem:
        return Finding(check, Verdict.INCONCLUSIVE, read.problem, expected, "40 Health shows what works.")
    return finding(check, read.second == cached.hit, expected=expected,
                   measured=f"{cached.header}: {read.second or 'nothing'}, after {read.first or 'nothing'}",
                   next_step="Does the application reach its cache? 40 Health; then its log. Until then each read is "
                             "a query of the database.")


def _times(environment: Environment, state: CacheState, view: ClientView | Unanswered,
           passed_s: float) -> Iterable[Finding]:
    planned = environment.tuning.backend.cache_ttl_s or 0  # keys of cached replies are never without it
    for pattern in dict.fromkeys(one.keys for one in environment.tuning.backend.cached if one.keys):
        check, sample = f"time to live of {pattern}", next((one for one in state.keys if one.pattern == pattern), None)
        if sample is None:
            yield Finding(check, Verdict.INCONCLUSIVE, state.unknown.get(f"keys {pattern}") or "it was not answered",
                          f"{planned} s", "Its user may not ask EVAL_RO and SCAN: look up a key's TTL by hand.")
            continue
        fresh = _just_cached(environment, pattern, view) and passed_s < planned * _BELOW
        yield _time(check, planned, sample, planned * _BELOW - passed_s if fresh else None)


def _just_cached(environment: Environment, pattern: str, view: ClientView | Unanswered) -> bool:
    """Whether one of the keys was made by this review, so that it has its whole time to live still."""
    paths = {one.path: one.hit for one in environment.tuning.backend.cached if one.keys == pattern}
    return not isinstance(view, Unanswered) and any(
        one.path in paths and one.second == paths[one.path] != one.first and not one.problem for one in view.reads)


def _time(check: str, planned: int, sample: KeySample, least_s: float | None) -> Finding:
    """`least_s`: what a key that this review made must have left; None where it made none."""
    expected = f"{planned} s"
    if not sample.found:
        return Finding(check, Verdict.INCONCLUSIVE, "no such key was found", expected,
                       "Is the pattern still the application's? It is `keys` in tuning.backend.cached.")
    advice = ("In the backend's environment file: the time to live as planned, then deploy. A longer one shows users "
              "what is not so any more; a shorter one costs queries.")
    words = f"{sample.longest_s:.0f} s left at most, of {pluralize(sample.found, 'key')}"
    if sample.endless:
        return finding(check, False, measured=f"{sample.endless} of {sample.found} never end", expected=expected,
                       next_step=advice)
    if sample.longest_s > planned + 1 or (least_s is not None and sample.longest_s < least_s):
        return finding(check, False, measured=words, expected=expected, next_step=advice)
    note = "" if least_s is not None else "; all were there before, so it may be shorter than planned"
    return finding(check, True, measured=words + note, expected=expected)


def _sessions(environment: Environment, state: CacheState) -> Iterable[Finding]:
    pattern = environment.tuning.redis.session_keys
    if pattern is None:
        return [not_applicable(_SESSIONS, "tuning.redis.session_keys names no pattern")]
    sample = next((one for one in state.keys if one.pattern == pattern), None)
    if sample is None:
        words = state.unknown.get(f"keys {pattern}") or "it was not answered"
        return [Finding(_SESSIONS, Verdict.INCONCLUSIVE, words, "", "Its user may not ask EVAL_RO and SCAN.")]
    if not sample.found:
        part = "among all keys" if sample.complete else "among the keys that were searched"
        return [Finding(_SESSIONS, Verdict.NOT_APPLICABLE, f"no session {part}", f"keys {pattern}",
                        "Log in once and run again.")]
    return [finding(_SESSIONS, not sample.endless, otherwise=Verdict.WARNING,
                    measured=f"{pluralize(sample.found, 'session')}, {sample.endless} of them without an end",
                    expected="each session ends at some time", next_step=(
                        "Sessions without an end fill the memory: give each key a time to live where it is written."))]
