"""What an editor makes of manifests: yaml-language-server with the schema that a modeline names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import ROOT, run_in_process
from tests.language_server import LanguageServer
from tests.node_packages import find_program

EXAMPLES = sorted(path for path in (ROOT / "examples").rglob("*.yaml") if "apiVersion: dialctl/" in path.read_text())
BATCH = """\
# yaml-language-server: $schema=dialctl.schema.json
apiVersion: dialctl/v1
kind: Batch
metadata: {name: spring}
spec:
"""
PROJECT = BATCH.replace("Batch", "Project") + "  providers:\n    main:\n      "


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `dialctl init` writes it, its schema included."""
    directory = tmp_path_factory.mktemp("editor") / "spring"
    assert run_in_process("init", str(directory)).exit == 0
    return directory


@pytest.fixture(scope="module")
def editor(project: Path) -> Iterator[LanguageServer]:
    server = LanguageServer(find_program("yaml-language-server"), project)
    yield server
    server.close()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_editor_finds_no_fault_in_an_example(editor: LanguageServer, path: Path) -> None:
    text = path.read_text()
    assert editor.diagnose(path, text) == []
    faulty = text.replace("\nmetadata:", "\nmetadat:")  # it was read by the schema, not by none
    assert any("metadat is not allowed" in line for line in editor.diagnose(path, faulty))


@pytest.mark.parametrize("name", ["project.yaml", "first-campaign.yaml"])
def test_an_editor_finds_no_fault_in_what_init_writes(editor: LanguageServer, project: Path, name: str) -> None:
    text = (project / name).read_text()
    assert editor.diagnose(project / name, text) == []
    assert editor.diagnose(project / name, text.replace("spec:", "spek:")) != []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  agent_idd: agent_1\n", "6: Property agent_idd is not allowed."),
        ("  scheduled_at: tomorrow\n", "6: Expected an RFC 3339 date and time with offset, such as"),
        ("  target_concurrency_limit: many\n", '6: Incorrect type. Expected "integer".'),
        ("  ringing_timeout_seconds: 500\n", "6: Value is above the maximum of 80."),
        ("  state: gone\n", '6: Value is not accepted. Valid values: "present", "cancelled".'),
        ("  retry: {max_retries: 1, on: [nobody_home]}\n", "6: Value is not accepted. Valid values: "),
        ("  recipients: [{phone: x}]\n", '6: Missing property "to_number".'),
    ],
)
def test_a_fault_is_underlined_where_it_is(editor: LanguageServer, project: Path, spec: str, expected: str) -> None:
    lines = editor.diagnose(project / "draft.yaml", BATCH + spec)
    assert any(line.startswith(expected) for line in lines), lines
    assert all(line.startswith("6: ") for line in lines), lines


def test_a_default_that_no_provider_takes_is_underlined(editor: LanguageServer, project: Path) -> None:
    lines = editor.diagnose(project / "draft.yaml", f"{PROJECT}type: cartesia\n      defaults: {{agent: a}}\n")
    assert lines == ["9: Property agent is not allowed."]


def test_a_variable_is_taken_wherever_a_value_stands(editor: LanguageServer, project: Path) -> None:
    spec = "  state: ${var.STATE}\n  scheduled_at: ${var.START}\n  target_concurrency_limit: ${var.LIMIT}\n"
    assert editor.diagnose(project / "draft.yaml", BATCH + spec) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# yaml-language-server: $schema=dialctl.schema.json\n¦", {"apiVersion", "kind", "metadata", "spec"}),
        (BATCH.replace("kind: Batch", "kind: ¦"), {"Project", "Batch", "Call"}),
        (f"{BATCH}  ¦", {"agent_id", "from_number_id", "retry", "recipients_from", "policy", "instructions"}),
        (f"{BATCH}  state: ¦", {"present", "cancelled"}),
        (f"{BATCH}  provider: ¦", {"cartesia", "callingbox"}),
        (f"{BATCH}  retry:\n    on: [¦]", {"dial_no_answer", "no_answer", "pre_dial"}),
        (f"{BATCH}  policy:\n    ¦", {"calling_hours", "suppress_from", "max_dials"}),
        (f"{PROJECT}type: ¦", {"cartesia", "callingbox"}),
        (f"{PROJECT}defaults:\n        ¦", {"agent_id", "from_number_id", "retry", "default_region"}),
    ],
)
def test_fields_and_values_are_offered(editor: LanguageServer, project: Path, text: str, expected: set[str]) -> None:
    assert expected <= set(editor.complete(project / "draft.yaml", text))


def test_fields_of_another_kind_are_not_offered(editor: LanguageServer, project: Path) -> None:
    offered = editor.complete(project / "draft.yaml", f"{BATCH}  ¦")
    assert not {"to_number", "via", "guard", "providers"} & set(offered)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  target_concur¦rency_limit: 5\n", "Calls at once for each remote batch"),
        ("  from_num¦ber: '+14155550100'\n", "callingbox: Number to call from"),
        ("  retry: {max_re¦tries: 1, on: [dial_busy]}\n", "Further calls of a person after the first"),
        ("  expir¦es_at: 2026-12-08T00:00:00Z\n", "No request that dials is sent after it"),
    ],
)
def test_a_field_is_explained(editor: LanguageServer, project: Path, spec: str, expected: str) -> None:
    assert expected in editor.hover(project / "draft.yaml", BATCH + spec)
