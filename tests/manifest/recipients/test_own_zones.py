"""Nobody waits for ever: whom calling hours in their own zone never allow to be called is an error."""

from __future__ import annotations

import pytest

from declarative.errors import ManifestError

from ..project_fixture import FROM, HEAD, PROJECT, ProjectFolder

HOURS = "  policy: {calling_hours: {from: '09:00', to: '18:00', zone: recipient}}\n"
BY_COLUMN = HOURS.replace("recipient", "recipient, column: tz")


def test_a_zone_that_is_no_area_is_told_with_its_row_and_value(folder: ProjectFolder) -> None:
    text = "to_number,tz\n+14155550101,America/New_York\n+14155550102,EST\n+14155550103,\n+14155550104,Central\n"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + BY_COLUMN + FROM, "r.csv": text})
    first, second = folder.problems()
    assert first == (
        'r.csv:3:1: to_number: +1415•••0102: column "tz" says "EST", and "EST" is no time zone '
        "(an IANA area such as America/New_York, or UTC)"
    )
    assert second.startswith('r.csv:5:1: to_number: +1415•••0104: column "tz" says "Central"')


def test_a_zone_in_the_manifest_itself_is_checked_too(folder: ProjectFolder) -> None:
    people = "  recipients: [{to_number: +14155550101, metadata: {tz: PST}}]\n"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + BY_COLUMN + people})
    [reported] = folder.problems()
    assert reported.startswith('b.yaml:6:28: spec.recipients[0].to_number: +1415•••0101: column "tz" says "PST"')


def test_zones_that_never_allow_a_call_together_are_told_with_the_row(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + HOURS + FROM})
    folder.put({"r.csv": "to_number\n+14155550101\n+18005550102\n"})
    [reported] = folder.problems()
    assert reported.startswith("r.csv:3:1: to_number: +1800•••0102: may lie in ")
    assert "others), and the calling hours never allow them all (name a column with the zone, or a fixed" in reported


def test_who_is_not_called_anyway_needs_no_zone(folder: ProjectFolder) -> None:
    policy = HOURS.replace("{calling", "{suppress_from: [{file: dnc.csv}], calling")
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + policy + FROM, "dnc.csv": "to_number\n+18005550102\n"})
    folder.put({"r.csv": "to_number\n+14155550101\n+18005550102\n"})
    assert folder.load().resources["batch/b"].recipients.count == 1


def test_a_list_that_was_read_before_is_read_again_for_other_hours(folder: ProjectFolder) -> None:
    text = "to_number\n+14155550101\n+18005550102\n"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": text})
    assert folder.load(cache=folder.cache).resources["batch/b"].recipients.count == 2
    folder.put({"b.yaml": HEAD + HOURS + FROM})
    with pytest.raises(ManifestError) as refused:
        folder.load(cache=folder.cache)
    assert "never allow them all" in str(refused.value.problems[0])


def test_of_many_twenty_are_named(folder: ProjectFolder) -> None:
    rows = "".join(f"+141555501{number},EST\n" for number in range(10, 35))
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + BY_COLUMN + FROM, "r.csv": f"to_number,tz\n{rows}"})
    reported = folder.problems()
    assert len(reported) == 21
    assert reported[-1].startswith("r.csv: and 5 more uncallable numbers")
