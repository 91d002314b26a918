"""The server itself comes from tests/lab_server.py; here is which release of it a test begins on."""

from __future__ import annotations

import pytest

from lab.resilience.releases import commit_of, deploy, live_release
from tests.lab.stepping import step
from tests.lab_server import FIRST_RELEASE, NEXT_RELEASE, Lab

__all__ = ["Lab", "step"]
SHORT_WATCH_S = "6"


@pytest.fixture
def old_is_live(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first release serves."""
    _serve(lab, FIRST_RELEASE, tmp_path_factory)


@pytest.fixture
def new_is_live(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The next release serves, and the first one is on record."""
    _serve(lab, NEXT_RELEASE, tmp_path_factory)


def _serve(lab: Lab, version: str, folders: pytest.TempPathFactory) -> None:
    if live_release(lab.instance).commit != commit_of(lab.instance, version):
        ended = deploy(lab.instance, version, folders.mktemp("serve"), watch_s=SHORT_WATCH_S)
        assert ended.code == 0, ended.output
