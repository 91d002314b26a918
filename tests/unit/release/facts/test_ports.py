"""What is open on the server, as the survey of a release prints it: bash and /proc are real, the engine is a double."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest

from runbook_lib.core import programs
from runbook_lib.release.facts.ports import HeldPort, ServerPorts, parse_ports
from tests.unit.release.engine_double import survey_records

# the whole program but its last line, which would survey a release
FUNCTIONS = programs.text("platform/whole_lines.sh", "release/read_git.sh", "release/whole_tree.sh", "release/env_files.sh", "release/release_survey.sh").replace('main "$@"; exit', "show_ports")
DOCKER = r"""#!/bin/bash
case $1 in
    ps) [[ ! -e $STATE/no-list ]] || exit 1; cat "$STATE/ids" ;;
    inspect) [[ ! -e $STATE/no-inspect ]] || exit 1
        [[ ! -e $STATE/vanishing ]] || { rm "$STATE/vanishing"; exit 1; }
        cat "$STATE/containers" ;;
    info) [[ ! -e $STATE/no-info ]] || exit 1; cat "$STATE/options" ;;
esac
"""
CONTAINERS = """\
/gw2-staging-nginx-1\tgw2-staging\tnginx\t{"443/tcp":[{"HostIp":"0.0.0.0","HostPort":"443"},{"HostIp":"::","HostPort":"443"}],"80/tcp":null}
/by-hand\t\t\t{"53/udp":[{"HostIp":"","HostPort":"5353"}]}
/without\tshop\tweb\t{}
/host-network\tshop\tdb\tnull
"""
HELD = (HeldPort("tcp", "0.0.0.0", 443, "nginx of gw2-staging", "gw2-staging", "nginx"),
        HeldPort("tcp", "::", 443, "nginx of gw2-staging", "gw2-staging", "nginx"), HeldPort("udp", "", 5353, "the container by-hand"))


def survey(folder: Path, *states: str, ids: str = "a\nb\n", containers: str = CONTAINERS, options: str = '["name=seccomp"]') -> ServerPorts | None:
    files = {"ids": ids, "containers": containers, "options": options, **dict.fromkeys(states, "")}
    return parse_ports(survey_records(folder, DOCKER, FUNCTIONS, files))


@pytest.mark.parametrize("state", ["", "vanishing"])
def test_containers_and_their_ports_are_found_whatever_fields_are_empty(tmp_path: Path, state: str) -> None:
    found = survey(tmp_path, *[state] * bool(state))
    assert found is not None
    assert (found.containers, found.lowest) == (HELD, 0)


def test_programs_that_listen_are_found(tmp_path: Path) -> None:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as closed:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        closed.bind(("127.0.0.1", 0))  # not listening: the port is not open
        found = survey(tmp_path, ids="")
        assert found is not None
        assert found.containers == ()
        assert {HeldPort("tcp", "127.0.0.1", tcp.getsockname()[1]), HeldPort("udp", "127.0.0.1", udp.getsockname()[1])} <= set(found.sockets)
        assert HeldPort("tcp", "127.0.0.1", closed.getsockname()[1]) not in found.sockets


def test_a_rootless_engine_names_the_lowest_port(tmp_path: Path) -> None:
    found = survey(tmp_path, options='["name=seccomp,profile=builtin","name=rootless"]')
    assert found is not None
    assert found.lowest == int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())


def test_what_an_operator_runs_once_is_not_the_service(tmp_path: Path) -> None:
    """`docker compose run --service-ports` holds a port that no deployment sets free, and has mounts of its own."""
    port = '{"5432/tcp":[{"HostIp":"","HostPort":"5432"}]}'
    lines = "".join(f'/shop-db-{name}\tshop\tdb\t{port}\t{{"oneoff":"{once}","mounts":[]}}\n' for name, once in (("1", "False"), ("run-2f", "True")))
    records = survey_records(tmp_path, DOCKER, FUNCTIONS, {"ids": "a\n", "containers": lines, "options": "27.1.0-ce\t[]"})
    found = parse_ports(records)
    assert found is not None
    assert [(one.holder, one.service) for one in found.containers] == [("db of shop", "db"), ("the container shop-db-run-2f", "")]
    assert [record[:3] for record in records if record[0] == "running"] == [["running", "shop", "db"]]
    assert ["engine", "27.1.0"] in records


@pytest.mark.parametrize("state", ["no-list", "no-inspect", "no-info"])
def test_an_engine_that_does_not_answer_is_not_one_without_containers(tmp_path: Path, state: str) -> None:
    assert survey(tmp_path, state) is None


@pytest.mark.parametrize(("place", "address", "port"), [
    ("00000000:0050", "0.0.0.0", 80), ("0100007F:1F90", "127.0.0.1", 8080), ("00000000000000000000000000000000:01BB", "", 443),
    ("00000000000000000000000001000000:0016", "::1", 22), ("0000000000000000FFFF00000100007F:0016", "127.0.0.1", 22),
])
def test_addresses_are_read_as_the_kernel_writes_them(place: str, address: str, port: int) -> None:
    kind = "tcp6" if len(place) > 20 else "tcp"
    assert parse_ports([["port-socket", kind, place], ["port-end"]]) == ServerPorts(sockets=(HeldPort("tcp", address, port),))


@pytest.mark.parametrize("record", [["port-socket", "tcp", "x:y"], ["port-socket", "tcp", "0:1"], ["port-container", "a", "b", "c", "%"], ["port-lowest", ""]])
def test_a_malformed_record_is_an_error_of_the_reply(record: list[str]) -> None:
    with pytest.raises(ValueError):
        parse_ports([record, ["port-end"]])


def test_a_port_that_the_engine_has_yet_to_choose_is_held_by_none() -> None:
    ports = base64.b64encode(b'{"80/tcp": [{"HostIp": "", "HostPort": ""}, {"HostIp": "::", "HostPort": "80"}]}').decode()
    found = parse_ports([["port-container", "/a", "", "", ports], ["port-end"]])
    assert found == ServerPorts((HeldPort("tcp", "::", 80, "the container a"),))
