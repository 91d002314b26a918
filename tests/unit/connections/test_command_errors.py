"""What a command that gives no usable answer comes to; no secret is in it."""

from __future__ import annotations

import pytest

from runbook_lib.connections.command_errors import not_accepted, timed_out, unreadable
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import DockerUnavailable, FactUnreadable
from runbook_lib.core.questions import CommandResult
from runbook_lib.core.redaction import Redactor, Secret

REDACTOR = Redactor([Secret("X", "s3cret-value")])


def refused(code: int, stderr: str, *argv: str) -> FactUnreadable | DockerUnavailable:
    command = Command(argv or ("sh", "-c", "echo s3cret-value"))
    return not_accepted(command, CommandResult(str(command), code, "", stderr, 0.1), "deploy@h:22", REDACTOR)


def test_an_exit_code_is_named_with_what_was_printed() -> None:
    error = refused(3, "no  such\nlog s3cret-value\n")
    assert error.what == "`sh` on the server ended with exit code 3: no such log ‹X›"
    assert error.where == "deploy@h:22: sh -c 'echo ‹X›'"
    assert "it printed nothing" in refused(1, "").what


@pytest.mark.parametrize(("code", "stderr", "argv"), [
    (1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock", ("sh",)),
    (1, "docker: 'compose' is not a docker command.", ("docker",)),
    (127, "bash: docker: command not found", ("docker", "ps")),
])
def test_an_engine_that_does_not_answer_is_an_error_of_its_own(code: int, stderr: str, argv: tuple[str, ...]) -> None:
    assert isinstance(refused(code, stderr, *argv), DockerUnavailable)


def test_a_deadline_and_an_answer_out_of_bounds_name_the_command() -> None:
    assert timed_out("docker ps", 2.5, "h").what == "The command did not end within 2.5 s."
    assert timed_out("docker ps", 2.5, "h").where == "h: docker ps"
    assert unreadable(Command(("cat", "x")), "wrote too much", "h", REDACTOR).what == "`cat` on the server wrote too much"
