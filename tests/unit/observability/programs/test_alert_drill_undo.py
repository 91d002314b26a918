"""How a drill of alerts changes Alertmanager's configuration and gives it back: full disk, engine away, odd YAML. No Docker."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runbook_lib.core import programs

CONFIG = """global: {smtp_auth_password: hunter2}
route:
  receiver: team
receivers: [{name: team}]
inhibit_rules:
  - source_matchers: ['a = "1"']
"""
# a container's commands run here; each file named below is a fault
DOCKER = r"""#!/bin/bash
[[ $* != 'ps --all'* ]] || echo attempt >>"$FAKE/attempts"
[[ ! -e $FAKE/no-engine ]] || { echo 'Cannot connect to the Docker daemon.' >&2; exit 1; }
case $1 in
    ps) [[ $* != *service=* || -e $FAKE/no-containers ]] || echo one ;;
    exec) shift; variables=(); while [[ $1 == --env ]]; do variables+=("$2"); shift 2; done; shift; env "${variables[@]}" "$@" ;;
esac
"""
CURL = r"""#!/bin/bash
case $* in
    */-/reload*) echo reload >>"$FAKE/reloads"; [[ -e $FAKE/no-reload ]] && echo 500 || echo 200 ;;
    */rules*) [[ ! -e $FAKE/rules/alert-drill.yml ]] || echo '"name":"alert-drill"' ;;
    *) echo '[]' ;;
esac
"""
CAT = r"""#!/bin/bash
[[ ! -e $FAKE/full ]] || { head -c 20 "$1"; echo 'No space left on device' >&2; exit 1; }
exec head -c 1000000 "$@"
"""


@pytest.fixture
def server(tmp_path: Path) -> Path:
    for name, text in {"docker": DOCKER, "curl": CURL, "cat": CAT, "amtool": "#!/bin/sh\n"}.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    (tmp_path / "rules").mkdir()
    (tmp_path / "am.yml").write_text(CONFIG)
    return tmp_path


def eventually(server: Path, true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 240.0  # for a busy machine; nothing is proven by it
    while not true():
        assert time.monotonic() < limit, sorted(one.name for one in server.iterdir())
        time.sleep(0.1)


def run(server: Path, text: str) -> subprocess.CompletedProcess[str]:
    head = (f"declare -A given=([project]=p [prometheus]=1 [alertmanager]=2 [rules]='{{}}' "
            f"""[route]='{{"receiver": "team"}}' [inhibitions]='[{{"equal": []}}]')\nrun_id=r scratch={server}\n""")
    places = f"prometheus=one alertmanager=one rule_file={server}/rules/alert-drill.yml config={server}/am.yml\n"
    script = programs.text("platform/whole_lines.sh", "observability/alert_drill_undo.sh") + head + places + text
    return subprocess.run(("bash", "-u"), input=script, text=True, capture_output=True, timeout=300,
                          env={"PATH": f"{server}/bin:{os.environ['PATH']}", "FAKE": str(server)})


def copies(server: Path) -> list[str]:
    return sorted(one.name for one in server.glob("am.yml?*"))


def test_what_a_drill_changes_is_given_back(server: Path) -> None:
    assert run(server, "load").returncode == 0
    assert 'route: {"receiver": "team"}\nreceivers' in (server / "am.yml").read_text()
    assert run(server, "undo").returncode == 0
    assert ((server / "am.yml").read_text(), copies(server), list((server / "rules").iterdir())) == (CONFIG, [], [])


def test_the_copy_of_a_configuration_with_passwords_is_for_its_owner_alone(server: Path) -> None:
    run(server, "umask 022; load")
    assert stat.S_IMODE((server / "am.yml.before-drill").stat().st_mode) == 0o600


def test_a_copy_that_a_full_disk_cut_short_is_not_given_back(server: Path) -> None:
    (server / "full").touch()
    assert run(server, "load").returncode != 0
    (server / "full").unlink()
    assert run(server, "undo").returncode == 0
    assert ((server / "am.yml").read_text(), copies(server)) == (CONFIG, [])


def test_a_disk_that_is_full_at_the_end_leaves_the_copy_for_the_next_attempt(server: Path) -> None:
    run(server, "load")
    (server / "full").touch()
    assert run(server, "undo").returncode != 0
    (server / "full").unlink()
    assert run(server, "undo").returncode == 0
    assert ((server / "am.yml").read_text(), copies(server)) == (CONFIG, [])


def test_an_engine_that_does_not_answer_has_undone_nothing(server: Path) -> None:
    run(server, "load")
    (server / "rules" / "alert-drill.yml").unlink()
    (server / "no-engine").touch()
    assert run(server, "undo").returncode != 0


def test_a_configuration_that_is_not_read_again_is_tried_again(server: Path) -> None:
    run(server, "load")
    (server / "no-reload").touch()
    assert run(server, "undo").returncode != 0
    (server / "no-reload").unlink()
    assert run(server, "undo").returncode == 0
    assert len((server / "reloads").read_text().splitlines()) == 3
    assert copies(server) == []


@pytest.mark.parametrize("odd", [CONFIG.replace("route:", '"route":'), CONFIG.replace("inhibit_rules:", '"inhibit_rules":'),
                                 '{"route": {"receiver": "team"}}\n'], ids=["route", "inhibitions", "braces"])
def test_a_configuration_whose_keys_are_not_found_is_not_used(server: Path, odd: str) -> None:
    (server / "am.yml").write_text(odd)
    done = run(server, "load")
    assert done.returncode != 0
    assert "has no line that begins with route" in done.stdout
    assert not (server / "reloads").exists()
    run(server, "undo")
    assert (server / "am.yml").read_text() == odd


def test_without_places_only_what_needs_none_is_removed(server: Path) -> None:
    done = run(server, "prometheus='' alertmanager='' rule_file='' config=''; unset given[prometheus]; undo; echo \"status $?\"")
    assert (done.stdout, done.stderr) == ("status 0\n", "")


def test_the_watchdog_of_a_killed_drill_waits_for_an_engine_that_starts_again(server: Path) -> None:
    scratch, attempts = server / "scratch", server / "attempts"
    scratch.mkdir()
    done = run(server, f'cd {server}; scratch={scratch} given[limit_s]=1000; load; touch no-engine; keep; kill -KILL "$$"')
    assert done.returncode != 0
    eventually(server, lambda: attempts.exists() and len(attempts.read_text().splitlines()) >= 3)
    assert scratch.is_dir()
    (server / "no-engine").unlink()
    eventually(server, lambda: not scratch.exists())
    assert ((server / "am.yml").read_text(), copies(server), list((server / "rules").iterdir())) == (CONFIG, [], [])
