from __future__ import annotations

import pytest

from lab import debian

TARGETS = """http://mirror.test/debian/ bookworm main
http://mirror.test/debian/ bookworm-updates main
http://mirror.test/debian-security/ bookworm-security main
http://mirror.test/debian/ bookworm contrib
"""


def test_the_machine_is_read_from_os_release() -> None:
    machine = debian.this_machine('ID=debian\nVERSION_CODENAME=bookworm\nNAME="Debian GNU/Linux"\n')
    assert (machine.identity, machine.codename) == ("debian", "bookworm")


def test_a_machine_without_os_release_values_is_unknown() -> None:
    assert debian.this_machine("") == debian.Machine("", "")


def test_mirrors_are_those_of_the_main_component() -> None:
    assert debian.mirrors(TARGETS) == {
        "bookworm": "http://mirror.test/debian/",
        "bookworm-updates": "http://mirror.test/debian/",
        "bookworm-security": "http://mirror.test/debian-security/",
    }


def test_sources_of_a_later_release_come_from_the_same_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "this_machine", lambda: debian.Machine("debian", "bookworm"))
    lines = debian.sources_list("trixie", debian.mirrors(TARGETS)).splitlines()
    assert [line.split("] ")[-1].removeprefix("deb ") for line in lines] == [
        "http://mirror.test/debian/ trixie main",
        "http://mirror.test/debian/ trixie-updates main",
        "http://mirror.test/debian-security/ trixie-security main",
    ]
