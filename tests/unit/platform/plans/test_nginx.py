"""Reloading nginx and waiting for its old workers: without a file of the checkout, and without guessing."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.platform.plans.nginx import REFUSED, reload_if_running, reload_nginx, wait_until_drained

ENVIRONMENT = load_environment("staging")

def test_a_reload_ends_when_no_previous_worker_accepts_connections() -> None:
    assert "before=$(workers)" in str(reload_nginx(ENVIRONMENT))


def test_an_undo_reads_neither_the_compose_file_nor_env() -> None:
    for command in (reload_if_running(ENVIRONMENT), wait_until_drained(ENVIRONMENT)):
        assert command.argv[:2] == ("sh", "-ec") and "compose" not in command.argv[0]
        assert "--env-file" not in str(command) and command.accepts == (0,)


def test_a_file_that_nginx_refuses_has_an_exit_code_of_its_own() -> None:
    assert f"nginx_as_started -s reload || exit {REFUSED}" in str(reload_if_running(ENVIRONMENT))
    assert REFUSED not in (0, 1, 125, 126, 127), "those are Docker's and the shell's"
