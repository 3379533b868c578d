"""Which columns of a file become the data of a person."""

from __future__ import annotations

from ..project_fixture import FROM, ProjectFolder, people_of


def test_only_the_columns_asked_for_become_data(folder: ProjectFolder) -> None:
    spec = "  recipients_from: [{file: r.csv, to_number: phone, metadata: [plan]}]\n"
    batch = folder.batch(spec, **{"r.csv": "secret,phone,plan\nx,+14155550101,pro\n"})
    assert people_of(batch) == {"+14155550101": {"metadata": {"plan": "pro"}}}


def test_no_columns_asked_for_is_no_data(folder: ProjectFolder) -> None:
    batch = folder.batch(FROM.replace("}", ", metadata: []}"), **{"r.csv": "to_number,plan\n+14155550101,pro\n"})
    assert batch.recipients.frame.rows() == [("+14155550101", "{}")]


def test_each_field_takes_its_columns_and_the_first_takes_the_rest(folder: ProjectFolder) -> None:
    spec = "  provider: callingbox\n  recipients_from: [{file: r.csv, context: [notes]}]\n"
    batch = folder.batch(spec, **{"r.csv": "to_number,notes,plan\n+14155550101,hi,pro\n"})
    assert people_of(batch) == {"+14155550101": {"context": {"notes": "hi"}, "metadata": {"plan": "pro"}}}
