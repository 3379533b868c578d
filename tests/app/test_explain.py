"""`explain`: the reference from the schemas, as `kubectl explain`."""

from __future__ import annotations

import re

import click
import pytest

from declarative.app.explain import explain_manifest
from declarative.app.reasons import REASONS
from declarative.cli.main import dialctl, run_command
from declarative.errors import UsageError
from declarative.planning.decide import BLOCKS_RESOURCE, Reason


def test_without_a_name_every_kind_has_a_line() -> None:
    lines = explain_manifest(None, None).splitlines()
    assert [line.split()[0] for line in lines if line and line[0].isupper()][:3] == ["Project", "Batch", "Call"]


@pytest.mark.parametrize("what", [None, "Project", "Batch", "Call", "Batch.retry"])
def test_a_terminal_of_80_columns_shows_it_unbroken(what: str | None) -> None:
    assert max(len(line) for line in explain_manifest(what, None).splitlines()) <= 80


@pytest.mark.parametrize("path", ["Batch.retry.on", "batch.RETRY.On", "Batch.spec.retry.on"])
def test_a_path_finds_its_field_whatever_its_case(path: str) -> None:
    shown = explain_manifest(path, None)
    assert "KIND:     Batch" in shown
    assert "retry.on <[]string> -required-" in shown


def test_a_kind_shows_its_own_fields_and_the_providers() -> None:
    shown = explain_manifest("Batch", None)
    assert "  retry <object>" in shown
    in_one_line = " ".join(shown.split())
    assert "For: cartesia (2026-08-14)." in in_one_line
    assert "For: callingbox." in in_one_line


def test_one_provider_leaves_out_the_fields_of_others() -> None:
    shown = explain_manifest("Batch", "callingbox")
    assert "instructions" in shown
    assert "from_number_id" not in shown


def test_units_limits_and_defaults_are_shown() -> None:
    shown = explain_manifest("Batch.ringing_timeout_seconds", None)
    assert "DEFAULT:  60" in shown
    assert "LIMITS:   at least 5; at most 80" in shown
    assert "Seconds" in shown


def test_what_only_a_call_by_batch_takes_is_said() -> None:
    assert "2026-03-01 with via: batch" in explain_manifest("Call.scheduled_at", None)


def test_metadata_of_the_document_and_of_the_person_are_told_apart() -> None:
    assert "explain Call.spec.metadata" in explain_manifest("Call.metadata", None)
    assert "callingbox" in explain_manifest("Call.spec.metadata", None)


def test_data_of_a_recipient_names_who_takes_it() -> None:
    assert "FOR:      cartesia (2026-08-14)" in explain_manifest("Batch.recipients.dynamic_variables", None)


def test_maps_and_lists_are_looked_through() -> None:
    assert "<string> -required-" in explain_manifest("Project.providers.type", None)
    assert explain_manifest("Project.policy.suppress_from.file", None)


def test_spec_by_name_is_the_kind() -> None:
    assert explain_manifest("Batch.spec", None) == explain_manifest("Batch", None)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("Bach", 'did you mean "Batch"?'),
        ("Batch.retyr", 'did you mean "retry"?'),
        ("Batch.retry.max", "there are: max_retries, on, after"),
        ("Batch.zzz", "there are: apiVersion"),
        ("Batch.retry.on.deeper", "dialctl explain Batch.retry.on"),
        ("Batch.", "there are: apiVersion"),
    ],
)
def test_a_wrong_name_gets_a_suggestion(path: str, hint: str) -> None:
    with pytest.raises(UsageError) as wrong:
        explain_manifest(path, None)
    assert hint in wrong.value.hint


def test_an_unknown_provider_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as wrong:
        explain_manifest("Batch", "cartesio")
    assert wrong.value.hint == 'did you mean "cartesia"?'


def test_the_command_exits_64_for_a_wrong_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain", "Batch.retyr"]) == 64
    assert 'did you mean "retry"?' in capsys.readouterr().err


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_explained_and_one_that_blocks_names_its_way_out(reason: Reason) -> None:
    shown = explain_manifest(str(reason), None)
    assert shown.startswith(f"REASON:   {reason}\n")
    needs_way_out = reason in (*BLOCKS_RESOURCE, Reason.UNSURE, Reason.NOT_TAKEN_OFF, Reason.BEING_APPLIED)
    assert "WAY OUT:" in shown or not needs_way_out


def test_a_way_out_names_commands_that_exist() -> None:
    root = click.Context(dialctl)
    state = dialctl.get_command(root, "state")
    assert isinstance(state, click.Group)
    known = {*dialctl.list_commands(root), *(f"state {name}" for name in state.commands)}
    for name in map(str, Reason):
        named = set(re.findall(r"dialctl (state [a-z-]+|[a-z-]+)", REASONS[name].way_out))
        assert named <= known, name
