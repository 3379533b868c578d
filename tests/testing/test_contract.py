"""Rules run one by one; what is broken is reported together, by name."""

from __future__ import annotations

import pytest

from declarative.testing import ContractViolation, NotSupported
from declarative.testing.contract import Rule, require, require_equal, require_error, rule_name, run_rules


def rule_that_holds() -> None:
    require(True, "holds")


def rule_that_breaks() -> None:
    require_equal(2, 1, "the count")


def rule_that_crashes() -> None:
    raise KeyError("remote")


def rule_that_cannot_be_checked() -> None:
    raise NotSupported("no clock")


def named(*rules: Rule) -> list[tuple[str, Rule]]:
    return [(rule_name(rule), rule) for rule in rules]


def test_the_report_names_what_holds_and_what_was_skipped() -> None:
    report = run_rules("it", named(rule_that_holds, rule_that_cannot_be_checked))
    assert report.passed == ("rule that holds",)
    assert report.skipped == {"rule that cannot be checked": "no clock"}


def test_every_broken_rule_is_named_with_its_reason() -> None:
    with pytest.raises(ContractViolation) as caught:
        run_rules("it", named(rule_that_breaks, rule_that_holds, rule_that_crashes, rule_that_cannot_be_checked))
    assert caught.value.broken == {
        "rule that breaks": "the count is 2, expected 1",
        "rule that crashes": "KeyError: 'remote'",
    }
    assert "it breaks 2 of its rules" in str(caught.value)
    assert "- rule that breaks: the count is 2, expected 1" in str(caught.value)


def test_an_error_that_is_not_raised_breaks_a_rule() -> None:
    assert str(require_error(ValueError, lambda: int("x"), "int()")).startswith("invalid literal")
    with pytest.raises(AssertionError, match=r"int\(\) does not raise ValueError"):
        require_error(ValueError, lambda: int("1"), "int()")
