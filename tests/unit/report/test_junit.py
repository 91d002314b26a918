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


def test_what_is_not_applicable_is_skipped_with_its_reason(runs):
    suite = tree.fromstring((runs["absent_service"] / "junit.xml").read_text())[0]
    skipped = [case.find("skipped").attrib["message"] for case in suite if case.find("skipped") is not None]
    assert skipped == ["not applicable: no Grafana server can be had without an image registry"]
    suite = tree.fromstring((runs["all_not_applicable"] / "junit.xml").read_text())[0]
    assert (suite.attrib["skipped"], suite.attrib["failures"], suite.attrib["errors"]) == (suite.attrib["tests"], "0", "0")
