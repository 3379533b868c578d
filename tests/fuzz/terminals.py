"""Text of manifests and providers on its way to a terminal or a log. An input is a JSON object: the encoding of the
stream, whether a runner reads it, and the text."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import orjson
import yaml
from hypothesis import strategies as st

from declarative.cli.main import run_command
from declarative.cli.terminal import prepare_streams
from tests.fuzz.mutation import WORDS
from tests.fuzz.search import Check, Surface
from tests.project_fixture import ADA, BATCH, PROJECT, ProjectFixture

_ENCODINGS = ("utf-8", "ascii", "latin-1", "cp437", "cp1252", "utf-16", "koi8-r", "shift_jis", "big5", "iso2022_jp")
_COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)
_WORDS = st.sampled_from([word.decode(errors="replace") for word in WORDS]) | st.text(max_size=20)
_INPUTS = st.fixed_dictionaries(
    {
        "encoding": st.sampled_from(_ENCODINGS),
        "runner": st.booleans(),
        "texts": st.lists(_WORDS, min_size=1, max_size=3).map("".join),
    }
).map(lambda values: orjson.dumps({**values, "texts": values["texts"].encode(errors="replace").decode()}))


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    project = ProjectFixture(folder / "project")
    project.root.mkdir()
    project.write(project_yaml=PROJECT)

    def check(content: bytes) -> None:
        values = orjson.loads(content)
        text = values["texts"]
        manifest = yaml.safe_load(BATCH)
        manifest["metadata"]["labels"] = {"team": text}
        manifest["spec"] |= {"display_name": text, "agent_id": text, "recipients_from": [{"file": "people.csv"}]}
        project.write(batch_yaml=yaml.safe_dump(manifest, allow_unicode=True))
        (project.root / "people.csv").write_bytes(f'to_number,{"name"}\n{ADA},"{_cell(text)}"\n'.encode())
        runner = {"GITHUB_ACTIONS": "true"} if values["runner"] else {}
        with patch.dict(os.environ, runner):
            for arguments in (["validate"], ["plan"], ["plan", "--format", "markdown"], ["status"]):
                shown = _run_encoded(["-C", str(project.root), "--sandbox", *arguments], values["encoding"])
                assert ADA not in shown, "a number is shown"
                assert "\x1b" not in shown, "a control sequence is shown"
                assert not (runner and _COMMAND.search(shown)), "a command for the runner"

    yield check


def _cell(text: str) -> str:
    return re.sub(r'["\r\n\0]', " ", text)


def _run_encoded(arguments: list[str], encoding: str) -> str:
    """Run a command whose streams have this encoding, and return what they show."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    where = Path.cwd()
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            prepare_streams()
            exit_code = run_command(arguments)
            sys.stdout.flush()
    finally:
        os.chdir(where)
    shown = raw.getvalue().decode(encoding)
    assert exit_code in (0, 1, 2, 3), shown
    assert "has a bug" not in shown, shown
    return shown


TERMINALS = Surface("terminals", _INPUTS, _open, examples=8)
