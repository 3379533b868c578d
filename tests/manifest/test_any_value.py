"""A value of any kind in any place of a manifest is accepted or reported, and never crashes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.errors import ManifestError
from declarative.manifest import Variables, load_desired, yaml_reader
from declarative.manifest.messages import Path as Place
from declarative.manifest.problems import ProblemCollector
from declarative.model.digest import PersonKey
from declarative.model.resource import Json
from declarative.providers import catalog

from .project_fixture import working_in

EXAMPLES = Path(__file__).parents[2] / "examples"

MANIFESTS = sorted(
    path
    for path in EXAMPLES.rglob("*.yaml")
    if not any(part.startswith(".") for part in path.relative_to(EXAMPLES).parts)
    and "apiVersion: dialctl/" in path.read_text()
)

_MEANINGFUL = (
    "", "~", "..", "/etc", "a\0b", "${var.x}", "no", "batch", "direct", "recipient", "cancelled", "callingbox",
    "cartesia", "2025-04-16", "2026-08-14", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.9Z", "999999999d", "00:00", "US", "UK", "batch/a", "dialctl", "recipients.csv",
    "+14155550101", "s3://bucket/prefix", "é" * 100,
)  # fmt: skip
"""Words that mean something in some place."""

_KEYS = (
    "to_number",
    "metadata",
    "dynamic_variables",
    "context",
    "file",
    "type",
    "on",
    "from",
    "zone",
    "name",
    "dialctl",
)

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(_MEANINGFUL)
)

_VALUES: st.SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Yield the path of everything in a document, its own first."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from places(item, (*at, step))


def read_values(manifest: Path) -> Any:
    """The documents of an example, as JSON values."""
    documents = yaml_reader.read_documents(manifest, manifest.name, manifest.read_bytes(), ProblemCollector())
    return [document.value for document in documents]


def put(value: Any, place: Place, other: Json) -> Any:
    if not place:
        return other
    changed = value.copy()
    changed[place[0]] = put(value[place[0]], place[1:], other)
    return changed


def reported_problems(project: Path) -> list[str]:
    """The problems of a project as texts. Errors other than ManifestError fail the test."""
    try:
        assert load_desired(project, provider_types=catalog.types(), variables=Variables(), key=PersonKey(None)).digest
    except ManifestError as refused:
        return [str(problem) for problem in refused.problems]
    return []


@settings(max_examples=120, deadline=None)
@given(data=st.data(), manifest=st.sampled_from(MANIFESTS))
def test_a_value_in_any_place_is_accepted_or_reported(data: st.DataObject, manifest: Path) -> None:
    documents = read_values(manifest)
    place = data.draw(st.sampled_from(list(places(documents))[1:]), label="place")
    documents = put(documents, place, data.draw(_VALUES, label="value"))
    with TemporaryDirectory() as directory:
        project = shutil.copytree(manifest.parent, Path(directory, "project"))
        (project / ".git").mkdir(exist_ok=True)
        (project / manifest.name).write_text(yaml.safe_dump_all(documents))
        with working_in(project):
            assert all(reported_problems(project))


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_a_number_in_any_place_is_reported_masked(manifest: Path, tmp_path: Path) -> None:
    documents = read_values(manifest)
    project = shutil.copytree(manifest.parent, tmp_path / "project")
    (project / ".git").mkdir(exist_ok=True)
    for place in list(places(documents))[1:]:
        for misplaced in ("+12025550143", {"+12025550143": 12025550143}, ["202-555-0143"]):
            (project / manifest.name).write_text(yaml.safe_dump_all(put(documents, place, misplaced)))
            with working_in(project):
                reported = " ".join(reported_problems(project))
            assert not [number for number in ("2025550143", "202-555-0143") if number in reported], reported
