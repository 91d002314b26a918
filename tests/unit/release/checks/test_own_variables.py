"""Files of variables that owners give with `--env-file`, and those that a deployment reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.release.checks.own_variables import GIVEN, variables_are_those_of_the_owners
from tests.unit.platform.facts.test_replaced_release import running
from tests.unit.shop_environment import shop

GOOD = "/opt/shop/prod.env,/etc/shop.env"
COMPOSE = {"project": "shop", "files": ["compose.yml"], "env_files": ["prod.env", "/etc/shop.env"]}


@pytest.mark.parametrize(("given", "named"), [
    ("", ""), ("/opt/shop/.env", ""), ("/opt/shop/./.env", ""),
    ("/opt/shop/prod.env", "/opt/shop/prod.env"), ("/opt/shop/.env,/etc/shop.env", "/opt/shop/.env, /etc/shop.env"),
])
def test_a_file_that_a_deployment_does_not_read_is_a_warning_with_its_name(given: str, named: str) -> None:
    web, *others = running("web:1")
    found = variables_are_those_of_the_owners(shop(), (replace(web, labels={GIVEN: given} if given else {}), *others))
    assert [(one.verdict, one.measured) for one in found] == (
        [(Verdict.WARNING, f"web: started with --env-file {named}")] if named else [])
    short = named.replace("/opt/shop/", "")
    assert all(f"compose.env_files: [{short}]" in one.next_step for one in found)


@pytest.mark.parametrize(("given", "read"), [
    ("/opt/shop/prod.env,/etc/shop.env", True), ("/etc/shop.env,/opt/shop/prod.env", False), ("/opt/shop/prod.env", False), ("", False),
])
def test_with_files_in_the_environment_file_these_and_their_order_count(given: str, read: bool) -> None:
    """What no release replaces, as the database, may have been started without any: it stays as it runs."""
    web, *others = running("web:1")
    own = (replace(web, labels={GIVEN: given}), *(replace(one, labels={GIVEN: GOOD if one.service == "worker" else ""}) for one in others))
    found = variables_are_those_of_the_owners(shop(compose=COMPOSE), own)
    assert [one.measured.split(":")[0] for one in found] == ([] if read else ["web"])
    assert all(one.expected == "with --env-file /opt/shop/prod.env, /etc/shop.env" for one in found)
