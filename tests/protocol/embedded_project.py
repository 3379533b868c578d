"""A project in a directory with the embedded sandbox under it, run through the real command line in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from declarative.model import mark
from declarative.model.digest import PersonKey
from tests.command import CommandResult, run_in_process
from tests.outside import Outside, still_sandbox


class EmbeddedProject(Outside):
    """Time stands still here unless something waits or `advance` is called."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.sandbox = still_sandbox(directory)
        self._client = httpx.Client(base_url="http://sandbox", transport=self.sandbox.transport())

    def close(self) -> None:
        self._client.close()
        self.sandbox.close()

    def write(self, text: str) -> None:
        (self.directory / "dial.yaml").write_text(text, encoding="utf-8")

    def reached(self) -> AbstractContextManager[httpx.Client]:
        return nullcontext(self._client)

    def run(self, *arguments: str) -> CommandResult:
        return run_in_process("--sandbox", "--no-color", "-C", str(self.directory), *arguments)

    def apply(self, *arguments: str) -> CommandResult:
        return self.run("apply", "-y", *arguments)

    @contextmanager
    def tried(self) -> Iterator[EmbeddedProject]:
        """The same manifests with a sandbox of their own, to see what would happen."""
        with TemporaryDirectory() as directory:
            other = EmbeddedProject(Path(directory))
            other.write((self.directory / "dial.yaml").read_text(encoding="utf-8"))
            yield other
            other.close()

    def lock(self) -> dict[str, Any]:
        """The lock as the command shows it; {} before the first apply."""
        shown = self.run("state", "show")
        return shown.json if shown.exit == 0 else {}

    def record(self, address: str) -> dict[str, Any]:
        return dict(self.lock().get("resources", {}).get(address, {}))

    def lock_files(self) -> list[tuple[str, bytes]]:
        home = self.directory / ".dialctl" / "sandbox"
        return [(path.name, path.read_bytes()) for path in sorted(home.glob("dialctl.lock*"))]


def come_to_rest(ground: EmbeddedProject) -> None:
    """Runs apply until nothing is left to do."""
    for _ in range(4):
        ran = ground.apply()
        assert ran.exit == 0, ran.text
        ground.advance(7_200)
    plan = ground.run("plan", "--detailed-exitcode")
    assert plan.exit == 0, plan.text


def resolve_like_a_person(ground: EmbeddedProject) -> list[CommandResult]:
    """Settles every open intent, and everyone who is not found, by the truth, as a person does who looks it up at the
    provider."""
    said = []
    for address, record in ground.lock().get("resources", {}).items():
        for intent in record.get("intents", {}).values():
            verdict = "--placed" if happened(ground, intent) else "--not-placed"
            person = f"#{intent['person']}" if "person" in intent else ""
            said.append(ground.run("resolve", f"{address}{person}", verdict))
        held = _held_persons(ground, address) if record.get("unseen") else set()
        for person in record.get("unseen", []):
            verdict = "--placed" if person in held else "--not-placed"
            said.append(ground.run("resolve", f"{address}#{person}", verdict))
    return said


def apply_under(ground: EmbeddedProject, rule: Mapping[str, Any]) -> None:
    """Runs apply while a request goes wrong; from then on none does."""
    ground.faults(rule)
    ran = ground.apply()
    assert ran.exit in (0, 1, 3), ran.text
    ground.faults()


def finish(ground: EmbeddedProject) -> None:
    """Runs apply until nothing is left to do; a person settles what stays unsure."""
    for _ in range(3):
        ground.advance(7_200)
        ground.apply()
        resolve_like_a_person(ground)
    plan = ground.run("plan", "--detailed-exitcode")
    assert plan.exit == 0, plan.text


def _held_persons(ground: EmbeddedProject, address: str) -> set[str]:
    """The digests of everyone whom a batch of this address called or will call, by the provider's side alone."""
    marked = [(mark.parse(batch["name"]), batch) for batch in ground.batches()]
    own = [batch for found, batch in marked if found and found.address == mark.address_hash(address)]
    lineage = ground.lock()["lineage"]
    return {
        PersonKey(None).digest_person(lineage, member["to_number"])
        for batch in own
        for member in batch["recipients"]
        if member["status"] != "cancelled"
    }


def happened(ground: EmbeddedProject, intent: Mapping[str, Any]) -> bool:
    """Whether the request of an intent took effect, by the provider's side alone."""
    if intent["request"] == "retry":
        [batch] = [one for one in ground.batches() if one["id"] == intent["remote"]]
        return bool(batch["retry_count"] > intent["retry_count"])
    if intent["route"] == "batch":
        names = [one["name"] for one in ground.batches()] + ground.campaign_names()
        return any(name.endswith(intent["mark"]) for name in names)
    if any((one["metadata"] or {}).get("dialctl") == intent["mark"] for one in ground.dials()):
        return True
    return intent.get("person") in _persons_of_unknown_calls(ground)


def _persons_of_unknown_calls(ground: EmbeddedProject) -> set[str]:
    """The digests of everyone to whom a call went at a provider without marks that the lock does not know."""
    lock = ground.lock()
    known = {remote for record in lock["resources"].values() for remote in record.get("remotes", {})}
    unmarked = [dial for dial in ground.dials() if dial["provider"] == "twilio"]
    unknown = [dial["number"] for dial in unmarked if dial["call_id"] not in known]
    return {PersonKey(None).digest_person(lock["lineage"], number) for number in unknown}
