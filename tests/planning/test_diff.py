"""Differences of settings for people: paths, both sides, and nothing that a log should not show."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.planning import diff
from declarative.planning.diff import Change
from tests.planning.capabilities_fixture import FIELDS


def redact_settings(settings: dict[str, Any], variable_settings: Collection[str] = ()) -> dict[str, Any]:
    return diff.redact_settings(settings, FIELDS, variable_settings)


def diff_settings(
    before: dict[str, Any], after: dict[str, Any], variable_settings: Collection[str] = ()
) -> tuple[Change, ...]:
    return diff.diff_settings(before, after, FIELDS, variable_settings)


AGENTS = {"agent_id": "agent_old"}, {"agent_id": "agent_new"}


def shown(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """With `before` as the lock keeps it."""
    return [(change.path, change.before, change.after) for change in diff_settings(redact_settings(before), after)]


def test_nothing_changed_is_nothing_shown() -> None:
    assert shown({"agent_id": "a", "instructions": "Hello."}, {"instructions": "Hello.", "agent_id": "a"}) == []


def test_a_changed_setting_is_shown_from_and_to() -> None:
    assert shown(*AGENTS) == [("spec.agent_id", "agent_old", "agent_new")]


def test_changes_come_in_the_order_of_their_paths() -> None:
    found = shown({"region": "us", "agent_id": "a"}, {"region": "eu", "agent_id": "b"})
    assert [path for path, _, _ in found] == ["spec.agent_id", "spec.region"]


def test_what_was_added_and_what_was_taken_away() -> None:
    assert shown({"agent_id": "a"}, {"agent_id": "a", "region": "eu"}) == [("spec.region", None, "eu")]
    assert shown({"agent_id": "a", "region": "eu"}, {"agent_id": "a"}) == [("spec.region", "eu", None)]


def test_many_settings_at_once_are_shown_one_by_one() -> None:
    few = {"agent_id": "a", "from_number_id": "n"}
    more = {f"setting_{number}": number for number in range(5)}
    assert [path for path, _, _ in shown(few, few | more)] == [f"spec.{name}" for name in more]
    assert [path for path, _, _ in shown(few | more, few)] == [f"spec.{name}" for name in more]


def test_another_type_of_value_is_a_change_too() -> None:
    assert shown({"region": "1"}, {"region": 1}) == [("spec.region", "1", 1)]


def test_a_first_submission_shows_every_setting() -> None:
    assert shown({}, {"agent_id": "a", "region": "eu"}) == [("spec.agent_id", None, "a"), ("spec.region", None, "eu")]


def test_long_text_is_shortened() -> None:
    ((_, _, text),) = shown({}, {"instructions": "x" * 400})
    assert text == "x" * 57 + "..."


def test_of_instructions_it_is_known_only_that_they_were_others() -> None:
    assert shown({"instructions": "Hi."}, {"instructions": "Hello."}) == [("spec.instructions", "(another)", "Hello.")]


def test_a_number_is_masked_wherever_it_stands() -> None:
    told = [
        shown({}, {"from_number": "+14155550101"}),
        shown({"from_number": "+14155550102"}, {"from_number": "+14155550101"}),
        shown({"from_number": "+14155550102"}, {"agent_id": "a"}),
        shown({"agent_id": "a"}, {"agent_id": "a", "from_number": "+14155550101"}),
    ]
    assert all(told)
    assert "5550" not in repr(told)


def test_the_lock_keeps_a_number_and_long_text_as_digests_and_the_rest_in_clear() -> None:
    kept = redact_settings({"from_number": "+14155550101", "instructions": "Hi.", "agent_id": "a", "region": None})
    assert (kept["agent_id"], kept["region"]) == ("a", None)
    assert all(str(kept[name]).startswith("sha256:") for name in ("from_number", "instructions"))


_values = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2)
_settings = st.dictionaries(st.sampled_from(["agent_id", "region", "from_number", "instructions"]), _values)


@given(_settings, _settings)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_something_is_shown_exactly_where_something_changed(before: dict[str, Any], after: dict[str, Any]) -> None:
    if not before:
        return
    names = before.keys() | after.keys()
    differing = {f"spec.{name}" for name in names if repr(before.get(name, "-")) != repr(after.get(name, "-"))}
    assert {path for path, _, _ in shown(before, after)} == differing


@pytest.mark.parametrize("name", ["with.dot", "with[0]", "with 'quote'"])
def test_odd_names_are_one_step_of_a_path(name: str) -> None:
    assert shown({"agent_id": "a"}, {"agent_id": "a", name: 1}) == [(f"spec.{name}", None, 1)]


HOOK = "https://hooks.example.com/t0ken"


def test_a_secret_is_a_digest_in_the_lock_and_masked_in_a_plan() -> None:
    wanted = {"agent_id": "agent_1", "webhook_url": HOOK, "region": "eu"}
    kept = redact_settings(wanted, {"region", "agent_id"})
    assert kept["agent_id"] == "agent_1", "later runs find calls by it"
    assert kept["webhook_url"].startswith("sha256:")
    assert kept["region"].startswith("sha256:")
    new = diff_settings({}, wanted, {"region"})
    assert {change.path: change.after for change in new} == {
        "spec.agent_id": "agent_1", "spec.webhook_url": "(secret)", "spec.region": "(secret)",
    }  # fmt: skip


def test_a_changed_secret_is_said_and_not_shown() -> None:
    before = redact_settings({"webhook_url": HOOK, "region": "eu"}, {"region"})
    after = {"webhook_url": f"{HOOK}2", "region": "us"}
    changes = diff_settings(before, after, {"region"})
    assert [(change.path, change.before, change.after) for change in changes] == [
        ("spec.region", "(another)", "(secret)"), ("spec.webhook_url", "(another)", "(secret)"),
    ]  # fmt: skip
    assert diff_settings(before, {"webhook_url": HOOK, "region": "eu"}, {"region"}) == ()
    assert [change.after for change in diff_settings(before, {"region": "eu"}, {"region"})] == [None]
