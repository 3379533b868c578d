"""Selecting by address, pattern, name and labels."""

from __future__ import annotations

import pytest

from declarative.model.selection import EVERYTHING, Selection, parse_label_selector

LABELS = {
    "batch/spring-east": {"team": "growth", "tier": "a"},
    "batch/spring-west": {"team": "sales"},
    "batch/ada": {},
    "call/ada": {"team": "growth"},
    "call/ben": {},
}


@pytest.mark.parametrize(
    ("targets", "chosen"),
    [
        ((), list(LABELS)),
        (("call/ada",), ["call/ada"]),
        (("spring-west",), ["batch/spring-west"]),
        (("batch/spring-*",), ["batch/spring-east", "batch/spring-west"]),
        (("*/ada", "ben"), ["batch/ada", "call/ada", "call/ben"]),
        (("ada",), []),
        (("BATCH/ada",), []),
    ],
)
def test_targets_name_addresses(targets: tuple[str, ...], chosen: list[str]) -> None:
    assert Selection(targets).choose(LABELS) == chosen


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ("team=growth", ["batch/spring-east", "call/ada"]),
        ("team==growth", ["batch/spring-east", "call/ada"]),
        ("team!=growth", ["batch/spring-west", "batch/ada", "call/ben"]),
        ("team in (growth, sales)", ["batch/spring-east", "batch/spring-west", "call/ada"]),
        ("team notin (growth)", ["batch/spring-west", "batch/ada", "call/ben"]),
        ("team", ["batch/spring-east", "batch/spring-west", "call/ada"]),
        ("!team", ["batch/ada", "call/ben"]),
        ("team in (growth,sales),tier=a", ["batch/spring-east"]),
        ("team=growth,!tier", ["call/ada"]),
        ("team=", []),
    ],
)
def test_labels_are_selected_as_kubectl_does(selector: str, chosen: list[str]) -> None:
    assert Selection(labels=(selector,)).choose(LABELS) == chosen


@pytest.mark.parametrize("text", ["", "a b", "a in b", "a in (b", "a=b=c", "=b", "a=b,", "a in (b) c", "a>1"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        parse_label_selector(text)


def test_selectors_and_targets_have_to_agree() -> None:
    assert Selection(("batch/*",), ("team=growth",)).choose(LABELS) == ["batch/spring-east"]
    assert Selection(labels=("team=growth", "tier")).choose(LABELS) == ["batch/spring-east"]


def test_a_name_that_several_have_or_none_has_is_unmatched() -> None:
    assert Selection(("ada", "nobody", "ben", "call/*", "x*")).find_unmatched(LABELS) == ["ada", "nobody", "x*"]


def test_only_an_empty_selection_selects_everything() -> None:
    assert not EVERYTHING
    assert Selection(labels=("team",))
