"""A run of the engine against an embedded sandbox whose clock moves only when something waits: real providers, a real
ledger under a real lease. And the values that such a run starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from declarative.app.emergency_halts import read_halts
from declarative.engine.execute import Executor
from declarative.engine.results import Receipt
from declarative.engine.run_context import DialBudget, RunContext
from declarative.engine.settle import Settler
from declarative.engine.signals import StopSignal
from declarative.engine.sweep import Sweeper
from declarative.model import frames
from declarative.model.digest import PersonKey, json_digest
from declarative.model.lock import Intent, Lock, RequestKind
from declarative.model.mark import Mark, address_hash, project_hash
from declarative.model.people import People
from declarative.model.recipients import Recipients
from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote
from declarative.model.resource import Kind, Project, ProviderSpec, Resource, Route
from declarative.providers import catalog
from declarative.providers.base import Channel, ConnectOptions, Provider
from declarative.sandbox import SANDBOX_KEY
from declarative.state.base import Backend, Holder
from declarative.state.ledger import Ledger
from declarative.state.local import LocalBackend
from tests.engine.edited_answers import EditedAnswers
from tests.outside import Outside, still_sandbox

ADA, BOB, CLEO = "+12125550101", "+12125550102", "+12125550103"
SILENT = "+12125550191"
"""The sandbox's people at 91 to 93 do not answer."""
MARCH, CALL = "batch/march", "call/ada"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
KEY = PersonKey("a secret")
LINEAGE = "k3v9xq"
PROJECT = "spring"
CARTESIA = ProviderSpec("cartesia", "cartesia", None)
SETTINGS = {"agent_id": "agent_A", "from_number_id": "ap_A"}


class SandboxRun(Outside):
    """One run that holds the lease, with Cartesia in the sandbox as its only provider, or another one beside it under
    the name of its type."""

    def __init__(self, directory: Path, *, max_dials: int | None = None, beside: str = "") -> None:
        self._exit_stack = ExitStack()
        self._sandbox = self._exit_stack.enter_context(closing(still_sandbox(directory)))
        self._client = self._exit_stack.enter_context(
            httpx.Client(base_url="http://sandbox", transport=self._sandbox.transport())
        )
        self.answers = EditedAnswers(self._sandbox.transport())
        self.provider = self._exit_stack.enter_context(closing(self._connect(CARTESIA)))
        specs = {"cartesia": CARTESIA, **({beside: ProviderSpec(beside, beside)} if beside else {})}
        others = {name: self._connect(spec) for name, spec in specs.items() if name != "cartesia"}
        for other in others.values():
            self._exit_stack.enter_context(closing(other))
        providers = {"cartesia": self.provider, **others}
        self.directory = directory
        self.pauses: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        self.progress_lines: list[str] = []
        self.stop = StopSignal()
        self.halt_backend: Backend = LocalBackend(directory)
        backend = LocalBackend(directory)
        holder = Holder(id="1", who="ada", host="mill", pid=1, since=NOON)
        lease = self._exit_stack.enter_context(backend.lease(holder, 0, self._sandbox.advance))
        ledger = Ledger.open(backend, lease)
        ledger.start(Lock(project=PROJECT, lineage=LINEAGE, born=self.provider.now()))
        self.context = RunContext(
            ledger=ledger,
            lease=lease,
            project=Project(name=PROJECT, settle=timedelta(minutes=3), providers=specs),
            providers=providers,
            capabilities=lambda name, route: providers[name].channels[route].capabilities,
            key=KEY,
            stop=self.stop,
            budget=DialBudget(max_dials),
            parallelism=1,  # so that it is known which request a fault meets
            sleep=self._wait,
            read_halts=lambda: read_halts(self.halt_backend, {}),
            progress=self.progress_lines.append,
        )
        self.executor = Executor(self.context, on_wait=lambda: None)
        self.sweeper = Sweeper(self.context, self.executor)
        self.settler = Settler(self.context, self.sweeper)

    def close(self) -> None:
        self._exit_stack.close()

    def reached(self) -> AbstractContextManager[httpx.Client]:
        return nullcontext(self._client)

    @property
    def ledger(self) -> Ledger:
        return self.context.ledger

    @property
    def channel(self) -> Channel:
        return self.provider.channels[Route.BATCH]

    def operations(self) -> list[str]:
        """Names of the requests so far, those of this run and those made by hand."""
        return [request["operation"] for request in self.requests()]

    def submit(self, resource: Resource) -> Receipt:
        """Submits every recipient of a resource as a first attempt."""
        return self.executor.dial_one(self.executor.submission(resource, resource.recipients.frame, 1, lambda: True))

    def retry(self, resource: Resource, remote: Remote) -> Receipt:
        """Asks for the retry of a batch, which calls every recipient of a resource."""
        request = self.executor.retry_request(resource, remote, resource.recipients.frame, lambda: True)
        return self.executor.dial_one(request)

    def read(self, remote_id: str) -> Remote:
        remote = self.channel.read(remote_id)
        assert remote is not None
        return remote

    def create_elsewhere(self, name: str, *numbers: str) -> str:
        """A batch that another run creates under this name; returns its id."""
        body = {
            "name": name,
            "agent_id": "agent_A",
            "from_number_id": "ap_A",
            "scheduled_at": (self.provider.now() + timedelta(minutes=5)).replace(microsecond=0).isoformat(),
            "recipients": [{"to_number": number} for number in numbers],
        }
        return str(self.cartesia("POST", "/agents/calls/batches", body)["id"])

    def cancel_elsewhere(self, remote_id: str) -> None:
        """Another run cancels a batch."""
        self.cartesia("POST", f"/agents/calls/batches/{remote_id}/cancel")

    def _connect(self, spec: ProviderSpec) -> Provider:
        provider_type = catalog.types()[spec.type]
        keys = dict.fromkeys(provider_type.key_variables, SANDBOX_KEY)
        options = ConnectOptions(
            environment={**keys, provider_type.url_variable: f"http://127.0.0.1/{spec.type}"},
            transport=self.answers,
            sleep=self._sandbox.advance,
            monotonic=lambda: self._sandbox.now().timestamp(),
        )
        return catalog.connect(spec, options)

    def _wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.on_wait()
        self._sandbox.advance(seconds)


@contextmanager
def open_run(directory: Path, **options: Any) -> Iterator[SandboxRun]:
    run = SandboxRun(directory, **options)
    try:
        yield run
    finally:
        run.close()


def fault(operation: str, effect: object, **match: int) -> dict[str, Any]:
    """A fault rule of the sandbox."""
    return {"match": {"operation": operation, **match}, "do": effect}


def recipients(*numbers: str, payload: str = "{}") -> Recipients:
    columns = {"number": numbers, "payload": [payload] * len(numbers)}
    frame = pl.DataFrame(columns, schema_overrides={"number": pl.String})
    return Recipients(
        len(frame),
        lambda: People.of(frame),
        lambda: frames.numbers_digest(frame, KEY),
        lambda: frames.payloads_digest(frame, KEY),
    )


def batch_resource(*numbers: str, **changes: Any) -> Resource:
    settings: Mapping[str, Any] = changes.get("settings", SETTINGS)
    fields = {
        "address": MARCH, "kind": Kind.BATCH, "route": Route.BATCH, "provider": "cartesia", "display_name": "March",
        "settings": settings, "settings_digest": json_digest(settings), "recipients": recipients(*numbers),
    }  # fmt: skip
    route: Route = changes.get("route", Route.BATCH)
    capabilities = catalog.types()["cartesia"].routes["2026-03-01"][route]
    return Resource(**{**fields, "fields": capabilities.settings, **changes})


def call_resource(number: str = ADA, **changes: Any) -> Resource:
    return batch_resource(number, **{"address": CALL, "kind": Kind.CALL, "route": Route.CALL, **changes})


def a_mark(address: str = MARCH, **changes: Any) -> Mark:
    fields = {
        "project": project_hash(PROJECT), "lineage": LINEAGE, "address": address_hash(address),
        "generation": 1, "shard": 1, "attempt": 1, "settings": "ddddd",
    }  # fmt: skip
    return Mark(**{**fields, **changes})


def an_intent(**changes: Any) -> Intent:
    fields = {
        "request": RequestKind.SUBMIT, "route": Route.BATCH, "mark": str(a_mark()), "generation": 1, "shard": 1,
        "attempt": 1, "sent_at": NOON, "count": 1, "numbers": "n", "payloads": "p", "settings": "s",
        "fence": NOON + timedelta(minutes=2),
    }  # fmt: skip
    return Intent(**{**fields, **changes})


def a_remote(remote_id: str, phases: Mapping[str, Phase] | None = None, **changes: Any) -> Remote:
    """A batch with these members, number to phase; without members where `phases` is None."""
    live = sum(phase in (Phase.QUEUED, Phase.IN_FLIGHT) for phase in (phases or {}).values())
    total = len(phases or {})
    fields = {
        "id": remote_id, "route": Route.BATCH, "name": "March", "mark": None, "status": "processing",
        "cancelled": False, "total": total, "dispatched": total - live, "finished": total - live, "retry_count": 0,
        "created_at": NOON, "members": None if phases is None else member_frame(phases),
    }  # fmt: skip
    return Remote(**{**fields, **changes})


def member_frame(phases: Mapping[str, Phase]) -> pl.DataFrame:
    blank = dict.fromkeys(MEMBER_COLUMNS)
    rows: Sequence[Mapping[str, str | None]] = [
        {**blank, "number": number, "phase": str(phase), "payload": "{}"} for number, phase in phases.items()
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))
