"""What `.dialctlignore` leaves out, and a hostile one in bounded time."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.manifest.ignore_file import NAME, IgnoreFile
from declarative.manifest.paths import UnusableFile

from .project_fixture import PROJECT, ProjectFolder


def test_files_and_folders_are_named_as_git_names_them(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("# charts ***** of another tool\n\n/charts/\n**/*.test.*\n!keep.test.yaml\n")
    (tmp_path / "charts").mkdir()
    ignored = IgnoreFile(tmp_path)
    names = ["charts", "charts/a.yaml", "a/b.test.yaml", "keep.test.yaml", "a.yaml"]
    assert [name for name in names if ignored.names(tmp_path / name)] == names[:3]
    assert not ignored.names(tmp_path.parent / "a.test.yaml")


def test_without_the_file_nothing_is_named(tmp_path: Path) -> None:
    assert not IgnoreFile(tmp_path).names(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n*a*a*a*a*b\n", "line 2 has more than 3 wildcards"),
        ("**/a/**/a/**/a/**/b\n", "line 1 has more than 3 wildcards"),
        ("ok\n[z-a]\n", r"line 2 is no pattern of \.gitignore"),
        ("!\n", r"line 1 is no pattern of \.gitignore"),
        ("a\\\n", r"line 1 is no pattern of \.gitignore"),
        ("a\n" * 40_000, "is larger than 65,536 bytes"),
    ],
)
def test_patterns_that_would_take_all_time_or_are_none_are_refused_by_their_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(UnusableFile, match=message):
        IgnoreFile(tmp_path)


def test_all_matches_together_take_a_few_seconds_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_text("*a*a*ab\n")
    ignored = IgnoreFile(tmp_path)
    monkeypatch.setattr("time.process_time", iter([0.0, 2.0, 2.0, 4.0, 4.0, 6.0]).__next__)
    assert not ignored.names(tmp_path / "x")
    assert not ignored.names(tmp_path / "x")
    with pytest.raises(UnusableFile, match="takes more than 5 s to match"):
        ignored.names(tmp_path / "x")


def test_what_is_wrong_with_it_is_a_problem_of_the_manifests(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, NAME: "!\n"})
    assert f"{NAME}: line 1 is no pattern of .gitignore (correct it)" in folder.problems()
