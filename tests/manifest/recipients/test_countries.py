"""Only numbers of the listed countries are called."""

from __future__ import annotations

import pytest

from ..project_fixture import FROM, HEAD, PROJECT, ProjectFolder, people_of


def test_a_text_that_is_not_a_number_has_no_country(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  policy: {{countries: [US]}}\n{FROM}"})
    folder.put({"r.csv": "to_number\nabc\n"})
    assert [each.partition(" ")[0] for each in folder.problems()] == ["r.csv:2:1:"]


@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize(
    ("countries", "left"),
    [
        ("US", {"+14155550101"}),
        ("CA", {"+16045550101"}),
        ("GB", {"+442079460101"}),
        ("GG", {"+447781123456"}),
        ("FR, US", {"+14155550101", "+33639980101"}),
        ("MX", set()),
    ],
)
def test_numbers_of_other_countries_are_excluded(
    folder: ProjectFolder, countries: str, left: set[str], in_file: bool
) -> None:
    numbers = [
        "+14155550101",
        "+16045550101",
        "+442079460101",
        "+447781123456",
        "+33639980101",
        "+12005550101",
    ]
    policy = f"  policy: {{countries: [{countries}]}}\n"
    written = ", ".join(f"{{to_number: {number}}}" for number in numbers)
    people = FROM if in_file else f"  recipients: [{written}]\n"
    batch = folder.batch(policy + people, **{"r.csv": "to_number\n" + "\n".join(numbers)})
    assert set(people_of(batch)) == left
    assert dict(batch.recipients.excluded_counts) == {"other_country": len(numbers) - len(left)}
