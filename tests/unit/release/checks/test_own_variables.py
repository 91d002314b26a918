"""Files of variables that owners give with `--env-file`, which a deployment does not read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.release.checks.own_variables import GIVEN, variables_are_those_of_the_owners
from tests.unit.platform.facts.test_replaced_release import running
from tests.unit.shop_environment import shop


@pytest.mark.parametrize(("given", "named"), [
    ("", ""), ("/opt/shop/.env", ""), ("/opt/shop/./.env", ""),
    ("/opt/shop/prod.env", "/opt/shop/prod.env"), ("/opt/shop/.env,/etc/shop.env", "/etc/shop.env"),
])
def test_a_file_that_a_deployment_does_not_read_is_a_warning_with_its_name(given: str, named: str) -> None:
    web, *others = running("web:1")
    found = variables_are_those_of_the_owners(shop(), (replace(web, labels={GIVEN: given} if given else {}), *others))
    assert [(one.verdict, one.measured) for one in found] == (
        [(Verdict.WARNING, f"web: started with --env-file {named}")] if named else [])
    assert all(f"ln -s {named} /opt/shop/.env" in one.next_step for one in found)
