"""The manifests of a history: a few resources that are edited between runs, and to which campaign each address belongs.
Knows no command and no provider."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import yaml

POOL = tuple(f"+14155550{ending}" for ending in ("101", "102", "104", "191", "192", "193", "195", "197", "198", "194"))
"""Four who are reached (one of them only the second time), three who never answer a call, one whose call breaks with an
error, one whose call ends in a word that nobody knows; the last one is turned away before any phone is called."""
SILENT = POOL[3]
NEVER_CALLS = frozenset({POOL[-1]})

_PROJECT = {
    "apiVersion": "dialctl/v1",
    "kind": "Project",
    "metadata": {"name": "histories"},
    "spec": {
        "defaults": {"provider": "cartesia"},
        "providers": {
            "cartesia": {"type": "cartesia", "defaults": {"agent_id": "agent_A", "from_number_id": "ap_A"}},
            "old": {"type": "cartesia", "api_version": "2025-04-16", "defaults": {"agent_id": "agent_L"}},
            "eleven": {
                "type": "elevenlabs",
                "defaults": {"agent_id": "agent_A", "agent_phone_number_id": "phnum_A"},
            },
            "vapi": {
                "type": "vapi",
                "defaults": {"phoneNumberId": "number-A", "maxConcurrency": 2, "expires_at": "2099-01-01T00:00:00Z"},
            },
            "phone": {
                "type": "retell",
                "defaults": {"override_agent_id": "agent_A", "from_number": "+12025550100"},
            },
            "events": {
                "type": "telnyx",
                "defaults": {"assistant_id": "agent_A", "telnyx_agent_target": "+12025550100"},
            },
            "queue": {"type": "twilio", "defaults": {"From": "+12025550100"}},
            "box": {"type": "callingbox", "defaults": {"agent_id": "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f"}},
        },
    },
}
_DIAL = ["dial_no_answer", "dial_busy", "dial_failed"]
_RETRY_ON = {"cartesia": _DIAL, "old": ["pre_dial"], "box": ["no_answer", "busy", "failed"]}
_RETRY_ON["eleven"] = _RETRY_ON["box"]
_RETRY_ON["vapi"] = ["customer-did-not-answer", "customer-busy", "twilio-failed-to-connect-call"]
_RETRY_ON["phone"] = _DIAL
_RETRY_ON["events"] = _RETRY_ON["queue"] = ["no-answer", "busy", "failed"]
_PERSONAL = {
    "eleven": "dynamic_variables",
    "events": "dynamic_variables",
    "vapi": "variableValues",
    "phone": "retell_llm_dynamic_variables",
    "queue": "Parameters",
}
_AGENT = {"vapi": "assistantId", "events": "assistant_id", "phone": "override_agent_id"}


@dataclass(frozen=True)
class Wanted:
    """One resource as its manifest has it. `campaign` is what it is to a person, whatever its address; `people` maps a
    number to a version of its data. `via_batch` is of a Call alone, `scheduled_at` of what becomes a batch."""

    address: str
    campaign: int
    people: dict[str, int]
    provider: str = "cartesia"
    agent: str = "agent_A"
    paused: bool = False
    retries: int = 0
    previously: tuple[str, ...] = ()
    via_batch: bool = False
    scheduled_at: str | None = None
    hours: tuple[str, str] | None = None
    expires_at: str | None = None
    also: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()

    @property
    def one_call(self) -> bool:
        return self.address.startswith("call/")

    def document(self) -> dict[str, object]:
        kind, _, name = self.address.partition("/")
        spec: dict[str, object] = {"provider": self.provider}
        if self.provider == "queue":  # its address alone tells whose call it is
            spec["Url"] = f"https://{self.agent.replace('_', '-')}.example.com/twiml?campaign={self.campaign}"
        elif self.provider != "box":
            spec[_AGENT.get(self.provider, "agent_id")] = self.agent
        if self.scheduled_at:
            spec["scheduled_at"] = self.scheduled_at
        if self.expires_at:
            spec["expires_at"] = self.expires_at
        if self.hours:
            spec["policy"] = {"calling_hours": dict(zip(("from", "to"), self.hours, strict=True)) | {"zone": "UTC"}}
        if self.one_call:
            spec |= self._people()[0] | ({"via": "batch"} if self.via_batch else {})
        else:
            spec["recipients"] = self._people()
            if self.also:
                spec["also"] = list(self.also)
            spec["state"] = "cancelled" if self.paused else "present"
            if self.steps:
                spec["rollout"] = {"steps": list(self.steps)}
            if self.retries:
                spec["retry"] = {"max_retries": self.retries, "on": _RETRY_ON[self.provider]}
        metadata: dict[str, object] = {"name": name}
        if self.previously:
            metadata["previously"] = list(self.previously)
        return {"apiVersion": "dialctl/v1", "kind": kind.capitalize(), "metadata": metadata, "spec": spec}

    def _people(self) -> list[dict[str, object]]:
        return [
            {
                "to_number": number,
                **({_PERSONAL.get(self.provider, "metadata"): {"version": version}} if version else {}),
            }
            for number, version in self.people.items()
        ]


@dataclass
class Manifests:
    """What git holds now, and which campaign every address that ever was belongs to."""

    wanted: dict[str, Wanted] = field(default_factory=dict)
    campaigns: dict[str, int] = field(default_factory=dict)
    shelf: dict[str, Wanted] = field(default_factory=dict)
    named: int = 0

    def add(self, kind: str, people: tuple[str, ...], provider: str = "cartesia", *, via_batch: bool = False) -> Wanted:
        self.named += 1
        made = Wanted(f"{kind}/r{self.named}", self.named, dict.fromkeys(people, 0), provider, via_batch=via_batch)
        return self.put(made)

    def put(self, wanted: Wanted) -> Wanted:
        self.wanted[wanted.address] = wanted
        self.campaigns[wanted.address] = wanted.campaign
        return wanted

    def edit(self, address: str, **changes: object) -> None:
        self.put(replace(self.wanted[address], **changes))  # type: ignore[arg-type]

    def remove(self, address: str) -> None:
        self.shelf[address] = self.wanted.pop(address)

    def bring_back(self, address: str) -> None:
        self.put(self.shelf.pop(address))

    def rename(self, address: str, *, said: bool) -> None:
        """With `said`, the new manifest names the old address; without, it is another campaign with the same people."""
        old = self.wanted.pop(address)
        self.named += 1
        fresh = f"{address.partition('/')[0]}/r{self.named}"
        if said:
            self.put(replace(old, address=fresh, previously=(address, *old.previously)))
        else:
            self.put(replace(old, address=fresh, campaign=self.named, previously=(), also=()))

    def desired(self) -> set[tuple[int, str]]:
        return {(one.campaign, number) for one in self.wanted.values() if not one.paused for number in one.people}

    def text(self) -> str:
        return yaml.safe_dump_all([_PROJECT, *(one.document() for one in self.wanted.values())], sort_keys=False)
