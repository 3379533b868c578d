"""Which files a project names, found without opening them."""

from __future__ import annotations

from pathlib import Path

from declarative.manifest import Variables, list_named_files

MANIFEST = """\
apiVersion: dialctl/v1
kind: Batch
metadata: {name: march}
spec:
  policy: {suppress_from: [{file: lists/do-not-call.csv}]}
  recipients_from: [{file: "${var.MONTH}.csv"}, {file: 7}]
"""


def test_recipients_and_do_not_call_files_are_named_with_their_variables(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "march.yaml").write_text(MANIFEST)
    assert list_named_files(tmp_path, Variables({"MONTH": "march"})) == {
        tmp_path / "calls" / "lists" / "do-not-call.csv",
        tmp_path / "calls" / "march.csv",
    }
