"""`dialctl resolve` needs exactly one decision."""

from __future__ import annotations

import pytest

from tests.command import run_in_process


@pytest.mark.parametrize("flags", [(), ("--placed", "--not-placed"), ("--placed", "--resume")])
def test_exactly_one_decision_has_to_be_given(flags: tuple[str, ...]) -> None:
    result = run_in_process("resolve", "call/ada", *flags)
    assert (result.exit, result.err) == (64, "Error: pass exactly one of --placed, --not-placed and --resume\n")


@pytest.mark.parametrize("arguments", [("--placed",), ("call/ada", "--all", "--placed")])
def test_an_address_or_all_of_them_has_to_be_named(arguments: tuple[str, ...]) -> None:
    result = run_in_process("resolve", *arguments)
    assert (result.exit, result.err) == (64, "Error: pass either an address (or -l) or --all\n")
