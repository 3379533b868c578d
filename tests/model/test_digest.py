"""The digests by which two values are called the same, and the key without which people cannot be guessed from them."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.model import digest
from declarative.model.digest import PersonKey

quick = settings(max_examples=100, derandomize=True, deadline=None)
_scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def turned(value: Any) -> Any:
    """The same value with the keys of every object in another order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(one) for one in value] if isinstance(value, list) else value


@given(_json)
@quick
def test_the_order_of_keys_does_not_matter(value: Any) -> None:
    assert digest.json_digest(turned(value)) == digest.json_digest(value)


@given(st.lists(_scalars, min_size=2, max_size=4, unique_by=repr))
@quick
def test_the_order_of_a_list_does(values: list[Any]) -> None:
    assert digest.json_digest(values) != digest.json_digest(values[::-1])


def test_canonical_text_is_json_without_spaces() -> None:
    assert digest.canonical_json({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"é"]}'.encode()


def test_a_digest_is_the_sha256_of_the_canonical_text() -> None:
    assert digest.json_digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


@pytest.mark.parametrize("other", [{"a": "1"}, {"a": 1.5}, {"a": True}, {"a": [1]}, {"A": 1}, {}])
def test_other_values_have_other_digests(other: Any) -> None:
    assert digest.json_digest(other) != digest.json_digest({"a": 1})


def test_short_digests_are_letters_and_digits_of_their_length() -> None:
    assert [len(digest.short_hash("march", length)) for length in (1, 5, 7, 32)] == [1, 5, 7, 32]
    assert re.fullmatch("[0-9a-z]{32}", digest.short_hash("march", 32))
    assert digest.short_hash("march", 7).startswith(digest.short_hash("march", 5))


def test_short_digests_of_many_addresses_rarely_meet() -> None:
    assert len({digest.short_hash(f"batch/b{number}", 7) for number in range(5000)}) == 5000


# -- people -------------------------------------------------------------------------------------------------------

PLAIN, KEYED, OTHER = PersonKey(None), PersonKey("secret"), PersonKey("another")
ADA = "+14155550101"


def test_without_a_key_people_are_digested_plainly() -> None:
    assert PLAIN.digest_lines([f"{ADA}\n"]) == hashlib.sha256(f"{ADA}\n".encode()).hexdigest()
    assert PersonKey("").digest_lines(["a"]) == PLAIN.digest_lines(["a"])


def test_with_a_key_they_are_hmacs_under_it() -> None:
    assert KEYED.digest_lines([ADA]) == hmac.new(b"secret", ADA.encode(), hashlib.sha256).hexdigest()


@given(st.lists(st.text(max_size=5), max_size=6))
@quick
def test_how_a_text_is_cut_into_chunks_does_not_matter(chunks: list[str]) -> None:
    assert KEYED.digest_lines(chunks) == KEYED.digest_lines(["".join(chunks)])


def test_a_person_is_16_characters_that_hide_the_number() -> None:
    found = KEYED.digest_person("k3v9xq", ADA)
    assert re.fullmatch("[0-9a-f]{16}", found)
    assert found != PLAIN.digest_person("k3v9xq", ADA)


def test_a_person_differs_by_lineage_number_and_key() -> None:
    several = [
        key.digest_person(salt, number)
        for key in (PLAIN, KEYED, OTHER)
        for salt in ("k3v9xq", "zzzzzz")
        for number in (ADA, "+14155550102")
    ]
    assert len(set(several)) == len(several)


def test_the_fingerprint_recognises_a_key_and_does_not_tell_it() -> None:
    assert KEYED.fingerprint == PersonKey("secret").fingerprint
    assert KEYED.fingerprint != OTHER.fingerprint
    assert re.fullmatch("[0-9a-f]{16}", KEYED.fingerprint or "")
    assert "secret" not in (KEYED.fingerprint or "")


def test_no_key_has_no_fingerprint() -> None:
    assert PLAIN.fingerprint is None
