"""The field's words: the retired ones are found nowhere. docs/glossary.md has the words to use.

    .venv/bin/python -m tests.unit.test_vocabulary runbook_lib/recovery     # every retired word below a path, and the word to use
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AREAS = ("runbook_lib", "notebooks", "parameters", "staging", "lab", "tests", "docs", "README.md", "CONTRIBUTING.md")
NOT_TEXT = {".png", ".ico", ".svg"}
# of the Dockerfile: the Unix user of that name
NOT_OURS = {"lab/app/frontend/package-lock.json", "lab/dockerfiles/monitoring/Dockerfile", "tests/unit/test_vocabulary.py",
            # what an archive of an earlier version still holds
            "runbook_lib/archive/earlier_words.py", "tests/unit/archive/test_earlier_words.py"}

# Expressions, without regard to case, and the words to use. Chosen so that ordinary English does not trip over them.
PHRASES: Mapping[str, str] = {
    r"\bways?[ -]back\b": "rollback (of a release), undo (of steps), point of no return",
    r"\b(taken|took|takes|take|goes|gone) back\b": "rolled back, undone",
    r"\b(the|whose|its|real|server's) hands\b": "execution backend",
    r"\bstor(y|ies)\b": "run report, watch report",
    r"\btold\b": "reported, recorded, shown",
    r"\.said\b|\bsaid[:=]": "output",
    r"\blooks? (at|whether|again|outside|inside|from|it up)\b|\blooking (at|from|outside|inside)\b": "check, probe, see",
    r"\b(a|an|the|each|every|one|two|three|first|last|next|good|clean|failed|failing|several|these) looks?\b": "probe, sample, check",
    r"\blooked at\b": "checked, inspected, searched",
    r"\bdoors?\b": "maintenance mode",
    r"\bkeepers?\b": "maintenance watchdog, migration image",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bat work\b": "in progress, running; who holds the lock",
    r"\bunder way\b": "in progress, running",
    r"\bnobody\b": "no one holds it: 'the lock is not held'; not recorded; no operator",
    r"\bsomebody\b": "another operator, an operator, a person",
    r"(?<!there )\bis no (?!longer\b|more\b|such\b|less\b|need\b|good\b|use\b)[a-z]+": "is not a",
    r"\b(are|was|were) no (?!longer\b|more\b|such\b|less\b)[a-z]+ (that|of)\b": "are not",
    r"\b(your|whose|a saved|saved) words?\b": "confirmation; argument",
    r"\bwhat serves\b|\bshould serve\b|\bserves? (now|here|again|it)\b|\breleases? (that )?serves?\b|\bserves? v\d": "is live, the live release",
    r"\bat rest\b|\bresting\b|\blet (\w+ ){1,3}rest\b|\b(blue|green|colour) rests\b": "is stopped, standby",
    r"\b(stays?|still|kept|keeps?) warm\b": "kept running",
    r"\b(is|are|all|was|were) well\b": "healthy",
    r"\bcalm\b": "clean, no failed probe",
    r"\bexchanges? (of )?(the )?databases?\b|\bdatabases? (is|are|was|were) exchanged\b": "swap",
    r"\bside[ -]databases?\b": "staged database, retained database",
    r"\bhalf[ -]switch": "interrupted cutover",
    r"\btrials?\b": "backward-compatibility check, test run",
    r"\bon(to)? (the )?record\b": "recorded, in the release history",
    r"\b(no|enough|more|free|much|little|for|less|of) room\b|\broom (for|on|to|is|of|left|that)\b": "disk space, capacity",
    r"\b(becomes?|became|become) of\b": "what happens to; outcome",
    r"\bbeside\b": "next to, alongside, compared with",
    r"\bthe one before\b|\bof before\b": "the previous",
    r"\bby (itself|themselves)\b": "automatically, alone",
    r"\bat hand\b": "available",
    r"\blands? in\b": "is recorded in",
    r"\bputs? out\b": "print",
    r"\bcut off\b": "interrupted, truncated",
    r"\bdefects? of ours\b": "internal error (a bug in the runbooks)",
    r"\ba person is needed\b": "manual intervention required",
    r"\bturned away\b": "refused, rate-limited",
    r"\banswers for\b": "attests",
    r"\bheld against\b": "compared with, counted against",
    r"\bproofs\b|\bmake proof\b": "resilience tests, make soak",
    r"\b(strikes?|struck)\b": "fault injection",
    r"\bscenes?\b": "scenario",
    r"\bvisitors?\b": "virtual user, user",
    r"\b(foresaw|foreseen)\b": "no scripted answer for",
    r"\bwithout a word\b": "without recording a result",
    r"\bstand[ -]ins?\b": "placeholders",
}

# Identifiers, step keys, YAML keys and file names: whole tokens, with regard to case.
IDENTIFIERS: Mapping[str, str] = {
    # modules and programs
    "way_back": "undo, schema_rollback", "saved_word": "saved_confirmation", "old_code": "compatibility",
    "old-code": "compatibility-check", "inside_http": "container_http", "memory_kills": "oom_kills",
    "memory_kills_of": "oom_kills", "user_flows": "smoke_test", "earlier_releases": "rollback_targets",
    "side_databases": "restore_databases", "dump_reading": "inspect_dump", "dump_rereading": "verify_dump",
    "git_reading": "read_git", "secrets_reading": "read_secrets", "half_switch": "interrupted_cutover",
    "looking_steps": "verification_steps", "door_keeper": "maintenance_watchdog", "schema_change": "migration_steps",
    # core
    "gives_up_after": "failure_threshold", "failing_looks": "failure_threshold", "main_metric": "primary_metric",
    "no_way_back_after": "point_of_no_return", "no_way_back_because": "irreversible_reason",
    "no_way_back_next": "irreversible_hint", "undone_next": "after_rollback_hint", "before_undo": "undo_ready",
    "after_undo": "rollback_check", "undo_may_fail": "undo_best_effort", "trouble": "verify_error, last_error",
   "write_whole": "write_atomically", "only_one": "exclusive_lock", "let_go": "close_quietly",
    "deaf_to_interrupts": "defer_signals", "who_and_where": "current_operator", "if_there": "if_available",
    "ask_side_by_side": "ask_concurrently",
    # execution, run, contract, environment
   "WayBack": "Rollback, SchemaRollback", "Acting": "ActionRunner",
    "ServerHands": "ServerBackend", "message_of": "failure_message", "open_questions": "unresolved",
    "tell_watch": "record_watch", "Exhibit": "WatchExhibit", "keep_watch": "run_watch", "look_of_gate": "gate_reading",
    "look_once": "probe_once", "fired_gate": "gate_as_trigger", "TOLD": "MAX_REPORTED", "flipped_at": "switched_back_at",
    "clean_at": "recovered_at", "Ending": "Outcome", "_leave_alone": "_record_not_applied", "_looked": "_observed",
    "report_address": "report_href", "refuse_saved_word": "reject_saved_confirmation", "IN_BRACKETS": "CONFIRM_CALL",
    "rule_for": "validator_for", "SecretNeed": "SecretSpec", "absent_because": "absent_reason",
    "no_uploads_because": "no_uploads_reason",
    # connections
    "once_reachable": "retry_while_unreachable", "_arrived": "_was_started", "_both_ends": "_head_and_tail",
    "_jobs_told": "_describe_jobs", "HOLD": "ACQUIRE", "LOOK": "INSPECT", "DOOR_KEEPER": "MAINTENANCE_WATCHDOG",
    "words_line": "shell_join",
    # facts
    "takes_away": "destructive_operations", "tried_before": "previously_verified", "OldCode": "Compatibility",
    "_Trial": "_TestRun", "releases_to_choose": "rollback_targets", "chosen_release": "select_target",
    "chosen_backup": "select_backup", "backup_for": "backup_before", "SideDatabase": "RestoreDatabase",
    "turned_away": "rate_limited", "mark_of_switch": "cutover_marker", "stand_ins": "placeholder_variables", "GRAVE": "SEVERE",
    "Leftover": "PartialBackup", "is_armed": "is_enabled", "SchedulesOnServer": "InstalledSchedules",
    # checks
    "containers_are_well": "containers_are_healthy", "what_goes": "describe_data_impact", "drilled": "drill_results",
    "watch_was_calm": "watch_was_clean", "trial_worked": "test_run_succeeded", "_ill": "_unhealthy", "_surely": "_confirmed_down",
    "_nobody_else": "_no_concurrent_backup", "_doubtful": "_suspect", "_room": "_free_space", "Watched": "WatchResult",
    "Look": "Probe, Badge",
    # plans
    "finish_switch": "finish_cutover", "gate_inside": "internal_gate", "gate_outside": "external_gate",
    "without_way_back": "irreversible", "why_not_tried": "skip_reason", "DataBack": "DataPlan",
    "_downgrade_under_way": "_downgrade_online", "_downgrade_behind_the_door": "_downgrade_in_maintenance",
    "_as_it_ends": "_final_target", "_left_to_do": "_remaining_steps", "close_door": "maintenance_on",
    "open_door": "maintenance_off", "closed_door": "maintenance_page", "rest_colour": "stop_idle_colour",
    "_still_warm": "_idle_running", "was_well": "previous_release_healthy", "nothing_moved": "unchanged_since_plan",
    "clock_doubt": "clock_problem", "close-door": "maintenance-on", "open-door": "maintenance-off",
    "restore-keep": "restore-commit", "rest-old-colour": "stop-old-colour", "gate-inside": "gate-internal",
    "gate-outside": "gate-external",
    # report, headless, archive
    "Story": "RunReport", "StepTold": "StepReport", "_take_in": "_apply_event", "_shelf": "_section_for", "look_of": "badge_of",
    "last_words": "log_tail", "to_be_kept": "strip_run_values",
    # lab, tests
    "Proven": "TestResult", "Strike": "FaultInjection", "strike_once": "inject_at_step",
    "Cable": "FlakyProxy", "lies_in": "contradictions", "Shelf": "BackupFolder", "rotten": "corrupted", "stormy": "adverse",
    "Visitor": "VirtualUser", "Tally": "Counters", "Scene": "Scenario", "as_it_should": "as_expected", "one_at_a_time": "file_lock", "is_told": "assert_error", "kernel_of": "lock_holder_process",
}
# Names that files on servers have since before the renaming; what is read stays readable.
PERSISTED = {
    ("runbook_lib/platform/facts/release_history.py", "old_code"),
    *((name, key) for name in ("runbook_lib/environment/validation_errors.py", "tests/unit/environment/test_validation_errors.py")
      for key in ("failing_looks", "absent_because", "no_uploads_because")),
    ("runbook_lib/recovery/programs/maintenance_watchdog.sh", "door"),
    ("tests/unit/recovery/programs/test_maintenance_watchdog.py", "door"),
}
# most begin where a word begins: asked once for all of them, a place inside a word costs next to nothing
_AT_A_WORD = [(at, pattern.removeprefix(r"\b").replace(r"|\b", "|")) for at, pattern in enumerate(PHRASES) if pattern.startswith(r"\b")]
_ELSEWHERE = [(at, pattern) for at, pattern in enumerate(PHRASES) if at not in dict(_AT_A_WORD)]
_PHRASES = [re.compile(begin + "|".join(f"(?P<p{at}>{pattern})" for at, pattern in some) + end, re.IGNORECASE)
            for begin, some, end in ((r"\b(?:", _AT_A_WORD, ")"), ("", _ELSEWHERE, ""))]
# in small letters and without the names of groups, which a search takes ten times as long for
_ANY_PHRASE = [re.compile(r"\b(?:" + "|".join(pattern for _, pattern in _AT_A_WORD) + ")"), *(re.compile(pattern) for _, pattern in _ELSEWHERE)]
_TOKEN = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, sorted(IDENTIFIERS, key=len, reverse=True))) + r")(?![\w-])")


def retired_in(text: str) -> Iterator[tuple[str, str]]:
    """Each retired word of a text, and what to use for it."""
    for phrases in _PHRASES:
        for match in phrases.finditer(text):
            yield match[0], PHRASES[list(PHRASES)[int(str(match.lastgroup)[1:])]]
    for match in _TOKEN.finditer(text):
        yield match[0], IDENTIFIERS[match[0]]


def may_hold(text: str) -> bool:
    """Whether a retired word is in it anywhere: most files have none, and are not searched line by line."""
    small = text.lower()
    return bool(_TOKEN.search(text)) or any(phrase.search(small) for phrase in _ANY_PHRASE)


def files() -> list[str]:
    """The texts of the project, as paths from its root; new files that git does not ignore too."""
    listed = subprocess.run(("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *AREAS), cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({name for name in listed if name and Path(name).suffix not in NOT_TEXT and name not in NOT_OURS
                   and (ROOT / name).is_file()})


def findings(name: str) -> list[str]:
    """Every retired word of a file and of its path, with its line and the words to use."""
    found = [f"{name}: {word} → {use}" for word, use in retired_in(re.sub(r"[/.]", " ", name))]
    text = (ROOT / name).read_text(errors="replace")
    for number, line in enumerate(text.splitlines() if may_hold(text) else (), start=1):
        found += [f"{name}:{number}: {word} → {use}" for word, use in retired_in(line)
                  if (name, word) not in PERSISTED]
    return found


def test_the_expressions_are_in_small_letters_as_the_search_through_a_file_is() -> None:
    assert [pattern for pattern in PHRASES if pattern != pattern.lower()] == []


@pytest.mark.parametrize("area", AREAS)
def test_the_retired_words_are_found_nowhere(area: str) -> None:
    mine = [name for name in files() if name == area or name.startswith(f"{area}/")]
    assert [line for name in mine for line in findings(name)] == []


@pytest.mark.parametrize("text", [
    "there is no way back", "the Door is closed", "what serves now", "the lock is held by nobody", "is no number of", "which is no error",
    "a single look: looks outside", "self.hands.way_back()", "step 'close-door'", "result.said", "report(said=text)",
])
def test_a_retired_word_is_noticed(text: str) -> None:
    assert list(retired_in(text))
    assert may_hold(f"Other words.\n{text}\nMore of them.")


@pytest.mark.parametrize("text", [
    "there is no file", "nginx serves static files", "the rest of the log", "an outdoor tour", "it is no longer there", "no such file",
    "a headroom of 2 GiB", "what a reader looks for", "old_code_of", "swap in one transaction", "a warm start", "exchange of requests",
    "well-known", "Recommended", "history", "in the keyword",
])
def test_ordinary_english_is_left_alone(text: str) -> None:
    assert list(retired_in(text)) == []


if __name__ == "__main__":
    wanted = tuple(sys.argv[1:]) or AREAS
    lines = [line for name in files() if name.startswith(wanted) for line in findings(name)]
    print("\n".join(lines) or "no retired word")
