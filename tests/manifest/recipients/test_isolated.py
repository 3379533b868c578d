"""Files whose library would panic, abort or take all memory end as an error that names the file."""

from __future__ import annotations

import base64
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from declarative.manifest.recipients.isolated import UNREADABLE, ChildFailed, read_columns

from ..project_fixture import FROM, HEAD, PROJECT, ProjectFolder


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 400 + b"PAR1", b"PK\x03\x04" + b"\0" * 100])
@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_damaged_bytes_are_an_error_of_the_file(
    folder: ProjectFolder, capfd: pytest.CaptureFixture[str], ending: str, content: bytes
) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("csv", ending), f"r.{ending}": content})
    [reported] = folder.problems()
    assert reported.startswith(f"r.{ending}: cannot be read as ")
    assert capfd.readouterr().err == ""  # nothing of a library's panic


def test_a_date_beyond_those_of_python_is_named(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("csv", "parquet")})
    days = pl.Series("t", [4_194_304, 1]).cast(pl.Int32).cast(pl.Date)
    frame = pl.DataFrame({"to_number": ["+14155550101", "+14155550102"], "t": days})
    frame.write_parquet(folder.directory / "r.parquet")
    [reported] = folder.problems()
    assert reported.startswith('r.parquet: column "t" holds dates or times beyond the years 1 to 9999')


def test_a_cell_in_the_last_corner_does_not_take_all_memory(folder: ProjectFolder) -> None:
    with xlsxwriter.Workbook(folder.directory / "r.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "to_number")
        sheet.write(1_048_575, 16_383, "x")
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("csv", "xlsx")})
    [reported] = folder.problems()
    assert reported.startswith("r.xlsx: unfolds to more cells than can be read")


def test_a_small_table_that_unfolds_to_gigabytes_is_refused(folder: ProjectFolder) -> None:
    frame = pl.select(
        to_number=pl.repeat("+14155550101", 3000), a=pl.repeat(base64.b64encode(b"x" * 400_000).decode(), 3000)
    )
    frame.write_parquet(folder.directory / "r.parquet")
    assert (folder.directory / "r.parquet").stat().st_size < 1 << 23
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("csv", "parquet")})
    assert folder.problems() == ["r.parquet: unfolds to more than can be read (split the file)"]


def test_the_child_runs_no_code_of_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "polars.py").write_text("open('ran', 'w')\n")
    (tmp_path / "r.parquet").write_bytes(b"x")
    with pytest.raises(ChildFailed) as failed, read_columns("parquet", tmp_path / "r.parquet"):
        pass
    assert failed.value.code == UNREADABLE
    assert not (tmp_path / "ran").exists()
