"""`dialctl validate` and `dialctl digest`: what they print, and the file of all problems."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
from pathlib import Path

import pytest

from declarative.cli.main import run_command
from tests.manifest.project_fixture import FROM, HEAD

PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  defaults: {provider: cartesia}
"""
BATCH = HEAD + "  agent_id: agent_1\n  from_number_id: ap_1\n" + FROM


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "project.yaml").write_text(PROJECT)
    (tmp_path / "b.yaml").write_text(BATCH)
    return tmp_path


def run(project: Path, *arguments: str) -> tuple[int, str]:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        code = run_command(["-C", str(project), *arguments])
    return code, text.getvalue()


def test_every_problem_is_written_to_a_file_however_many(project: Path) -> None:
    (project / "r.csv").write_text("to_number\n" + "".join(f"{n}\n" for n in range(100, 500)))
    code, text = run(project, "validate", "--problems", "p.csv")
    assert code == 1
    assert "r.csv: and 380 more problems" in text
    assert text.count("found ") == 20
    rows = list(csv.reader(io.StringIO((project / "p.csv").read_text())))
    assert rows[0] == ["file", "line", "column", "what"]
    assert len(rows) == 401
    assert (project / "p.csv").stat().st_mode & 0o777 == 0o600


def test_without_problems_the_file_has_a_header_alone(project: Path) -> None:
    (project / "r.csv").write_text("to_number,\n+14155550101,x\n")
    (project / "other.yaml").write_text("services: {}\n")
    code, text = run(project, "validate", "--problems", "p.csv")
    assert code == 0
    assert (project / "p.csv").read_text() == "file,line,column,what\n"
    assert "1 YAML file of other tools left alone" in text
    assert "1 column without a name left out" in text


def test_a_digest_is_printed_with_rows_and_columns(project: Path) -> None:
    (project / "r.csv").write_text("to_number,n\n+14155550101,x\n")
    code, text = run(project, "digest", "r.csv")
    assert code == 0
    assert hashlib.sha256(b"to_number,n\n+14155550101,x\n").hexdigest() in text
    assert "1 row: to_number, n" in text
