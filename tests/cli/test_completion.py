"""What the shell offers at Tab."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from declarative.cli.main import dialctl
from declarative.providers import catalog
from tests.command import ROOT


def offered(*words: str, incomplete: str = "") -> list[str]:
    shell = ShellComplete(dialctl, {}, "dialctl", "_DIALCTL_COMPLETE")
    return [item.value for item in shell.get_completions(list(words), incomplete)]


@pytest.fixture(autouse=True)
def in_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples" / "march-outreach")


def test_addresses_and_labels_are_those_of_the_project() -> None:
    assert offered("status") == ["batch/march-outreach", "call/callback-ada"]
    assert offered("plan", "--target", incomplete="call/") == ["call/callback-ada"]
    assert offered("results", "-l") == ["team=growth"]


def test_another_directory_is_looked_into_where_a_flag_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = str(Path.cwd())
    monkeypatch.chdir(tmp_path)
    assert offered("status") == []
    assert "call/callback-ada" in offered("-C", example, "status")


def test_fields_reasons_schemas_and_providers_are_offered() -> None:
    assert offered("explain", incomplete="Bat") == ["Batch"]
    assert offered("explain", incomplete="unsu") == ["unsure"]
    assert offered("explain", incomplete="Batch.retry.m") == ["Batch.retry.max_retries"]
    assert offered("schema", incomplete="plan") == ["plan.v1"]
    assert offered("explain", "--provider") == sorted(catalog.types())


def test_nothing_is_offered_and_nothing_printed_where_manifests_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("apiVersion: dialctl/v1\nkind: Batch\n")
    assert offered("status") == []
    assert capsys.readouterr() == ("", "")
