"""What an engine that hangs costs, and what it is called."""

from __future__ import annotations

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.core.engine import ENGINE_S, ask_engine
from runbook_lib.core.errors import CommandTimedOut, DockerUnavailable
from runbook_lib.core.questions import CommandResult


def test_a_list_has_the_engines_limit_whatever_the_command_says() -> None:
    given = []

    def run(command: Command) -> CommandResult:
        given.append(command.timeout_s)
        return CommandResult(str(command), 0, "here", "", 0.1)

    assert ask_engine(run, Command(("docker", "ps"), timeout_s=600)).stdout == "here"
    ask_engine(run, Command(("docker", "ps")), 3.0)
    assert given == [ENGINE_S, 3.0]
    assert ENGINE_S <= 20, "every notebook has to say within 25 s that the engine hangs"


def test_an_engine_that_says_nothing_hangs_and_is_called_so() -> None:
    def run(command: Command) -> CommandResult:
        raise CommandTimedOut("The command did not end within 20 s.", where="here: docker ps", next_step="Check the load.")

    with pytest.raises(DockerUnavailable, match="hangs: no answer within 20 s") as caught:
        ask_engine(run, Command(("docker", "ps")))
    assert caught.value.where == "here: docker ps"
    assert "40 Health" in (caught.value.next_step or "")
