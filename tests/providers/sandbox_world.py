"""The sandbox as the world of a provider's contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from declarative.model.resource import Json
from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.testing import Fault, FaultKind, World

AGENT = "b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f"


class SandboxWorld(World):
    def __init__(self, sandbox: EmbeddedSandbox, listed_after: float = 0.0) -> None:
        self.sandbox = sandbox
        self._listed_after = listed_after

    @property
    def listed_after(self) -> float:
        return self._listed_after

    @property
    def settings(self) -> Mapping[str, Json]:
        cartesia = {"agent_id": AGENT, "from_number_id": "ap_1"}
        telnyx = {"assistant_id": AGENT, "telnyx_agent_target": "+12025550100"}
        retell = {"from_number": "+12025550100", "override_agent_id": AGENT, "override_agent_version": 3}
        vapi = {"assistantId": AGENT, "phoneNumberId": AGENT, "maxConcurrency": 10}
        twilio = {"From": "+12025550100", "Url": "https://agent.example.com/twiml", "Timeout": 25, "TimeLimit": 900}
        twilio |= {"MachineDetection": "Enable", "StatusCallback": "https://agent.example.com/status"}
        return {**cartesia, **telnyx, **retell, **vapi, **twilio, "agent_phone_number_id": "phnum_1"}

    @property
    def unreached_numbers(self) -> Sequence[str]:
        return ("+14155550191", "+14155550192", "+14155550193")

    def transport(self) -> httpx.BaseTransport:
        return self.sandbox.transport()

    def advance(self, seconds: float) -> None:
        self.sandbox.advance(seconds)

    def fault(self, fault: Fault) -> None:
        self.install_rule({"match": {}, "do": _sandbox_fault(fault)})

    def install_rule(self, rule: Mapping[str, Json]) -> None:
        """Replace all fault rules by this one, in the sandbox's own words."""
        self._control("PUT", "faults", [rule])

    def dials(self) -> int:
        return len(self._control("GET", "dials")["dials"])

    def _control(self, method: str, route: str, body: object = None) -> Any:
        with httpx.Client(transport=self.transport(), base_url="http://sandbox") as client:
            return client.request(method, f"/_sandbox/{route}", json=body).raise_for_status().json()


def _sandbox_fault(fault: Fault) -> Json:
    match fault.kind:
        case FaultKind.STATUS:
            answer: dict[str, Json] = {"code": fault.status, "effect": fault.has_effect}
            if fault.body is not None:
                answer["body"] = fault.body
            if fault.headers:
                answer["headers"] = dict(fault.headers)
            return {"status": answer}
        case FaultKind.TRUNCATED:
            return {"truncate": 9}
        case FaultKind.LATE:
            return {"late": 3600}
        case kind:
            return kind.value
