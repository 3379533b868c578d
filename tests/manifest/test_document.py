"""Problems are reported at the position of the value, or of its nearest parent."""

from __future__ import annotations

from pathlib import Path

from declarative.manifest import yaml_reader
from declarative.manifest.document import Document, DocumentSection
from declarative.manifest.problems import ProblemCollector

from .project_fixture import HEAD, PROJECT, ProjectFolder


def test_positions_count_characters_from_one(folder: ProjectFolder) -> None:
    people = "  recipients: [{né: 🎉, to_number: 5}]"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD.replace("\n", "\r\n") + people})
    assert [problem.partition(" ")[0] for problem in folder.problems()] == ["b.yaml:5:17:", "b.yaml:5:35:"]


def document(text: str) -> Document:
    (parsed,) = yaml_reader.read_documents(Path("/a.yaml"), "a.yaml", text.encode(), ProblemCollector())
    return parsed


def test_a_value_a_key_and_a_missing_value_have_a_position() -> None:
    parsed = document("spec:\n  name: x\n  list: [1, 2]\n")
    assert parsed.position(("spec", "name")) == (2, 9)
    assert parsed.position(("spec", "name"), key=True) == (2, 3)
    assert parsed.position(("spec", "list", 1)) == (3, 13)
    assert parsed.position(("spec", "missing", "inner")) == (2, 3)
    assert parsed.location(("spec", "name")) == "a.yaml:2:9"


def test_a_section_reports_at_its_place() -> None:
    problems = ProblemCollector()
    DocumentSection(document("spec: {list: [1, 2]}\n"), ("spec",), problems).at("list", 0).report("wrong", "mend it")
    assert [str(problem) for problem in problems] == ["a.yaml:1:15: spec.list[0]: wrong (mend it)"]
