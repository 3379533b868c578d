"""`declarative.providers` is the one import for authors of providers, and costs nothing until a name is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from declarative import providers
from declarative.model.remote import Remote
from declarative.providers import base
from declarative.providers.http.client import HttpClient


def test_the_public_names_are_these() -> None:
    assert set(providers.__all__) == {
        "Provider", "Channel", "SingleCallChannel", "AccountEntry", "ProviderType", "Capabilities", "ConnectOptions",
        "Submission", "Mark", "Remote", "Phase", "Outcome", "Done", "NotSent", "Rejected", "Busy", "OutOfFunds",
        "Ambiguous", "MarkMissing", "HttpClient", "Body", "SettingsFields", "DataLimits", "Cancellable", "CancelProof",
            "Removal", "RemovalChannel", "SearchChannel", "NumberChannel", "Simulator",
    }  # fmt: skip
    assert len(set(providers.__all__)) == len(providers.__all__)


@pytest.mark.parametrize("name", providers.__all__)
def test_every_public_name_leads_to_something(name: str) -> None:
    assert getattr(providers, name) is not None


def test_a_public_name_is_the_one_that_the_engine_uses() -> None:
    assert providers.Done is base.Done
    assert providers.Remote is Remote
    assert providers.HttpClient is HttpClient


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Dial'"):
        _ = providers.Dial  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys, declarative.providers as p; print({'httpx', 'polars', p.__name__ + '.base'} & set(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"
