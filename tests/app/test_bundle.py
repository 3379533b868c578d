"""One schema for editors, without a reference to another file."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from declarative.app.bundle import bundle_schema
from tests.command import ROOT, run_in_process

MANIFESTS = sorted(path for path in (ROOT / "examples").rglob("*.yaml") if "apiVersion: dialctl/" in path.read_text())


class TextLoader(yaml.SafeLoader):
    """Reads times, and words such as `on`, as the text that they are in YAML 1.2, as editors do."""


def read_boolean(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool | str:
    return node.value == "true" if node.value in ("true", "false") else str(node.value)


TextLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: node.value)
TextLoader.add_constructor("tag:yaml.org,2002:bool", read_boolean)


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(item) for item in value.values()))
    return set().union(*(references(item) for item in value)) if isinstance(value, list) else set()


def test_every_reference_stays_in_the_document() -> None:
    bundled = bundle_schema()
    assert "$id" not in bundled
    names = {f"#/$defs/{name}" for name in bundled["$defs"]}
    assert references(bundled) <= names


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_are_valid_by_it_and_name_it(path: Any) -> None:
    validator = Draft202012Validator(bundle_schema())
    text = path.read_text()
    for document in yaml.load_all(text, TextLoader):
        assert [error.message for error in validator.iter_errors(document)] == []
    modeline = text.partition("$schema=")[2].partition("\n")[0]
    assert (path.parent / modeline).resolve() == ROOT / "schemas" / "dialctl.schema.json"


@pytest.mark.parametrize(
    ("spec", "is_valid"),
    [
        ({"agent_id": "agent_1", "target_concurrency_limit": 5}, True),
        ({"agent_id": "agent_1", "target_concurrency_limit": "${var.LIMIT}", "state": "${var.STATE}"}, True),
        ({"scheduled_at": "${var.DAY}T16:00:00Z", "retry": {"max_retries": 1, "on": ["${var.WHY}"]}}, True),
        ({"agent_idd": "agent_1"}, False),
        ({"target_concurrency_limit": "five"}, False),
        ({"scheduled_at": "tomorrow"}, False),
        ({"state": "gone"}, False),
        ({"retry": {"max_retries": 1, "on": ["nobody_home"]}}, False),
    ],
)
def test_a_spec_is_valid_by_its_fields_and_values(spec: dict[str, Any], is_valid: bool) -> None:
    document = {"apiVersion": "dialctl/v1", "kind": "Batch", "metadata": {"name": "a"}, "spec": spec}
    assert Draft202012Validator(bundle_schema()).is_valid(document) is is_valid


def test_a_name_takes_no_variable() -> None:
    document = {"apiVersion": "dialctl/v1", "kind": "Batch", "metadata": {"name": "${var.NAME}"}, "spec": {}}
    assert not Draft202012Validator(bundle_schema()).is_valid(document)


def test_the_published_file_is_the_bundle() -> None:
    """`dialctl schema --bundle > schemas/dialctl.schema.json` makes it anew."""
    printed = run_in_process("schema", "--bundle").out
    assert json.loads(printed) == bundle_schema()
    assert (ROOT / "schemas" / "dialctl.schema.json").read_text() == printed
