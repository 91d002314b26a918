"""Names of files with variables, filled in on the server from the `.env` that Compose reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

from runbook_lib.connections.scripted import ScriptedServer
from runbook_lib.core import programs
from runbook_lib.recovery.facts.configuration_backups import names_of
from tests.unit.shop_environment import shop


def filled(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    text = programs.text("recovery/compose_names.sh", "recovery/filled_names.sh")
    return subprocess.run(("bash", "-s", "--", str(folder), *names), input=text, text=True, capture_output=True, timeout=60)


def test_each_name_gets_one_line_and_an_empty_one_where_a_variable_has_no_value(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PART=db\nFOLDER='two words'\nRAN=$(touch ran)\n")
    done = filled(tmp_path, "${PART}.yml", "$NONE", "${FOLDER}/$PART.yml", "${NONE:-a}/b", "a\nb", "-n", "plain", "$RAN")
    assert done.stdout.splitlines() == ["db.yml", "", "two words/db.yml", "a/b", "", "-n", "plain", "$(touch ran)"]
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "ran").exists()


def test_the_first_file_of_variables_that_has_a_value_counts(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=top\n")
    (tmp_path / "sub.env").write_text("A=sub\nB=sub\n")
    files = ("--env-file", ".env", "--env-file", "gone.env", "--env-file", "sub.env")
    assert filled(tmp_path, *files, "$A-$B", "$C").stdout.splitlines() == ["top-sub", ""]


def test_without_an_env_file_defaults_count_and_a_folder_that_is_gone_is_an_exit_code(tmp_path: Path) -> None:
    assert filled(tmp_path, "${PART:-db}.yml", "$PART").stdout.splitlines() == ["db.yml", ""]
    assert filled(tmp_path / "gone", "$PART").returncode == 66


def test_the_server_is_asked_once_for_a_name() -> None:
    server = ScriptedServer(commands={"bash": "db.yml\n"})
    ask = names_of(shop(), server)
    assert [ask("$PART", (".env",)), ask("$PART", (".env",))] == ["db.yml", "db.yml"]
    assert names_of(shop(), ScriptedServer(commands={"bash": (66, "")}))("$PART", (".env",)) == ""
