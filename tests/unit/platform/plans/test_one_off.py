"""One more container of a service: neither users nor jobs reach it, and it is found again."""

from __future__ import annotations

import pytest

from runbook_lib.platform.plans.one_off import one_off_words
from tests.unit.shop_environment import shop

WORDS = " ".join(one_off_words(shop(), "shop-candidate-web", "candidate"))


@pytest.mark.parametrize("words", [
    "--label traefik.enable=false", "--label ofelia.enabled=false", "--label com.centurylinklabs.watchtower.enable=false",
    "--label autoheal=false", "--label deunhealth.restart.on.unhealthy=false", "--label swag=disable",
    "--env VIRTUAL_HOST=", "--env VIRTUAL_HOST_MULTIPORTS=", "--env LETSENCRYPT_HOST=",
])
def test_what_finds_containers_on_its_own_leaves_it_alone(words: str) -> None:
    assert f" {words} " in f" {WORDS} "


def test_it_is_found_by_its_project_and_its_job() -> None:
    assert "--name shop-candidate-web --label runbook.project=shop --label runbook.job=candidate" in WORDS
    assert WORDS.startswith("--no-deps -T ") and "--service-ports" not in WORDS and "--use-aliases" not in WORDS
