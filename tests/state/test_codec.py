"""The lock's values as JSON objects, and the patches between them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.model.lock import CancelProgress, Intent, Lock, RemoteRecord, ResourceRecord
from declarative.state.codec import apply_merge_patch, from_json_object, merge_patch, to_json_object
from tests.state.samples import intent, intents, lock, records, remote, remotes

RFC_7396: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
"""The examples of the RFC's appendix A: document, patch, result."""

_json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.booleans() | st.integers(0, 3) | st.just([]),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=6,
    ),
)


@pytest.mark.parametrize(("document", "patch", "expected"), RFC_7396)
def test_patches_are_applied_as_the_rfc_says(document: Any, patch: Any, expected: Any) -> None:
    assert apply_merge_patch(document, patch) == expected


@given(_json_objects, _json_objects)
def test_a_patch_leads_from_one_object_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert apply_merge_patch(apply_merge_patch({}, before), merge_patch(before, after)) == after
    assert merge_patch(after, after) == {}


def test_what_is_empty_is_left_out_and_a_number_never_is() -> None:
    assert to_json_object(ResourceRecord()) == {"generation": 0, "count": 0}
    assert to_json_object(remote(retry_count=0))["retry_count"] == 0
    assert "cancelled" not in to_json_object(remote(cancelled=False))
    assert to_json_object(ResourceRecord(settings={"a": None, "b": 0}))["settings"] == {"b": 0}


def test_a_field_without_a_default_is_kept_even_when_empty() -> None:
    assert to_json_object(intent(numbers=""))["numbers"] == ""


def test_only_the_named_fields_are_written() -> None:
    assert to_json_object(ResourceRecord(generation=2, count=3), {"count", "quiet"}) == {"count": 3}


def test_times_and_words_are_text() -> None:
    written = to_json_object(remote(cancel=CancelProgress.DONE))
    assert (written["cancel"], written["route"]) == ("done", "batch")
    assert to_json_object(intent())["sent_at"] == "2026-12-01T12:00:00Z"


@given(records, remotes, intents)
def test_every_value_reads_back_the_same(record: ResourceRecord, one: RemoteRecord, request: Intent) -> None:
    assert from_json_object(ResourceRecord, to_json_object(record)) == record
    assert from_json_object(RemoteRecord, to_json_object(one)) == one
    assert from_json_object(Intent, to_json_object(request)) == request


def test_an_impossible_time_is_refused() -> None:
    with pytest.raises(ValueError, match="month"):
        from_json_object(Lock, {**to_json_object(lock()), "born": "2026-13-01T00:00:00Z"})
