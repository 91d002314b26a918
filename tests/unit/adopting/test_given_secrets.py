"""Secrets that Compose makes files of: the variable that each is made from is named, for whoever has the file."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.adopting.given_secrets import secrets_given, variables_of_secrets

TOP = {"secrets": {"password": {"environment": "DB_PASS"}, "key": {"environment": "TLS"}, "file": {"file": "/srv/secret"}},
       "configs": {"ini": {"content": "token=0123"}, "plain": {"environment": "PLACE"}, "odd": None}}
WRITTEN = {"configs": {"ini": {"content": "token=${API_TOKEN} place=${PLACE}"}}}


@pytest.mark.parametrize(("service", "given"), [
    ({"secrets": [{"source": "password", "target": "/run/secrets/password"}]}, {"DB_PASS": "the secret password of"}),
    ({"secrets": ["key", {"source": "file"}]}, {"TLS": "the secret key of"}),
    ({"build": {"secrets": [{"source": "key"}]}}, {"TLS": "the secret key of the build of"}),
    # of a configuration only what is called like a secret
    ({"configs": [{"source": "ini"}, {"source": "plain"}]}, {"API_TOKEN": "the configuration ini of"}),
    ({"secrets": None, "build": "."}, {}), ({"secrets": [None, {"source": 1}], "build": {"secrets": "key"}}, {}),
])
def test_what_a_service_is_given_as_files(service: dict[str, Any], given: dict[str, str]) -> None:
    assert secrets_given(service, variables_of_secrets(TOP, WRITTEN)) == given


@pytest.mark.parametrize("model", [{}, {"secrets": None}, {"secrets": {"a": None}}, {"configs": []}])
def test_what_has_another_form_is_made_from_nothing(model: dict[str, Any]) -> None:
    assert not any(variables_of_secrets(model, {}).values())
