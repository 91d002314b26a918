"""Secrets are measured where they are: on the server as in the kernel, and no value is in an answer."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.redaction import Secret
from runbook_lib.release.facts.secret_strength import WEAK_WORDS, ServerSecrets, parse_server_secrets, strength_of

STRONG = "q7Zk-2mVx_8Lw4Nn0RbT6yHs1Dg5Jc9PfAeUi3Ko"


def measured(file: Path) -> str:
    argv = ("bash", "-s", "--", str(file), ",".join(WEAK_WORDS))
    return subprocess.run(argv, input=programs.text("release/read_secrets.sh"), text=True, capture_output=True, check=True).stdout


@pytest.mark.parametrize("value", [STRONG, "changeme", "a" * 40, "sp ace/@:#", "it=has=equals" * 3, "Password1" * 5])
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_the_server_measures_a_secret_as_the_kernel_does_and_shows_none(tmp_path: Path, value: str, quote: str) -> None:
    file = tmp_path / ".env.secrets"
    file.write_text(f"# a comment\nSTAGING_SECRET_KEY={quote}{value}{quote}\n")
    reply = measured(file)
    assert parse_server_secrets(reply, "x").secrets == (strength_of(Secret("STAGING_SECRET_KEY", value)),)
    assert value not in reply


def test_no_file_differs_from_an_empty_one(tmp_path: Path) -> None:
    assert parse_server_secrets(measured(tmp_path / "none"), "x").mode is None
    (tmp_path / "empty").touch(mode=0o600)
    assert parse_server_secrets(measured(tmp_path / "empty"), "x") == ServerSecrets(0o600, getpass.getuser(), ())


def test_a_reply_in_another_form_is_not_repeated() -> None:
    with pytest.raises(FactUnreadable) as caught:
        parse_server_secrets("mode 600 deploy\nsecret A hunter2 what\n", "x")
    assert "hunter2" not in str(caught.value)
