"""A project in a directory, its runs, in processes of their own where they are watched, and what the sandbox says was
called. Asks the engine nothing: the record of dials alone decides."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import orjson
from jsonschema import Draft202012Validator

from declarative.sandbox import SANDBOX_KEY
from declarative.sandbox.embedded import open_sandbox
from tests.command import ROOT, run_in_process
from tests.outside import Outside
from tests.protocol.run_process import KILL, Child, Run

FAR = 3 * 86_400
HEAD = "apiVersion: dialctl/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
_NUMBER = re.compile(r"\+1\d{3}5550")


def people(count: int, first: int = 0) -> list[str]:
    """So many 555-01xx numbers; the people behind all of them answer."""
    return [f"+1{200 + number // 90}55501{number % 90:02}" for number in range(first, first + count)]


@dataclass
class Project(Outside):
    """`url` is a served sandbox; without it the runs use the embedded one. `key` names the account there."""

    directory: Path
    url: str | None = None
    key: str = SANDBOX_KEY
    environment: dict[str, str] = field(default_factory=dict)

    def begin(self, *, guard: str = "2m", settle: str = "3m", extra: str = "") -> Project:
        self.directory.mkdir(parents=True)
        spec = f"  guard: {guard}\n  settle: {settle}\n  defaults: {{provider: cartesia}}\n{extra}"
        self.file("project.yaml", HEAD.format(kind="Project", name="spring") + spec)
        return self

    def copy(self, directory: Path) -> Project:
        """The same project, lock and world in another directory: where a history forks."""
        shutil.copytree(self.directory, directory)
        return Project(directory, self.url, self.key, dict(self.environment))

    def file(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def batch(self, name: str, numbers: Iterable[str], *, agent: str = "agent_A", more: str = "") -> None:
        spec = f"  agent_id: {agent}\n  from_number_id: ap_A\n  target_concurrency_limit: 20\n{more}"
        rows = f"  recipients_from: [{{file: {name}.csv}}]\n"
        self.file(f"{name}.csv", "\n".join(["to_number", *numbers]) + "\n")
        self.file(f"{name}.yaml", HEAD.format(kind="Batch", name=name) + spec + rows)

    def call(self, name: str, number: str, *, more: str = "") -> None:
        spec = f'  agent_id: agent_A\n  from_number_id: ap_A\n  to_number: "{number}"\n{more}'
        self.file(f"{name}.yaml", HEAD.format(kind="Call", name=name) + spec)

    def box(self, name: str, numbers: Iterable[str]) -> None:
        """A Batch at a provider that knows single calls only."""
        agent = "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f"
        rows = "".join(f'    - to_number: "{number}"\n' for number in numbers)
        spec = f"  provider: callingbox\n  agent_id: {agent}\n  recipients:\n{rows}"
        self.file(f"{name}.yaml", HEAD.format(kind="Batch", name=name) + spec)

    def remove(self, name: str) -> None:
        for file in self.directory.glob(f"{name}.*"):
            file.unlink()

    def start(self, *arguments: str, **watched: Any) -> Child:
        """`watched` as the fields of Order: at, signum, gate, largest_file, obedient."""
        embedded = () if self.url else ("--sandbox",)
        return Child((*embedded, *arguments), self.directory, environment=self.variables(), **watched)

    def run(self, *arguments: str, **watched: Any) -> Run:
        """In this process, which is quick; in one of its own where it is watched, and can be killed or held."""
        if watched:
            return self.start(*arguments, **watched).wait()
        embedded = () if self.url else ("--sandbox",)
        variables = {**os.environ, **self.variables()}
        result = run_in_process(*embedded, *arguments, directory=self.directory, variables=variables)
        return Run(result.exit, result.text, ())

    def apply(self, *more: str, **watched: Any) -> Run:
        return self.run("apply", "-y", *more, **watched)

    def plan(self) -> Run:
        """Exit 0 where no request would be sent and nothing needs a person."""
        return self.run("plan", "--detailed-exitcode")

    def killed(self, *arguments: str, at: int) -> Run:
        run = self.run(*arguments, at=at, signum=KILL)
        # Requests side by side take more or fewer steps from run to run: one may end before that step.
        assert run.code == -KILL or len(run.steps) < at, run
        return run

    def variables(self) -> dict[str, str]:
        """The environment of its runs."""
        served = {
            f"{name}_{what}": value
            for name in ("CARTESIA", "CALLINGBOX")
            for what, value in (("BASE_URL", self.url or ""), ("API_KEY", self.key))
        }
        served |= {"TWILIO_BASE_URL": self.url or "", "TWILIO_ACCOUNT_SID": self.key, "TWILIO_AUTH_TOKEN": self.key}
        return {"NO_COLOR": "1", "DIALCTL_APPLY_PARALLELISM": "8", **(served if self.url else {}), **self.environment}

    @property
    def home(self) -> Path:
        """Where the lock lies."""
        return self.directory if self.url else self.directory / ".dialctl" / "sandbox"

    @property
    def lock(self) -> Path:
        return self.home / "dialctl.lock"

    def remembered(self) -> Any:
        return orjson.loads(self.lock.read_bytes())

    @contextmanager
    def reached(self) -> Iterator[httpx.Client]:
        """Anew each time: between two looks another process may have the embedded sandbox."""
        with ExitStack() as stack:
            sandbox = None if self.url else stack.enter_context(closing(open_sandbox(self.home)))
            transport = sandbox.transport() if sandbox else None
            yield stack.enter_context(  # to read the CAs that nobody needs here would take longer than all requests
                httpx.Client(base_url=self.url or "http://sandbox", transport=transport, trust_env=False, verify=False)
            )

    def cancel_elsewhere(self) -> str:
        """A person stops the newest batch in the dashboard."""
        key: str = self.batches()[0]["id"]
        self.cartesia("POST", f"/agents/calls/batches/{key}/cancel")
        return key

    def posts(self) -> list[str]:
        """Paths of the requests that were to change something at a provider."""
        return [one["path"] for one in self.requests() if one["method"] == "POST"]

    def check_lock(self) -> None:
        """The lock obeys its published schema, is folded, and holds no number."""
        wrong = [error.message for error in lock_schema().iter_errors(self.remembered())]
        assert not wrong, wrong
        assert not _NUMBER.search(self.lock.read_text())
        assert sorted(file.name for file in self.home.glob("*dialctl.lock*")) == ["dialctl.lock"]

    def check_calls(self, expected: Mapping[str, tuple[int, int]]) -> None:
        """Each number was called at least and at most so often, and no other, once all that was asked for is done."""
        self.advance(FAR)
        called = self.calls()
        wrong = {
            number: called[number]
            for number in {*called, *expected}
            if not expected.get(number, (0, 0))[0] <= called[number] <= expected.get(number, (0, 0))[1]
        }
        assert not wrong, f"called wrongly often: {wrong}"


class InProcessProject(Project):
    """Its runs are calls in this process, over the embedded sandbox, with one request at once."""

    def variables(self) -> dict[str, str]:
        return {"NO_COLOR": "1", **self.environment}

    def run(self, *arguments: str, **watched: Any) -> Run:
        assert not watched, watched
        return super().run(*arguments)

    def lose_requests(self, fault: str, *, list_shows: bool = False) -> None:
        """From now on no batch is answered (`lost_answer`: it arrives; `lost_request`: it does not), and the list does
        not show what is new, unless `list_shows`."""
        lag = {"match": {"operation": "listCallBatches", "times": 0}, "do": {"lag": 86_400}}
        lost = {"match": {"operation": "createCallBatch", "times": 0}, "do": fault}
        self.faults(lost, *(() if list_shows else (lag,)))


def once(numbers: Iterable[str]) -> dict[str, tuple[int, int]]:
    return dict.fromkeys(numbers, (1, 1))


def never(numbers: Iterable[str]) -> dict[str, tuple[int, int]]:
    return dict.fromkeys(numbers, (0, 0))


@cache
def lock_schema() -> Draft202012Validator:
    return Draft202012Validator(orjson.loads((ROOT / "schemas" / "lock.v1.schema.json").read_bytes()))
