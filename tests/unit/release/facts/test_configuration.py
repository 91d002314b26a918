from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.findings import Verdict
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.release.checks.secrets import secret_findings
from runbook_lib.release.facts.configuration import (
    WEAK_WORDS,
    ServerSecrets,
    parse_server_secrets,
    strength_of,
    strengths_of,
)

ENVIRONMENT = load_environment("staging")
STRONG = "q7Zk-2mVx_8Lw4Nn0RbT6yHs1Dg5Jc9PfAeUi3Ko"


def measured(file: Path) -> str:
    argv = ("bash", "-s", "--", str(file), ",".join(WEAK_WORDS))
    return subprocess.run(argv, input=programs.text("release/read_secrets.sh"), text=True, capture_output=True, check=True).stdout


@pytest.mark.parametrize("value", [STRONG, "changeme", "a" * 40, "sp ace/@:#", "it=has=equals" * 3, "Password1" * 5])
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_the_server_measures_a_secret_as_the_kernel_does_and_shows_none(tmp_path: Path, value: str, quote: str) -> None:
    file = tmp_path / ".env.secrets"
    file.write_text(f"# a comment\nSTAGING_SECRET_KEY={quote}{value}{quote}\n")
    said = measured(file)
    assert parse_server_secrets(said, "x").secrets == (strength_of(Secret("STAGING_SECRET_KEY", value)),)
    assert value not in said


def test_no_file_is_told_from_an_empty_one(tmp_path: Path) -> None:
    assert not parse_server_secrets(measured(tmp_path / "none"), "x").present
    (tmp_path / "empty").touch(mode=0o600)
    assert parse_server_secrets(measured(tmp_path / "empty"), "x") == ServerSecrets(0o600, _me(), ())


def test_a_reply_that_is_no_measurement_is_not_repeated() -> None:
    with pytest.raises(FactUnreadable) as caught:
        parse_server_secrets("mode 600 deploy\nsecret A hunter2 what\n", "x")
    assert "hunter2" not in str(caught.value)


def test_weak_short_and_missing_secrets_are_named_without_their_values() -> None:
    held = {name: Secret(name, STRONG) for name in ENVIRONMENT.server_secrets}
    held["STAGING_DB_PASSWORD"] = Secret("STAGING_DB_PASSWORD", "hunter/" * 4)
    held["STAGING_SECRET_KEY"] = Secret("STAGING_SECRET_KEY", "changeme" + STRONG)
    del held["STAGING_JWT_SECRET"]
    found = secret_findings(strengths_of(held), ServerSecrets(None, None, ()), ENVIRONMENT)[0]
    assert found.verdict is Verdict.FAILED
    for words in ("DB_PASSWORD: has characters that break a URL", "SECRET_KEY: contains a well-known word",
                  "JWT_SECRET: missing"):
        assert words in found.measured
    assert "hunter" not in str(found)


def test_strong_secrets_pass_and_a_file_others_can_read_does_not() -> None:
    held = strengths_of({name: Secret(name, STRONG) for name in ENVIRONMENT.server_secrets})
    assert {one.verdict for one in secret_findings(held, ServerSecrets(0o600, "deploy", held), ENVIRONMENT)} == {
        Verdict.PASSED
    }
    assert secret_findings(held, ServerSecrets(0o640, "deploy", held), ENVIRONMENT)[1].verdict is Verdict.FAILED
    assert secret_findings(held, ServerSecrets(None, None, ()), ENVIRONMENT)[1].verdict is Verdict.WARNING


def _me() -> str:
    import getpass

    return getpass.getuser()
