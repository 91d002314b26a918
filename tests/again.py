"""All tests, side by side; the few that fail are run once more with nothing next to them, and reported either way.

A test that fails next to three others and passes alone has found a race, in itself or in the product. It does not hold
up a change that has nothing to do with it, and it is not forgotten: the last lines name it, and its failure stands above.
More than MOST are no coincidence and stay failures, and so does all that fails twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST = 3
STRICT = "RUNBOOK_TESTS_STRICT"  # set it to count each failure: there is no second attempt
FAILED, PASSED = 1, 0  # pytest's exit codes; others (interrupted, no tests, internal error) are never tried again


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Run the tests with pytest's `arguments`. Returns pytest's exit code: of the second attempt, where there was one."""
    code = _pytest(root, *arguments)
    failed = failures(root) if code == FAILED else []
    if not failed or len(failed) > MOST or os.environ.get(STRICT):
        return code
    _say(f"{len(failed)} failed next to other tests. Once more, with nothing next to them:", failed)
    # a test may rest on those before it in its file: the whole file again, on a server of its own
    again = _pytest(root, "-n", "0", *dict.fromkeys(test.partition("::")[0] for test in failed))
    if again == PASSED:
        _say("UNSTEADY: failed next to other tests and passed alone. The failures stand above; find the race:", failed)
        _annotate(failed)
    return again


def failures(root: Path) -> list[str]:
    """The tests that failed in the last run below `root`, as pytest has written them down."""
    record = root / ".pytest_cache/v/cache/lastfailed"
    try:
        return sorted(json.loads(record.read_text()))
    except (OSError, ValueError):
        return []


def _pytest(root: Path, *arguments: str) -> int:
    return subprocess.run((sys.executable, "-m", "pytest", *arguments), cwd=root, check=False).returncode


def _say(title: str, tests: list[str]) -> None:
    print("", title, *(f"  {test}" for test in tests), "", sep="\n", flush=True)


def _annotate(tests: list[str]) -> None:
    """A warning on the page of the run, where GitHub shows one."""
    if os.environ.get("GITHUB_ACTIONS"):
        for test in tests:
            print(f"::warning file={test.partition('::')[0]}::passed only in a second attempt: {test}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
