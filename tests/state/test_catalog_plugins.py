"""Places of state from other packages: an entry point by URL scheme."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from declarative.errors import UsageError
from declarative.state.catalog import open_backend
from declarative.state.local import LocalBackend


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An installed backend for vault://, in a distribution of its own."""
    info = tmp_path / "vault-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vault\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[dialctl.backends]\nvault = vault_of_a_test:open_vault\n")
    module = ModuleType("vault_of_a_test")
    monkeypatch.setitem(sys.modules, "vault_of_a_test", module)
    monkeypatch.syspath_prepend(str(tmp_path))
    return module


def test_a_backend_is_opened_by_its_scheme_with_url_and_environment(vault: ModuleType, tmp_path: Path) -> None:
    opened: list[tuple[str, Mapping[str, str]]] = []

    def open_vault(url: str, environment: Mapping[str, str]) -> LocalBackend:
        opened.append((url, environment))
        return LocalBackend(tmp_path)

    vault.open_vault = open_vault  # type: ignore[attr-defined]
    assert isinstance(open_backend(tmp_path, "vault://safe/spring"), LocalBackend)
    assert opened == [("vault://safe/spring", os.environ)]


@pytest.mark.parametrize("problem", [ValueError("no key"), SystemExit(3), UsageError("no key")])
def test_a_broken_backend_is_named(vault: ModuleType, tmp_path: Path, problem: BaseException) -> None:
    def open_vault(url: str, environment: Mapping[str, str]) -> LocalBackend:
        raise problem

    vault.open_vault = open_vault  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"vault://|no key"):
        open_backend(tmp_path, "vault://safe/spring")


def test_an_unknown_scheme_names_the_installed_ones_too(vault: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_backend(tmp_path, "attic://box/spring")
    assert "vault://" in caught.value.hint
