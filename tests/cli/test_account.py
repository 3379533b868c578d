"""`dialctl agents` and `dialctl numbers` list what manifests can name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command import ROOT, run_in_process


@pytest.fixture(autouse=True)
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignored = shutil.ignore_patterns(".dialctl")
    shutil.copytree(ROOT / "examples" / "two-providers", tmp_path / "here", ignore=ignored)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("CARTESIA_API_KEY", raising=False)


def test_agents_have_id_and_name() -> None:
    [row] = run_in_process("agents", "--sandbox", "--provider", "campaigns", "--json").json["agents"]
    assert row["provider"] == "campaigns"
    assert row["id"].startswith("agent_")
    assert row["name"]
    text = run_in_process("agents", "--sandbox").out
    assert row["id"] in text
    assert "service-desk" in text


def test_numbers_are_masked_for_people_and_whole_for_machines() -> None:
    rows = run_in_process("numbers", "--sandbox", "--json").json["numbers"]
    assert {row["provider"] for row in rows} == {"campaigns", "service-desk"}
    text = run_in_process("numbers", "--sandbox").out
    for row in rows:
        assert row["number"].startswith("+1")
        assert row["number"] not in text
        assert row["number"] in run_in_process("numbers", "--sandbox", "--show-numbers").out


def test_an_unknown_provider_and_a_missing_key_are_said() -> None:
    assert 'no provider "twilia" is declared' in run_in_process("agents", "--sandbox", "--provider", "twilia").err
    ran = run_in_process("agents", "--provider", "campaigns")
    assert ran.exit == 1
    assert "CARTESIA_API_KEY is not set" in ran.err
    assert "--sandbox" in ran.err


def test_an_account_is_listed_before_there_are_manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    [row] = run_in_process("numbers", "--sandbox", "--provider", "callingbox", "--json").json["numbers"]
    assert row["number"].startswith("+1")
    missing = run_in_process("agents", "--provider", "cartesia")
    assert "CARTESIA_API_KEY is not set" in missing.err
    assert "name a provider type by --provider" in run_in_process("agents").err
    assert "provider types: cartesia, callingbox" in run_in_process("agents", "--provider", "twilia").err
