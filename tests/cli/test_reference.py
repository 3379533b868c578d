"""`dialctl schema`, `dialctl explain` and `dialctl version` need no project."""

from __future__ import annotations

import json
import platform

from declarative import __version__, schemas
from tests.command import run_in_process


def test_without_a_name_the_schemas_are_listed() -> None:
    assert run_in_process("schema").out.splitlines() == list(schemas.list_schemas())


def test_a_schema_is_printed_as_it_is_published() -> None:
    assert run_in_process("schema", "plan.v1").json == json.loads(json.dumps(schemas.load_schema("plan.v1")))


def test_an_unknown_schema_is_wrong_usage_and_names_those_there_are() -> None:
    result = run_in_process("schema", "plan.v9")
    assert (result.exit, result.out) == (64, "")
    assert 'no schema is called "plan.v9"' in result.err
    assert "plan.v1" in result.err


def test_the_version_names_python_and_the_provider_types() -> None:
    lines = run_in_process("version").out.splitlines()
    assert lines[0].partition(" (commit ")[0] == f"dialctl {__version__}"
    assert lines[1:] == [f"Python {platform.python_version()}", "providers: cartesia, callingbox"]


def test_explain_prints_a_field_of_the_manifest() -> None:
    assert "max_retries" in run_in_process("explain", "Batch.retry").out
