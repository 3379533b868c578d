"""Nothing is loaded or done that a run does not need."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from declarative.errors import ManifestError

from .house import FROM, HEAD, PERSON, PROJECT, House

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from manifest.house import TYPES
from declarative.model.digest import PersonKey
from declarative.manifest import Variables, load_desired
project, cache = Path({project!r}), Path({cache!r})
desired = load_desired(project, provider_types=TYPES, variables=Variables(), key=PersonKey(None), cache=cache)
assert desired.resources["batch/b"].recipients.count == 1
print(*(name for name in ("polars", "phonenumbers", "httpx", "rich", "difflib") if name in sys.modules))
"""


def loaded(house: House) -> list[str]:
    """The heavy packages that a fresh process has loaded after reading the project."""
    places = {
        "tests": Path(__file__).parent.parent,
        "project": house.directory,
        "cache": house.directory / ".c",
    }
    script = SCRIPT.format(**{name: str(path) for name, path in places.items()})
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()


def test_people_in_manifests_need_no_table(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON})
    assert loaded(house) == []


def test_a_known_file_needs_no_table(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": "to_number\n+14155550101\n"})
    assert "polars" in loaded(house)
    assert loaded(house) == []


def test_the_collector_runs_again_after_reading_whatever_happens(house: House) -> None:
    house.batch(PERSON)
    assert gc.isenabled()
    with pytest.raises(ManifestError):
        house.batch("  bogus: 1\n")
    assert gc.isenabled()
