"""The command by which Grafana takes its password, as an operator would copy it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from runbook_lib.platform.checks.grafana_password import keeps_password, take_password

DOCKER = """#!/bin/sh
case "$1" in
    ps) [ "$4 $6" = "label=com.docker.compose.project=mine label=com.docker.compose.service=charts" ] && echo 4f2c ;;
    exec) shift; [ "$1" = 4f2c ] && shift && exec "$@" ;;
esac
"""
# prints what reached it: arguments in one line, its input in the next
GRAFANA = """#!/bin/sh
echo "$*"
cat
"""


def test_the_command_hands_over_the_containers_own_password_and_by_no_argument(tmp_path: Path) -> None:
    for name, text in (("docker", DOCKER), ("grafana", GRAFANA)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "GF_SECURITY_ADMIN_PASSWORD": "%s it's \\n \"$HOME\" `x`"}
    done = subprocess.run(("bash", "-c", take_password("mine", "charts").strip("`")), env=variables, capture_output=True, text=True,
                          check=True)
    assert done.stdout == "cli admin reset-admin-password --password-from-stdin\n" + variables["GF_SECURITY_ADMIN_PASSWORD"]


def test_a_plan_names_the_command() -> None:
    assert take_password("mine", "charts") in keeps_password("mine", "charts")
