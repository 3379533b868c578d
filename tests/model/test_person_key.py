"""DIALCTL_PERSON_KEY: what can be a key, and what is refused by its name."""

from __future__ import annotations

import pytest

from declarative.errors import UsageError
from declarative.model.digest import PersonKey


@pytest.mark.parametrize("secret", ["s3cret\n", " s3cret", "s3\ncret", "s3\0cret", "\udcff", "s3cret\u200b"])
def test_a_key_that_another_program_would_read_in_another_way_is_refused(secret: str) -> None:
    """With one that a file ended with a line break, everybody would look as if they were never called."""
    with pytest.raises(UsageError, match="DIALCTL_PERSON_KEY"):
        PersonKey.from_environment({"DIALCTL_PERSON_KEY": secret})


@pytest.mark.parametrize("secret", ["s3cret", "ein Schlüssel", "a b"])
def test_any_other_text_is_a_key(secret: str) -> None:
    key = PersonKey.from_environment({"DIALCTL_PERSON_KEY": secret})
    assert key.fingerprint == PersonKey(secret).fingerprint


@pytest.mark.parametrize("environment", [{}, {"DIALCTL_PERSON_KEY": ""}])
def test_no_key_is_none(environment: dict[str, str]) -> None:
    assert PersonKey.from_environment(environment).fingerprint is None
