"""Commands whose calls to the operating system fail, one after another, over a project in the embedded sandbox.

python -m tests.state.io_errors ERRNO STRIDE FOLDER PROJECT_FOLDER COMMAND...

For every STRIDE-th call that touches a file of the project there is a child of its own with a copy of the project, in
which that call fails. Prints a JSON line for each: the place, exit code and text of the command, and the exit code and
the calls of an apply that follows without any failure.
"""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.command import run_in_process

_BY_PATH = (
    "open", "stat", "lstat", "mkdir", "unlink", "replace", "rename", "chmod", "scandir", "listdir", "link",
)  # fmt: skip
_BY_DESCRIPTOR = ("fsync", "pwrite", "pread", "ftruncate", "fchmod", "fstat", "write")


class FailingSystem:
    """The calls to the operating system, of which one fails: the one that `point` others went before."""

    def __init__(self, root: Path, number: int, point: int) -> None:
        self.failed = ""
        self._root = os.fspath(root)
        self._number = number
        self._left = point
        self._descriptors: set[int] = set()

    def install(self) -> None:
        for name in _BY_PATH:
            setattr(os, name, self._fail_by_path(getattr(os, name)))
        for name in _BY_DESCRIPTOR:
            setattr(os, name, self._fail_by_descriptor(getattr(os, name)))
        fcntl.flock = self._fail_by_descriptor(fcntl.flock)
        io.open = builtins.open = self._fail_by_path(builtins.open)  # type: ignore[assignment]

    def _count(self, called: Callable[..., Any], path: str | None) -> None:
        if self._left == 0:
            self._left = -1
            self.failed = f"{called.__name__} {path or ''}"
            raise OSError(self._number, os.strerror(self._number), path)
        self._left -= 1

    def _fail_by_path(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            path = arguments[0] if arguments else named.get("path", ".")
            inside = not isinstance(path, int) and os.path.abspath(os.fspath(path)).startswith(self._root)
            if inside:
                self._count(call, os.fspath(path))
            result = call(*arguments, **named)
            if inside and isinstance(result, int):
                self._descriptors.add(result)
            return result

        return wrapper

    def _fail_by_descriptor(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(descriptor: Any, *arguments: Any) -> Any:
            if descriptor in self._descriptors:
                self._count(call, None)
            return call(descriptor, *arguments)

        return wrapper


def run_all(number: int, stride: int, folder: Path, project: Path, command: list[str]) -> None:
    for point in range(0, 100_000, stride):
        place = folder / f"{point:05}"
        shutil.copytree(project, place)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                _run_one(number, point, place, command)
            os._exit(0)
        os.waitpid(child, 0)
        report = json.loads((folder / f"{point:05}.json").read_text())
        if not report["failed"]:
            return
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                _run_again(place, folder / f"{point:05}.again")
            os._exit(0)
        os.waitpid(child, 0)
        print(json.dumps(report | json.loads((folder / f"{point:05}.again").read_text())), flush=True)
        shutil.rmtree(place, ignore_errors=True)


def _run_one(number: int, point: int, place: Path, command: list[str]) -> None:
    report_file = os.open(f"{place}.json", os.O_WRONLY | os.O_CREAT)
    write = os.write
    os.chdir(place)
    system = FailingSystem(place, number, point)
    system.install()
    result = run_in_process(*command)
    report = {"point": point, "failed": system.failed, "exit": result.exit, "text": result.text}
    write(report_file, json.dumps(report).encode())


def _run_again(place: Path, report_file: Path) -> None:
    os.chdir(place)
    again = run_in_process("--sandbox", "apply", "-y", "--wait")
    dials = run_in_process("sandbox", "dials", "--json")
    report = {"again": again.exit, "again_text": again.text, "called": [dial["number"] for dial in dials.json["dials"]]}
    report_file.write_text(json.dumps(report))


if __name__ == "__main__":
    run_all(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5:])
