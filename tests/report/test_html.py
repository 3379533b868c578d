"""The report: in a real browser it asks for nothing and logs nothing, and it shows what `status --json` says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from declarative.report import html
from tests import browser
from tests.project_fixture import ADA, BATCH, BEN, PROJECT, ProjectFixture

SILENT, BUSY, BROKEN = (f"+141555501{ending}" for ending in (91, 92, 97))
DAY = 86_400

needs_browser = pytest.mark.skipif(browser.find_browser() is None, reason="no Chromium: apt-get install chromium")


@pytest.fixture
def campaign(project: ProjectFixture) -> ProjectFixture:
    """Two batches, one of them called twice, with a name that would be markup."""
    retry = "  retry: {max_retries: 1, on: [dial_no_answer]}\n  display_name: <script>alert(1)</script> & co\n"
    april = BATCH.replace("outreach", "april").replace("people.csv", "april.csv")
    project.write(project_yaml=f"{PROJECT}  display_zone: America/New_York\n", batch_yaml=f"{BATCH}{retry}")
    project.write(april_yaml=april, april_csv=f"to_number\n{BEN}\n{BROKEN}\n")
    project.people(ADA, SILENT, BUSY)
    for _ in range(2):
        assert project.apply().exit == 0
        with project.world() as world:
            world.advance(DAY)
    return project


def write_report(project: ProjectFixture, *flags: str, name: str = "report.html") -> str:
    assert project.dialctl("report", "-o", str(project.root / name), *flags).exit == 0
    return (project.root / name).read_text()


def figures(page: str) -> dict[str, dict[str, int]]:
    """The figures of each row of the table of resources."""
    rows = re.findall(r'<tr data-address="([^"]+)">(.*?)</tr>', page, re.DOTALL)
    cells = {address: re.findall(r'data-figure="(\w+)">([\d,]+)<', row) for address, row in rows}
    return {address: {key: int(text.replace(",", "")) for key, text in row} for address, row in cells.items()}


@needs_browser
def test_the_page_shows_what_status_says_and_asks_for_nothing(campaign: ProjectFixture, tmp_path: Path) -> None:
    write_report(campaign, "--details")
    status = campaign.dialctl("status", "--json").json
    page = browser.open_page(campaign.root / "report.html", tmp_path / "light")
    assert (page.errors, page.urls) == ([], set())
    shown = figures(page.dom)
    assert shown.keys() == {"batch/outreach", "batch/april", "total"}
    for entry in (*status["resources"], {"address": "total", **status["total"]}):
        assert shown[entry["address"]] == {key: entry[key] for key in shown[entry["address"]]}
    total = shown["total"]
    assert total["people"] == 5 == total["reached"] + total["not_reached"] + total["outcome_unknown"]
    assert page.dom.count("<svg") == 5
    assert "<script" not in page.dom
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page.dom
    assert page.background == (255, 255, 255)
    assert page.pdf.startswith(b"%PDF-")
    dark = browser.open_page(campaign.root / "report.html", tmp_path / "dark", browser.DARK)
    assert max(dark.background) < 64


@needs_browser
def test_a_page_that_asks_for_something_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "loud.html"
    page.write_text('<body><img src="http://127.0.0.1:9/x.png"><script>console.error("heard")</script>')
    loud = browser.open_page(page, tmp_path / "loud")
    assert loud.urls == {"http://127.0.0.1:9/x.png"}
    assert any("heard" in error for error in loud.errors)


def test_hours_are_the_projects_and_calls_are_told_by_attempt(campaign: ProjectFixture) -> None:
    assert "The time of 0 of 6 ended calls is known." in write_report(campaign)
    page = write_report(campaign, "--details")
    assert "Times are in America/New_York." in page
    assert "ended calls is known" not in page
    attempts = re.search(r'<table id="attempts">.*?</table>', page, re.DOTALL)
    assert attempts is not None
    rows = re.findall(r"<tr><td>(.*?)</td><td>(\d+)</td><td>(\d+)</td><td>(\d+)</td>", attempts[0])
    assert rows == [("1", "5", "2", "3"), ("2", "1", "0", "1")]
    assert not re.search(r"\+?1415|55501\d\d", page)
    assert oct((campaign.root / "report.html").stat().st_mode)[-3:] == "600"
    assert write_report(campaign, name="again.html") == page


def test_what_needs_a_decision_stands_there_with_its_way_out(project: ProjectFixture) -> None:
    project.apply()
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").unlink()
    assert project.dialctl("report", "-o", str(project.root / "report.html")).exit == 3
    page = (project.root / "report.html").read_text()
    assert "<b>batch/outreach</b>: no_memory: " in page
    assert "Way out: <code>" in page


def test_without_the_extra_it_says_how_to_install_it(project: ProjectFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "find_spec", lambda name: None)
    refused = project.dialctl("report")
    assert refused.exit == 64
    assert "pip install 'dialctl[report]'" in refused.err
