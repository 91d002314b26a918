"""Names of hosts and users are not redacted, and words of ours never, whatever is exported."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.redaction import own_words, redactor_for


@pytest.fixture(scope="module")
def staging() -> Environment:
    return load_environment("staging")


def test_an_exported_user_and_host_mask_nothing(staging: Environment) -> None:
    text = "20_deploy on deploy@203.0.113.7: passed; ubuntu-admin-42 logged in"
    exported = [Secret("STAGING_USER", "deploy"), Secret("STAGING_HOST", "203.0.113.7")]
    assert redactor_for(staging, exported).text(text) == text
    assert redactor_for(staging, [Secret("STAGING_USER", "ubuntu-admin-42")]).text(text) == text
    assert redactor_for(staging, exported).not_redacted == {}


@pytest.mark.parametrize("word", ["staging_user", "gw2_wvwbuilder", "staging_db", "postgres", "/opt/gw2-wvwbuilder", "backend",
                                  "staging.gw2wvwbuilder.example.com", "20_deploy"])
def test_a_password_that_is_one_of_our_words_leaves_them_readable_and_is_named(staging: Environment, word: str) -> None:
    redactor = redactor_for(staging, {"STAGING_DB_PASSWORD": Secret("STAGING_DB_PASSWORD", word)}, words=["20_deploy", "gw2_wvwbuilder"])
    assert redactor.text(f"the {word} of the plan") == f"the {word} of the plan"
    assert redactor.text(f"PGPASSWORD={word}") == "PGPASSWORD=‹STAGING_DB_PASSWORD›"
    assert list(redactor.not_redacted) == ["STAGING_DB_PASSWORD"]


def test_a_real_password_is_masked_and_a_new_secret_of_the_application_too(staging: Environment) -> None:
    redactor = redactor_for(staging, [Secret("STAGING_DB_PASSWORD", "hG7-kkQ2.xx9~Lp4sdf"), Secret("NEW", "another-9Xk2-one")])
    assert redactor.text("hG7-kkQ2.xx9~Lp4sdf another-9Xk2-one") == "‹STAGING_DB_PASSWORD› ‹NEW›"


def test_every_text_of_the_environment_is_a_word_of_ours(staging: Environment) -> None:
    words = own_words(staging)
    assert {"staging", staging.server.user, staging.server.host, "STAGING_DB_PASSWORD", "nginx"} <= words
    assert "" not in words
