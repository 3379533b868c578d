"""Every fact of a provider that the code cites is written down where it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FACTS = ROOT / "declarative" / "providers"
_PLACE = r"(?:row )?\d+(?:\.\d+)?"
_DOCUMENTS = "cartesia|callingbox|elevenlabs|telnyx|retell|vapi|twilio"
_CITATION = re.compile(rf"(?<!/)\b({_DOCUMENTS})\.md((?: {_PLACE}(?:(?:,| to| and)(?= {_PLACE}))?)*)")


def cited() -> Iterator[tuple[str, str, str]]:
    """File, document, places (`7, row 2`), across line breaks."""
    for file in [*sorted((ROOT / "declarative").rglob("*.py")), ROOT / "CONTRIBUTING.md"]:
        text = re.sub(r"\s*\n[\s#]*", " ", file.read_text(encoding="utf-8"))
        for document, places in _CITATION.findall(text):
            yield file.name, document, places


@cache
def written(document: str) -> frozenset[str]:
    """Numbers of headings, and of rows as `7, row 2`."""
    found, section = set(), ""
    for line in (FACTS / document / f"{document}.md").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"#+ (\d+(?:\.\d+)?)", line):
            found.add(section := heading[1])
        elif row := re.match(r"\| (\d+) \|", line):
            found.add(f"{section}, row {row[1]}")
    return frozenset(found)


def named(places: str) -> Iterator[str]:
    section = ""
    for place in re.findall(_PLACE, places):
        section = section if place.startswith("row") else place
        yield f"{section}, {place}" if place.startswith("row") else place


@pytest.mark.parametrize(("file", "document", "places"), sorted(set(cited())))
def test_a_citation_leads_somewhere(file: str, document: str, places: str) -> None:
    assert list(named(places)), f"{file} cites {document}.md without a number"
    assert set(named(places)) <= written(document)


def test_citations_are_read_in_all_their_forms() -> None:
    known = {"cartesia", "callingbox", "elevenlabs", "telnyx", "retell", "vapi", "twilio"}
    assert {document for _, document, _ in cited()} == known
    assert list(named(" 2.5 to 2.9 and 3")) == ["2.5", "2.9", "3"]
    assert list(named(" 7, row 2")) == ["7", "7, row 2"]
    assert "7, row 99" not in written("cartesia")
