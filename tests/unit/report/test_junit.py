"""JUnit XML: failures, errors and skipped cases."""

from __future__ import annotations

import xml.etree.ElementTree as tree


def counts(runs, name):
    suite = tree.fromstring((runs[name] / "junit.xml").read_text())[0]
    return {key: int(suite.attrib[key]) for key in ("failures", "errors")}


def test_junit_distinguishes_failures_from_errors(runs):
    assert counts(runs, "passed_deploy") == {"failures": 0, "errors": 0}
    assert counts(runs, "verified_with_warning") == {"failures": 0, "errors": 0}
    assert counts(runs, "failed_and_rolled_back") == {"failures": 5, "errors": 0}
    assert counts(runs, "plan_only") == {"failures": 0, "errors": 0}
    assert counts(runs, "inconclusive") == {"failures": 0, "errors": 2}
    assert counts(runs, "refused") == {"failures": 0, "errors": 1}
    assert counts(runs, "killed") == {"failures": 1, "errors": 1}
