"""Parquet files: values keep their types."""

from __future__ import annotations

import polars as pl
import pytest

from ..project_fixture import FROM, HEAD, PROJECT, ProjectFolder


def put_parquet(folder: ProjectFolder, columns: dict[str, list[object]]) -> None:
    pl.DataFrame(columns).write_parquet(folder.directory / "r.parquet")


def test_parquet_keeps_types(folder: ProjectFolder) -> None:
    put_parquet(
        folder,
        {"to_number": ["+14155550101", "+14155550102"], "n": [1, None], "x": [1.5, 2.0], "l": [["a"], None]},
    )
    batch = folder.batch(FROM.replace("r.csv", "r.parquet"))
    assert batch.recipients.frame.get_column("payload").to_list() == [
        '{"metadata":{"l":["a"],"n":1,"x":1.5}}',
        '{"metadata":{"x":2.0}}',
    ]


def test_nan_and_infinity_in_parquet_are_missing(folder: ProjectFolder) -> None:
    put_parquet(folder, {"to_number": ["+14155550101"], "nan": [float("nan")], "inf": [float("inf")], "x": [1.5]})
    batch = folder.batch(FROM.replace("r.csv", "r.parquet"))
    assert batch.recipients.frame.get_column("payload").to_list() == ['{"metadata":{"x":1.5}}']


@pytest.mark.parametrize(("value", "kind"), [([1], "List(Int64)"), ({"k": 1}, "Struct({'k': Int64})")])
def test_a_variable_from_parquet_is_a_plain_value(folder: ProjectFolder, value: object, kind: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  provider: newer\n{FROM.replace('csv', 'parquet')}"})
    put_parquet(folder, {"to_number": ["+14155550101"], "a": [value], "b": [True]})
    (reported,) = folder.problems()
    assert f'dynamic_variables: column "a" of r.parquet holds {kind}: a variable' in reported


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"to_number": [14155550101]}, "holds Int64, expected text"),
        (
            {"to_number": ["+14155550101"], "raw": [b"x"]},
            'column "raw" holds values that JSON cannot represent',
        ),
        ({"to_number": [None, "+14155550101"], "a": ["x", "y"]}, "row 1, to_number: found no number"),
        ({"to_number": ["+14155550101", "+14155550101"]}, "first at r.parquet, row 1, to_number"),
        ({"phone": ["+14155550101"]}, 'no column "to_number", it has: phone'),
        ({"to_number": []}, "expected text"),
    ],
)
def test_what_is_wrong_with_parquet(folder: ProjectFolder, columns: dict[str, list[object]], words: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("r.csv", "r.parquet")})
    put_parquet(folder, columns)
    reported = folder.problems()
    assert any(words in each for each in reported), reported


def test_a_file_that_is_not_parquet(folder: ProjectFolder) -> None:
    folder.put(
        {
            "project.yaml": PROJECT,
            "b.yaml": HEAD + FROM.replace("r.csv", "r.parquet"),
            "r.parquet": "PAR1xPAR1",
        }
    )
    assert folder.problems() == ["r.parquet: cannot be read as Parquet"]
