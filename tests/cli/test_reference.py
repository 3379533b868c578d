"""`dialctl schema`, `dialctl explain` and `dialctl version` need no project."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

from declarative import __version__, schemas
from declarative.providers import catalog
from tests.command import ROOT, clean_environment, run_in_process, run_in_subprocess


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
    assert lines[1:] == [f"Python {platform.python_version()}", f"providers: {', '.join(catalog.types())}"]


def test_explain_prints_a_field_of_the_manifest() -> None:
    assert "max_retries" in run_in_process("explain", "Batch.retry").out


_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://memory.example/memory.v1.schema.json",
    "$defs": {
        "Mood": {"enum": ["calm", "brisk"]},
        "Batch": {"type": "object", "x-required": [], "properties": {"mood": {"$ref": "#/$defs/Mood"}}},
        "Call": {"type": "object", "x-required": [], "properties": {}},
    },
}


def test_schemas_of_an_installed_provider_type_are_known(tmp_path: Path) -> None:
    info, published = tmp_path / "memory-1.dist-info", tmp_path / "published" / "providers"
    info.mkdir()
    published.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: memory\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[dialctl.providers]\nmemory = outside\n")
    (published / "memory.v1.schema.json").write_text(json.dumps(_SCHEMA))
    (tmp_path / "outside.py").write_text(
        "from dataclasses import replace\nfrom pathlib import Path\n"
        "from tests.providers.memory_provider import connect, type\n"
        f"type = replace(type, schemas=Path({str(published.parent)!r}))\n"
        "[(version, routes)] = type.routes.items()\n"
        "[(route, able)] = routes.items()\n"
        "able = replace(able, settings=replace(able.settings, names=('agent_id', 'mood')))\n"
        "type = replace(type, routes={version: {route: able}})\n"
    )
    variables = clean_environment(PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    listed = run_in_subprocess("schema", directory=tmp_path, variables=variables)
    assert "providers/memory.v1" in listed.out.splitlines()
    assert run_in_subprocess("schema", "providers/memory.v1", directory=tmp_path, variables=variables).json == _SCHEMA
    assert "calm | brisk" in run_in_subprocess("explain", "Batch.mood", directory=tmp_path, variables=variables).out
    bundle = run_in_subprocess("schema", "--bundle", directory=tmp_path, variables=variables).json
    definitions = bundle["$defs"]
    assert definitions["Batch"]["properties"]["mood"]["anyOf"][0] == {"enum": ["calm", "brisk"]}
    assert "memory" in definitions["Provider"]["properties"]["type"]["anyOf"][0]["enum"]
    assert "called_out" in definitions["Retry"]["properties"]["on"]["items"]["anyOf"][0]["enum"]
