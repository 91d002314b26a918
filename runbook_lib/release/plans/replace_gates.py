"""How a release is verified that replaced another one: from outside right after, for a while, and after an undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runbook_lib.core.findings import Finding, finding, not_applicable
from runbook_lib.core.gates import Gate, Reading
from runbook_lib.core.plan import Step
from runbook_lib.platform.checks.proxy_files import files_check, proxy_has_its_files
from runbook_lib.platform.checks.replaced_release import (
    OUTAGE,
    judge_replaced,
    outage_is_known,
    outage_was,
)
from runbook_lib.platform.facts.availability import with_deadline
from runbook_lib.platform.facts.containers import survey_containers
from runbook_lib.platform.facts.endpoints import survey_endpoints
from runbook_lib.platform.facts.mounted_files import stale_files
from runbook_lib.platform.facts.oom_kills import count_oom_kills
from runbook_lib.platform.facts.outage import QUIET_S, Outage, OutageProbe, begin_outage, end_outage, outage_so_far
from runbook_lib.platform.facts.own_reads import OwnReads, read_each_path
from runbook_lib.platform.facts.page import view_page
from runbook_lib.platform.facts.release_history import AS_FOUND
from runbook_lib.platform.facts.smoke_test import run_smoke_test
from runbook_lib.platform.facts.user_requests import AccessLog, all_traffic
from runbook_lib.platform.facts.written_rows import RowCounter, WrittenRows, rows_before, rows_since
from runbook_lib.platform.plans.nginx import caching_proxy
from runbook_lib.platform.plans.step_keys import StepKey
from runbook_lib.release.checks.triggers import HEALTH, judge_watch, triggers_in_words
from runbook_lib.release.checks.watch_conclusion import conclude_watch
from runbook_lib.release.plans.release_logs import errors_logged
from runbook_lib.release.plans.replacement import Replacement
from runbook_lib.release.plans.row_watch import Judge, smoke_test_counted, with_rows
from runbook_lib.release.plans.verification_steps import page_gate, release_watch, users_from_here, users_of_watch

ROWS_BEFORE = "rows that come into this database before the release"
REQUESTS = "requests from outside are sent"
FILES_S = 20.0


@dataclass(frozen=True)
class Measured:
    """What one plan measures across its steps: the outage, its own reads, and the rows that others write."""

    outage: OutageProbe = field(compare=False)
    reads: OwnReads = field(compare=False)
    rows: RowCounter = field(compare=False)
    log: AccessLog = field(compare=False)


def measured_of(change: Replacement) -> Measured:
    """The values of one plan, empty: nothing is asked before its steps do."""
    environment = change.rollout.environment
    # a rollback at the end of the watch is part of the outage
    quiet_s = QUIET_S + change.rollout.watch_s
    return Measured(OutageProbe(environment, quiet_s), OwnReads(environment), RowCounter(), AccessLog(environment))


def writes_before(measured: Measured) -> Gate:
    """What is written while the earlier release runs: reported, and judged after the next one is there."""

    def judge(before: WrittenRows) -> tuple[Finding, ...]:
        return (finding(ROWS_BEFORE, True, measured=before.in_words,
                        expected="any number: where they come in each sample, the watch asks that they go on"),)

    return Gate("rows written before", (rows_before(measured.rows),), judge, success_threshold=1, interval_s=1.0,
                deadline_s=30.0, may_be_inconclusive=(rows_before(measured.rows).name,))


def outage_begins(measured: Measured) -> Gate:
    """Requests from outside, from now on. How long the outage is shows their end alone."""

    def judge(outage: Outage) -> tuple[Finding, ...]:
        return (finding(REQUESTS, True if outage.requests else None, measured="they have begun",
                        expected="until the release is recorded or undone"),)

    return Gate("requests from outside", (begin_outage(measured.outage),), judge, success_threshold=1,
                interval_s=1.0, deadline_s=30.0, may_be_inconclusive=(REQUESTS,))


def outside_gate(change: Replacement, measured: Measured) -> Step:
    """Users are on the release now: one that fails probe after probe is not waited for."""
    environment, target, texts_of = change.rollout.environment, change.rollout.target, change.rollout.texts_of
    # what ran before any runbook calls itself something else than we do
    version = "" if target.version == AS_FOUND else target.version
    judge = judge_replaced(environment, change.images, target.commit, version, change.rollout.restarts, texts_of,
                           change.rollout.missing_in_target)
    # a rollback cannot wait for a browser, and must not fail for an older page's texts
    page = environment.gate.page is not None and texts_of is None
    questions = (survey_containers(environment), survey_endpoints(environment),
                 smoke_test_counted(environment, measured.rows), read_each_path(measured.reads))
    proxy = caching_proxy(environment)

    def with_proxy(*answers: Any) -> tuple[Finding, ...]:
        *others, stale = answers
        return (*judge(*others), proxy_has_its_files(environment, stale))

    gate = Gate(
        "the release, verified externally",
        # an advice that cannot be given keeps no release from its users
        (*questions, with_deadline(stale_files(environment, proxy), FILES_S)) if proxy else questions,
        with_proxy if proxy else judge,
        success_threshold=environment.gate.success_threshold,
        interval_s=environment.gate.interval_s,
        deadline_s=environment.gate.deadline_s,
        failure_threshold=environment.rollback.failure_threshold,
        may_be_inconclusive=(files_check(environment),) if proxy else (),
        trigger=HEALTH,
        since=StepKey.SWITCH,
    )
    seen = [page_gate(environment, "the page, in a browser", view_page(environment))] if page else []
    return Step(StepKey.GATE_EXTERNAL, "Verify the release as users reach it",
                (gate, *seen), why="in their own requests; the outage that they have is measured meanwhile")


def outage_ends(measured: Measured) -> Gate:
    """The outage in all, the watch included: the one figure of a run that is not undone. Requests end here."""
    return Gate("outage for users", (end_outage(measured.outage),), outage_is_known, success_threshold=1,
                deadline_s=10.0, interval_s=1.0, may_be_inconclusive=(OUTAGE,), headline=OUTAGE)


def watch_replaced(change: Replacement, measured: Measured) -> Step:
    """The triggers, probed again and again; the error rate is that of our own reads, and of users' where a log is."""
    environment = change.rollout.environment
    concluded, log = conclude_watch(environment), measured.log
    judge: Judge = judge_watch(environment, change.rollout.target.commit, "", change.rollout.restarts)
    rows = (rows_since(measured.rows),) if environment.database else ()

    def conclude(readings: Sequence[Reading]) -> tuple[Finding, ...]:
        return (*concluded(readings), *users_of_watch(log, readings))

    judged, ended = with_rows(environment, measured.rows, change.rollout.watch_s, judge, conclude) if rows else (
        judge, conclude)
    watch = release_watch(
        change.rollout,
        (survey_containers(environment), survey_endpoints(environment), all_traffic(log, measured.reads),
         count_oom_kills(environment, environment.api_of("")), *rows),
        judged, ended,
    )
    counted = f"reads of our own and requests of users ({log.where})" if log.log else "reads of our own"
    return Step(StepKey.WATCH, "Watch the release", (*users_from_here(log), watch, errors_logged(change.rollout)),
                why=f"each of these starts an automatic rollback; errors are counted in {counted}: "
                    f"{triggers_in_words(environment)}")


def previous_answers(change: Replacement, measured: Measured) -> Gate | None:
    """For after an undo: the previous release answers again, with its own images. None where there was none."""
    environment, previous = change.rollout.environment, change.previous
    if previous is None:
        return None
    restored = judge_replaced(environment, change.previous_images, previous.commit, "", change.rollout.restarts,
                              texts_of=frozenset(), unanswered=change.rollout.unanswered_before)

    def judge(*answers: Any) -> tuple[Finding, ...]:
        *others, outage = answers
        # the first request is sent before the first container is replaced
        met = outage_was(outage) if outage.requests else (not_applicable(OUTAGE, "no container had been replaced"),)
        return (*restored(*others), *met)

    return Gate(
        "the previous release, verified externally",
        (survey_containers(environment), survey_endpoints(environment), run_smoke_test(environment),
         read_each_path(measured.reads), outage_so_far(measured.outage)),
        judge,
        success_threshold=2,
        interval_s=environment.rollback.interval_s,
        deadline_s=min(60.0, environment.gate.deadline_s),
        may_be_inconclusive=(OUTAGE,),
        headline=OUTAGE,
    )
