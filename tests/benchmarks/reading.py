"""Checking recipients files of several kinds: each beside reading and hashing the same file, or beside a plain one.

No sandbox and no lock: only what `dialctl validate` takes. Nothing is kept between runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from bench import Claims, Cost, main, python, run_in_turn, spend
from campaign import READ_AND_HASH, Campaign, batch, environment, national_number, row

READ_WORKBOOK = """\
import sys
from python_calamine import CalamineWorkbook
CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python()
"""
_HEADER = "phone,customer_id,plan,renews_on,language"


def measure(claims: Claims, directory: Path) -> None:
    people = 1_000_000 if claims.full else 100_000
    _text_files(claims, directory, people)
    _workbook(claims, directory, people // 10)


def _text_files(claims: Claims, directory: Path, people: int) -> None:
    writers = {"plain": row, "quotes": _row_with_quotes, "national numbers": _row_with_national_number}
    campaigns = {kind: _campaign(directory / kind, "people.csv") for kind in writers}
    for kind, write in writers.items():
        _write_rows(campaigns[kind].directory / "people.csv", map(write, range(people)))
    runs: dict[str, Callable[[], Cost]] = {}
    for kind in ("plain", "quotes"):
        runs[f"polars.read_csv + SHA-256, {kind}"] = _reader(campaigns[kind], READ_AND_HASH, "people.csv")
    for kind, campaign in campaigns.items():
        runs[f"validate, {kind}"] = _validator(campaign)
    costs = run_in_turn(runs, claims.repeats(5))
    for kind, bound in (("plain", 5), ("quotes", 6.5)):
        times = costs[f"validate, {kind}"].cpu / costs[f"polars.read_csv + SHA-256, {kind}"].cpu
        claims.check_at_most(f"{people:,} rows, {kind}, beside reading and hashing the file", times, bound)
    times = costs["validate, national numbers"].cpu / costs["validate, plain"].cpu
    claims.check_at_most(f"{people:,} rows, national numbers, beside international ones", times, 1.6)
    for kind in writers:
        claims.check_megabytes(f"{people:,} rows, {kind}, peak", costs[f"validate, {kind}"], 700)


def _workbook(claims: Claims, directory: Path, people: int) -> None:
    many, few = _workbook_campaign(directory / "many", people), _workbook_campaign(directory / "few", 10)
    costs = run_in_turn(
        {
            "python-calamine": _reader(many, READ_WORKBOOK, "people.xlsx"),
            "validate, workbook": _validator(many),
            "python-calamine, 10 rows": _reader(few, READ_WORKBOOK, "people.xlsx"),
            "validate, workbook of 10 rows": _validator(few),
        },
        claims.repeats(5),
    )
    ours = costs["validate, workbook"].cpu - costs["validate, workbook of 10 rows"].cpu
    theirs = costs["python-calamine"].cpu - costs["python-calamine, 10 rows"].cpu
    claims.check_at_most(f"a workbook of {people:,} rows, without the start of either process", ours / theirs, 4)
    claims.check_megabytes(f"a workbook of {people:,} rows, peak", costs["validate, workbook"], 400)


def _workbook_campaign(directory: Path, people: int) -> Campaign:
    import xlsxwriter

    campaign = _campaign(directory, "people.xlsx")
    with xlsxwriter.Workbook(directory / "people.xlsx", {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for place, text in enumerate((_HEADER, *map(row, range(people)))):
            sheet.write_row(place, 0, text.split(","))
    return campaign


def _campaign(directory: Path, file: str) -> Campaign:
    campaign = Campaign.create(directory, "http://127.0.0.1:9", 0, batches=0)
    entry = f"  recipients_from: [{{file: {file}, to_number: phone, default_region: DE}}]\n"
    (directory / "people.yaml").write_text(batch("people", entry), encoding="utf-8")
    return campaign


def _reader(campaign: Campaign, code: str, file: str) -> Callable[[], Cost]:
    return lambda: spend(python(code, file), cwd=campaign.directory, env=environment())


def _validator(campaign: Campaign) -> Callable[[], Cost]:
    def validate() -> Cost:
        campaign.forget_reads()
        return campaign.run("validate")

    return validate


def _row_with_quotes(index: int) -> str:
    phone, customer, *others = row(index).split(",")
    return f'"{phone}","{customer}, likes 12"" discs",{",".join(others)}'


def _row_with_national_number(index: int) -> str:
    digits = national_number(index * 618_033 % 1_000_003)
    return f"{digits[:3]} {digits[3:8]} {digits[8:]},{row(index).partition(',')[2]}"


def _write_rows(file: Path, rows: Iterable[str]) -> None:
    with file.open("w", encoding="utf-8") as text:
        text.write(f"{_HEADER}\n")
        text.writelines(f"{line}\n" for line in rows)


if __name__ == "__main__":
    main("Reading recipients", measure)
