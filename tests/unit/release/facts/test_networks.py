"""Networks as the survey of a release prints them: bash is real, the engine is a double."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.release.facts.networks import LiveNetwork, parse_networks
from tests.unit.release.engine_double import survey_records

# as the survey ends, whose exit code is that of its last part
PROGRAM = "set -uo pipefail\n" + programs.text("platform/whole_lines.sh", "release/read_git.sh", "release/project_networks.sh") + "show_networks; exit\n"
DOCKER = """#!/bin/bash
case "$2" in
    ls) [[ ! -e $STATE/silent ]] || exit 1; cat "$STATE/ids" ;;
    inspect) [[ $# -gt 4 ]] || exit 1; cat "$STATE/found"; exit "$(cat "$STATE/code")" ;;
esac
"""
# as Docker 20.10 prints them
DATA = {"Name": "shop_data", "Driver": "bridge", "EnableIPv6": False, "Internal": True, "Options": {"a": "1"}, "Containers": {"b1": {"Name": "shop-db"}},
        "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "172.27.4.0/24", "Gateway": "172.27.4.1"}]}}
BARE = {"Name": "shop_host", "Driver": "host", "Internal": False, "Options": None, "IPAM": {"Driver": "default", "Options": None, "Config": []}}


def survey(folder: Path, found: str, ids: str = "a\nb\n", code: str = "0", *more: str) -> tuple[LiveNetwork, ...]:
    files = {"ids": ids, "found": found, "code": code, **dict.fromkeys(more, "")}
    return parse_networks(survey_records(folder, DOCKER, PROGRAM, files))


@pytest.mark.parametrize("code", ["0", "1"])
def test_networks_are_read_by_project_also_where_one_has_gone_meanwhile(tmp_path: Path, code: str) -> None:
    text = f"shop\tdata\t{json.dumps(DATA)}\nshop\tedge\t{json.dumps(BARE)}\n"
    assert survey(tmp_path, text, code=code) == (
        LiveNetwork("shop", "data", True, "bridge", False, frozenset({"172.27.4.0/24"}), {"a": "1"}, "shop_data", True),
        LiveNetwork("shop", "edge", False, "host", False, full_name="shop_host"))


def test_a_network_that_was_made_by_hand_with_a_label_of_compose_is_none_of_a_project(tmp_path: Path) -> None:
    """Its empty label ended the survey of every release in a reply of an unknown form."""
    text = f"\tedge\t{json.dumps(BARE)}\nshop\t\t{json.dumps(BARE)}\nshop\tdata\t{json.dumps(DATA)}\n"
    assert [(one.project, one.name) for one in survey(tmp_path, text)] == [("shop", "data")]


def test_without_networks_or_an_engine_there_are_none(tmp_path: Path) -> None:
    assert survey(tmp_path, "", "") == ()


def test_an_engine_that_does_not_answer_shows_none(tmp_path: Path) -> None:
    assert survey(tmp_path, "", "a\n", "0", "silent") == ()


def test_an_unknown_form_is_an_error() -> None:
    with pytest.raises(KeyError):
        parse_networks([["network", "shop", "data", base64.b64encode(b"{}").decode()]])
