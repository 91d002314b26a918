"""Public names that are loaded on first use."""

from __future__ import annotations

import pytest

from runbook_lib.core.lazy import loader

load = loader("runbook_lib.core", {
    "pluralize": "runbook_lib.core.text", "many": "runbook_lib.core.text:pluralize", "text": "text",
})


def test_a_name_comes_from_its_module_by_its_own_or_another_name() -> None:
    from runbook_lib.core import text

    assert load("pluralize") is text.pluralize
    assert load("many") is text.pluralize
    assert load("text") is text


def test_another_name_is_an_attribute_error_that_names_the_package() -> None:
    with pytest.raises(AttributeError, match=r"'runbook_lib\.core' has no public name 'secret_name'"):
        load("secret_name")
