"""Which running services a release changes: Compose is asked about the release's own files, and may not know."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.release.facts.service_changes import parse_changes
from runbook_lib.release.facts.validation_runs import ValidationRun

# Compose as far as it is asked: `config` shows the file and what it names; the dry run refuses what the real one refuses
DOCKER = r"""#!/bin/bash
words="$*"
echo "$words" >>"$LOG"
[[ -z $FAILS || $words != $FAILS ]] || { [[ -z $DOWN ]] || touch "$LOG.down"; echo "Cannot connect to the Docker daemon" >&2; exit 1; }
[[ ! -e $LOG.down ]] || exit 1
case "$*" in
    *" config") folder=${words#*--project-directory }; folder=${folder%% *}
        named=$folder/$NAMES
        [[ -e $named ]] || { echo "env file $named not found: stat $named: no such file or directory" >&2; exit 14; }
        printf 'services:\n  postgres:\n'; grep -qs lacks-redis "$folder/docker-compose.staging.yml" || echo '  redis:'
        cat "$folder/docker-compose.staging.yml" "$folder/a.env" $([[ -d $named ]] || echo "$named") || exit 14; echo "$folder" ;;
    *--dry-run*) text=$(cat)
        [[ $text == *missing-image* && $* != *"--pull never"* ]] && { echo "Error lookup registry"; exit 18; }
        [[ $text == *stopped* && $* != *"--no-start"* ]] && { echo "dependency failed to start: container x exited (0)"; exit 1; }
        [[ $text == *lacks-redis* && $words == *" redis"* ]] && { echo "no such service: redis"; exit 1; }
        [[ $text == *nonsense* ]] && { echo "invalid value of STAGING_X: hidden"; exit 15; }
        [[ $text == *"$SCRATCH_MARK"* ]] && echo "still in the temporary folder: $text" >&2
        echo " DRY-RUN MODE -  Container kept  Running"
        # as Compose 2.26: what a service depends on is compared with what it was started with
        [[ $text == *depends_on* ]] && echo " DRY-RUN MODE -  Container kept  Recreate"
        [[ $text == *alone* && $text != *depends_on* ]] && echo " DRY-RUN MODE -  Container kept  Recreate"
        [[ $text == *changed* ]] && printf " DRY-RUN MODE -  Container %s $RECREATE\n" the-database 0123456789ab_gw2-staging-redis-1 ;;
    "image inspect"*) ;;
    run*nginx*-T) printf '%b' "$NEW_DATA" ;;
    "exec live nginx -T") [[ -n $LIVE_DATA ]] && printf '%b' "$LIVE_DATA" || exit 1 ;;
    run*) while [[ ! -e $LOG.removed ]]; do sleep 0.1; done ;;
    rm*) touch "$LOG.removed" ;;
    exec*PG_VERSION*) [[ $words == "exec live "* ]] && echo 15 || echo "$NEW_MAJOR" ;;
    exec*psql*) [[ $words == "exec live "* || $words == *" live sh"* ]] && printf '%b' "$LIVE_DATA" || printf '%b' "$NEW_DATA" ;;
    exec*dbfilename*) if [[ $words == "exec live "* ]]; then printf '%b' "$LIVE_DATA"; else printf '%b' "$NEW_DATA"; fi ;;
    exec*CONFIG*) printf 'maxmemory\n1\n' ;;
    ps*service=postgres*|ps*service=redis*|ps*service=nginx*) echo live ;;
    ps*--format*) printf 'the-database postgres\n0123456789ab_gw2-staging-redis-1 redis\nkept prometheus\n' ;;
esac
exit 0
"""

RECREATE = " Recreate"  # as Compose up to 2.40 prints it
PROGRAM = programs.text("platform/whole_lines.sh", "platform/own_session.sh", "release/limited.sh", "release/read_git.sh",
                        "release/whole_tree.sh", "release/env_files.sh", "release/proxy_directives.sh",
                        "release/configuration.sh")


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(("git", "-C", str(folder), *identity, *words), check=True, capture_output=True, text=True,
                          timeout=120).stdout.strip()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """A checkout whose working files are those of an earlier release than the commit that is asked about."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    git(checkout, "init", "-q")
    (checkout / ".env.secrets").write_text("A='b'\n")
    return tmp_path


def ask(server: Path, compose: str, env: str = "", *runs: ValidationRun, new_major: str = "", fails: str = "", down: str = "", names: str = "",
        data: tuple[str, str] = ("", "")) -> str:
    checkout = server / "checkout"
    (checkout / "docker-compose.staging.yml").write_text(compose)
    (checkout / "a.env").write_text(env)
    git(checkout, "add", "docker-compose.staging.yml", "a.env")
    git(checkout, "commit", "-q", "-m", "release")
    commit = git(checkout, "rev-parse", "HEAD")
    (checkout / "a.env").unlink()
    (checkout / "docker-compose.staging.yml").write_text("earlier\n")
    files = {".runbook/release.env": "B=c\n", ".runbook/services": "postgres\nredis\n", ".runbook/placeholders": "C=d\n"}
    words = [f"{path}={encoded(text)}" for path, text in files.items()]
    specs = [encoded("".join(f"{word}\0" for word in one.words)) for one in runs]
    done = subprocess.run(
        ("bash", "-s", "--", str(checkout), commit, "gw2-staging", "1", "docker-compose.staging.yml", *words, "--", *specs), capture_output=True, text=True, timeout=60,
        input=PROGRAM,
        env={"PATH": f"{server / 'bin'}:/usr/bin:/bin", "LOG": str(server / "log"), "SCRATCH_MARK": "/tree", "HOME": str(server),
             "NEW_MAJOR": new_major, "FAILS": fails, "DOWN": down, "NAMES": names, "RECREATE": RECREATE,
             "LIVE_DATA": data[0], "NEW_DATA": data[1]})
    assert done.stderr == ""
    return done.stdout


def test_the_dry_run_gets_every_compose_file_in_its_order(server: Path) -> None:
    checkout = server / "checkout"
    for name in ("docker-compose.staging.yml", "two.yml", "a.env"):
        (checkout / name).write_text("changed\n")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "release")
    files = {".runbook/release.env": "B=c\n", ".runbook/services": "postgres\n", ".runbook/placeholders": "C=d\n"}
    subprocess.run(
        ("bash", "-s", "--", str(checkout), git(checkout, "rev-parse", "HEAD"), "gw2-staging", "2", "docker-compose.staging.yml",
         "two.yml", *(f"{path}={encoded(text)}" for path, text in files.items()), "--"),
        check=True, text=True, timeout=60, input=PROGRAM,
        env={"PATH": f"{server / 'bin'}:/usr/bin:/bin", "LOG": str(server / "log"), "SCRATCH_MARK": "/tree",
             "HOME": str(server), "FAILS": "", "DOWN": ""})
    (asked,) = [line for line in (server / "log").read_text().splitlines() if line.endswith(" config")]
    words = asked.split()
    named = [words[place + 1].rpartition("/tree/")[2] for place, word in enumerate(words) if word == "--file"]
    assert named == ["docker-compose.staging.yml", "two.yml"]


NGINX = ValidationRun("nginx", "nginx", "check", "nginx:new", ("nginx",), (), ("nginx", "-T"))
BOTH = {"recreate\tpostgres", "recreate\tredis"}


@pytest.mark.parametrize(("compose", "env", "printed"), [
    ("changed\n", "", " Recreate"),
    ("changed\n", "", "Recreate "),  # from 5.0 on
    ("image: missing-image\nchanged\n", "", " Recreate"),
    ("the same\n", "changed\n", " Recreate"),
    ("stopped\nchanged\n", "", " Recreate"),
], ids=["a definition", "a later Compose", "an image that is not on the server", "a file of variables", "a service that others need is stopped"])
def test_what_the_release_changes_is_found_whatever_the_containers_are_called(server: Path, monkeypatch: pytest.MonkeyPatch,
                                                                             compose: str, env: str, printed: str) -> None:
    monkeypatch.setitem(globals(), "RECREATE", printed)
    assert set(ask(server, compose, env).splitlines()) == BOTH


def test_a_release_that_changes_no_service_recreates_none(server: Path) -> None:
    assert ask(server, "the same\n") == ""
    dry_run = next(line for line in (server / "log").read_text().splitlines() if " --dry-run " in line)
    assert f"--project-directory {server / 'checkout'} " in dry_run
    order = [dry_run.index(one) for one in ("placeholders", "release.env", ".env.secrets")]
    assert order == sorted(order), "what the server has comes last, and counts"


DEPENDS = "services:\n  prometheus:\n    depends_on:\n      redis:\n        condition: service_healthy\n    image: a\n"


@pytest.mark.parametrize(("compose", "changed"), [
    (DEPENDS, set()), (DEPENDS + "    x-is: changed\n", BOTH), (DEPENDS + "    x-was-started: alone\n", {"recreate\tprometheus"}),
    ("services:\n  prometheus:\n    x-was-started: alone\n", {"recreate\tprometheus"}), ("lacks-redis\n", set()),
], ids=["started with its dependencies", "the same, and others changed", "changed", "changed, depends on nothing", "a service is gone"])
def test_a_service_that_was_started_with_or_without_what_it_depends_on_is_not_a_changed_one(
    server: Path, compose: str, changed: set[str],
) -> None:
    assert set(ask(server, compose).splitlines()) == changed


def test_where_compose_cannot_say_nothing_counts_as_unchanged_and_no_value_is_shown(server: Path) -> None:
    text = ask(server, "nonsense\n")
    assert text == "dry-run\tfailed\n"
    with pytest.raises(FactUnreadable, match="not known"):
        parse_changes(text, {})


@pytest.mark.parametrize(("major", "outcome"), [("15", "passed"), ("16", "failed"), ("", "passed")])
def test_a_postgresql_that_cannot_read_the_live_data_is_no_valid_one(server: Path, major: str, outcome: str) -> None:
    run = ValidationRun("postgres", "postgres", "start", "postgres:new", ("postgres",), (), ("postgres",), ("true",))
    lines = [line.split("\t") for line in ask(server, "the same\n", "", run, new_major=major).splitlines()]
    (result,) = [line for line in lines if line[0] == "run"]
    assert result[3] == outcome
    assert ("PostgreSQL 16, which cannot read them" in base64.b64decode(result[5]).decode()) == (outcome == "failed")


POSTGRES = ValidationRun("postgres", "postgres", "start", "postgres:new", ("postgres",), (), ("postgres",), ("true",))
REDIS = ValidationRun("redis", "redis", "start", "redis:new", ("redis",), (), ("redis",), ("true",))


SEVEN, SEVEN_2, EIGHT = (f"REDIS{form}\\nredis_version:{version}\\n" for form, version in (("0010", "7.0.15"), ("0011", "7.2.4"), ("0012", "8.0.6")))


@pytest.mark.parametrize(("live", "new", "words"), [
    (SEVEN, SEVEN, ""), (EIGHT, EIGHT, ""), (EIGHT, SEVEN_2, "cannot read them"), (SEVEN, EIGHT, "no undo could return to it"),
    # it has not written since it was raised itself; nothing is on a disk; neither shows what it writes
    ("REDIS0010\\nredis_version:7.2.4\\n", SEVEN_2, ""), ("redis_version:7.0.15\\n", EIGHT, ""), (SEVEN, "", ""), ("REDIS0012\\nredis_version:9.1.0\\n", EIGHT, ""),
    ("REDIS0010\\nREDIS\\nredis_version:7.0.15\\n", SEVEN, ""), (SEVEN, "VALKEY080\\nredis_version:7.2.4\\n", "no undo could return to it"),
])
def test_a_redis_whose_data_the_live_one_could_not_read_again_is_no_valid_one(server: Path, live: str, new: str, words: str) -> None:
    """Redis 7.0 ends at its start with what 8.0 wrote: an undo left the environment without its cache."""
    lines = [line.split("\t") for line in ask(server, "the same\n", "", REDIS, data=(live, new)).splitlines()]
    (result,) = [line for line in lines if line[0] == "run"]
    assert result[3] == ("failed" if words else "passed")
    assert words in base64.b64decode(result[5]).decode()


# name, what is live and where that is from, the same of the release; what is found of it
SETTINGS = (
    ("restart", "named_by_the_command", "1 data", "2 named", True), ("restart", "in_a_file_of_the_release", "1 ", "2 data", True),
    ("restart", "of_a_library", "", "1 ", True), ("kept", "of_a_library", "", "1 ", False),
    ("kept", "fsync", "on none", "off named", True), ("kept", "TimeZone", "UTC set", "CET named", True),
    ("restart", "by_alter_system", "1 set", "2 ", False), ("kept", "autovacuum", "on set", "off data", False),
    ("restart", "worked_out_of_others", "1 none", "2 none", False),
)
AMONG_THE_DATA = (("restart", "shared_buffers", "1 data", "2 data"), ("kept", "archive_mode", "on data", "off data"))


@pytest.mark.parametrize("reads", ["true", "false"])
def test_a_postgresql_is_restarted_only_for_what_the_release_changes(server: Path, reads: str) -> None:
    """One that was tuned with ALTER SYSTEM, or in the postgresql.conf among its data, was restarted with each release that changed a file of it."""
    rows = (*SETTINGS, *((*row, reads == "false") for row in AMONG_THE_DATA))
    live, new = ("".join(f"{row[0]} {row[1]} {row[place]}\n".replace(" ", "\t") for row in rows if row[place]) for place in (2, 3))
    lines = ask(server, "the same\n", "", POSTGRES, new_major="15", data=(live, f"{new}reads\tdata\t{reads}\t\n")).splitlines()
    found = {(one[0], one[2], *(base64.b64decode(word).decode() for word in one[3:])) for one in (line.split("\t") for line in lines)
             if one[0] in ("restart", "value")}
    assert found == {("restart", name) if kind == "restart" else ("value", name, after.split()[0], before.split()[0])
                     for kind, name, before, after, counts in rows if counts}


@pytest.mark.parametrize(("run", "fails"), [
    (POSTGRES, "ps*service=postgres*"), (POSTGRES, "exec live*PG_VERSION*"), (POSTGRES, "exec configuration*PG_VERSION*"), (POSTGRES, "exec*live*psql*"),
    (POSTGRES, "exec*configuration*psql*"), (REDIS, "ps*service=redis*"), (REDIS, "exec live*CONFIG*"), (REDIS, "exec configuration*CONFIG*"),
])
def test_what_cannot_be_compared_with_the_live_service_is_an_error_never_the_same(server: Path, run: ValidationRun, fails: str) -> None:
    lines = [line.split("\t") for line in ask(server, "the same\n", "", run, new_major="15", fails=fails).splitlines()]
    (result,) = [line for line in lines if line[0] == "run"]
    assert result[3] == "error"
    assert "Docker daemon" in base64.b64decode(result[5]).decode()


@pytest.mark.parametrize(("down", "outcome"), [("1", "error"), ("", "failed")])
def test_a_run_whose_engine_went_away_is_an_error_and_not_a_fault_of_the_files(server: Path, down: str, outcome: str) -> None:
    (result,) = [line.split("\t") for line in ask(server, "the same\n", "", NGINX, fails="run*nginx:new*", down=down).splitlines()]
    assert result[3] == outcome


def test_a_file_of_variables_that_the_server_alone_has_is_compared_too(server: Path) -> None:
    """A change of what it holds makes a container anew, and a repository does not have it."""
    (server / "checkout/own.env").write_text("changed\n")
    assert set(ask(server, "the same\n", names="own.env").splitlines()) == BOTH


def test_a_file_of_variables_that_the_server_lacks_too_is_not_known(server: Path) -> None:
    assert ask(server, "the same\n", names="lacking.env") == "dry-run\tfailed\n"


def test_a_file_that_lies_on_the_server_alone_is_given_to_a_run_as_the_release_will_find_it(server: Path) -> None:
    """A password of `secrets: {file: …}`, a key: in no release, and a database does not start without it."""
    checkout = server / "checkout"
    (checkout / "key").write_text("of the server")
    options = tuple(word for name in ("key", "lacking")
                    for word in ("--mount", f"type=bind,source=@TREE@/{name},target=/run/secrets/{name},readonly"))
    ask(server, "the same\n", "", ValidationRun("nginx", "nginx", "check", "nginx:new", ("key",), options, ("nginx", "-T")))
    run = next(line for line in (server / "log").read_text().splitlines() if line.startswith("run"))
    assert f"type=bind,source={checkout}/key,target=/run/secrets/key,readonly" in run
    assert "type=tmpfs,target=/run/secrets/lacking" in run


def test_directives_of_a_proxy_are_shown_and_no_other_word_of_the_configuration(server: Path) -> None:
    new = "http {\\n\\tlimit_req_zone $key zone=a:10m rate=1r/m;\\nproxy_set_header X hidden; gzip off;\\n}\\n"
    *shown, run = ask(server, "the same\n", "", NGINX, data=("gzip on;\\n", new)).splitlines()
    assert shown == ["proxy\tnginx\trelease", "directive\tnginx\trelease\t\t\tlimit_req_zone\tzone=a:10m rate=1r/m",
                    "directive\tnginx\trelease\t\t\tgzip\toff", "proxy\tnginx\tlive", "directive\tnginx\tlive\t\t\tgzip\ton"]
    assert run.split("\t")[3:6:2] == ["passed", ""]


def test_a_live_proxy_that_cannot_be_asked_is_not_known(server: Path) -> None:
    assert [line.split("\t")[:3] for line in ask(server, "the same\n", "", NGINX, data=("", "http {}\\n")).splitlines()][:-1] == [
        ["proxy", "nginx", "release"]]


def test_what_a_project_in_a_folder_of_its_repository_mounts_is_found_from_there(server: Path) -> None:
    """As `deploy/docker-compose.yml` with `./nginx.conf`: an empty folder was mounted over the file, and no release could be deployed."""
    deploy = server / "checkout/deploy"
    (deploy / "conf").mkdir(parents=True)
    for name in ("nginx.conf", "conf/a.conf"):
        (deploy / name).write_text("of the release")
    git(server / "checkout", "add", ".")
    git(server / "checkout", "commit", "-q", "-m", "release")
    commit = git(deploy, "rev-parse", "HEAD")
    (deploy / "nginx.conf").unlink()
    (deploy / "key").write_text("of the server")
    options = tuple(word for name in ("nginx.conf", "conf", "key")
                    for word in ("--mount", f"type=bind,source=@TREE@/{name},target=/etc/{name},readonly"))
    run = ValidationRun("nginx", "nginx", "check", "nginx:new", ("conf",), options, ("nginx", "-T"))
    done = subprocess.run(
        ("bash", "-s", "--", str(deploy), commit, "gw2-staging", "1", "c.yml", "--", encoded("".join(f"{word}\0" for word in run.words))),
        check=True, capture_output=True, text=True, timeout=60, input=PROGRAM,
        env={"PATH": f"{server / 'bin'}:/usr/bin:/bin", "LOG": str(server / "log"), "HOME": str(server), "FAILS": "run*", "DOWN": "",
             "LIVE_DATA": ""})
    started = next(line for line in (server / "log").read_text().splitlines() if line.startswith("run"))
    assert "/tree/deploy/nginx.conf,target=/etc/nginx.conf" in started
    assert "/tree/deploy/conf,target=/etc/conf" in started
    assert f"source={deploy}/key,target=/etc/key" in started
    (shown,) = [line.split("\t") for line in done.stdout.splitlines() if line.startswith("file")]
    assert [base64.b64decode(one).decode() for one in shown[2:]] == ["conf/a.conf", "of the release"]
