"""A campaign of any size at a served sandbox, driven by the installed command. It measures nothing itself.

The numbers belong to no one: they begin with what Germany keeps for films (+49 30 23125 and +49 40 66969).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import Cost, python, spend

PROGRAM = (sys.executable, "-m", "declarative.cli.main")
SHARD = 5_000
A_YEAR = 365 * 86_400
READ_AND_HASH = """\
import hashlib, polars, sys
polars.read_csv(sys.argv[1])
hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()
"""
SEND_BY_HAND = """\
import csv, httpx, orjson, sys
file, url, agent, number = sys.argv[1:]
rows = [
    {"to_number": row.pop("phone"), "metadata": row}
    for row in csv.DictReader(open(file, encoding="utf-8"))
]
headers = {"Authorization": "Bearer sk_by_hand", "Cartesia-Version": "2026-03-01", "Content-Type": "application/json"}
with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
    for start in range(0, len(rows), 5000):
        body = {"name": f"by hand {start}", "agent_id": agent, "from_number_id": number}
        body["recipients"] = rows[start : start + 5000]
        client.post("/agents/calls/batches", content=orjson.dumps(body)).raise_for_status()
"""
"""What an engineer would write first: no state, no checks, one request a batch."""
AGENT, NUMBER = "agent_Fo7pKNBUwLZxrTd6jvhpaE", "ap_sip_Q8PRh7lXyZsawXJmN2"
"""The number is a SIP trunk: Cartesia's own numbers reach US destinations only, and the sandbox turns away others."""

_PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: benchmark}
spec: {defaults: {provider: cartesia}}
"""
_BATCH = """\
---
apiVersion: dialctl/v1
kind: Batch
metadata: {name: NAME}
spec:
  agent_id: AGENT
  from_number_id: NUMBER
"""
_FROM_FILE = """\
  recipients_from:
    - file: FILE
      to_number: phone
"""


def number(index: int) -> str:
    return f"+49{national_number(index)[1:]}"


def national_number(index: int) -> str:
    """The number as it is dialed at home, for up to two million."""
    return ("03023125", "04066969")[index // 1_000_000] + f"{index % 1_000_000:06}"


def row(index: int) -> str:
    """Write one row. Rows are in no order of numbers, as in real lists: the stride runs through a prime's worth."""
    phone, plan = number(index * 618_033 % 1_000_003), ("basic", "gold")[index % 2]
    return f"{phone},cust_{index:07},{plan},2026-12-{1 + index % 28:02},EN"


def write_rows(file: Path, indices: Iterator[int] | range) -> None:
    with file.open("w", encoding="utf-8") as text:
        text.write("phone,customer_id,plan,renews_on,language\n")
        text.writelines(f"{row(index)}\n" for index in indices)


def batch(name: str, people: str = "") -> str:
    head = _BATCH.replace("NAME", name, 1).replace("AGENT", AGENT).replace("NUMBER", NUMBER)
    return head + (people or _FROM_FILE.replace("FILE", f"{name}.csv"))


def _call(place: int) -> str:
    head = _BATCH.replace("Batch", "Call").replace("NAME", f"call-{place}", 1)
    spec = head.replace("AGENT", AGENT).replace("NUMBER", NUMBER)
    return f'{spec}  to_number: "{number(place)}"\n  metadata: {{customer_id: cust_{place}}}\n'


@dataclass
class Campaign:
    """A project whose people are called by a served sandbox."""

    directory: Path
    """Holds its manifests and files."""
    url: str
    """Root of the served sandbox."""
    flags: tuple[str, ...] = ()
    """Put before every command."""
    environment: dict[str, str] = field(default_factory=dict)
    """All variables of a command."""

    @classmethod
    def create(cls, directory: Path, url: str, people: int, batches: int = 1) -> Campaign:
        """Create a project of `people` in all, divided among `batches` Batches with a CSV file each."""
        directory.mkdir(parents=True)
        names = [f"renewals-{place}" for place in range(batches)]
        (directory / "project.yaml").write_text(_PROJECT + "".join(map(batch, names)), encoding="utf-8")
        for place, name in enumerate(names):
            write_rows(directory / f"{name}.csv", range(place, people, batches))
        key = f"sk_{directory.name}"
        return cls(directory, url, environment=environment(CARTESIA_BASE_URL=url, CARTESIA_API_KEY=key))

    @classmethod
    def create_calls(cls, directory: Path, url: str, count: int) -> Campaign:
        """Create a project of so many Calls in one file."""
        directory.mkdir(parents=True)
        calls = "".join(_call(place) for place in range(count))
        (directory / "project.yaml").write_text(_PROJECT + calls, encoding="utf-8")
        variables = environment(CARTESIA_BASE_URL=url, CARTESIA_API_KEY=f"sk_{directory.name}")
        campaign = cls(directory, url, environment=variables)
        campaign.run("state", "new")  # single calls are never placed without a lock
        return campaign

    @property
    def file(self) -> Path:
        """The recipients of the first Batch."""
        return self.directory / "renewals-0.csv"

    def run(self, *arguments: str) -> Cost:
        """Run one `dialctl` command in a process of its own."""
        return spend([*PROGRAM, *self.flags, *arguments], cwd=self.directory, env=self.environment)

    def submit_by_hand(self) -> Cost:
        """Submit the same people by a plain loop, under a key of its own."""
        command = python(SEND_BY_HAND, self.file, self.url, AGENT, NUMBER)
        return spend(command, cwd=self.directory, env=environment())

    def plan(self) -> dict[str, Any]:
        command = [*PROGRAM, *self.flags, "plan", "--json"]
        ran = subprocess.run(command, cwd=self.directory, env=self.environment, capture_output=True, check=True)
        plan: dict[str, Any] = json.loads(ran.stdout)
        return plan

    def settle(self) -> Cost:
        """Call all people, end all calls and record it. Returns the cost of the apply that called them."""
        applied = self.run("apply", "--auto-approve")
        control(self.url, "POST", "advance", {"seconds": A_YEAR})
        self.run("apply", "--auto-approve")
        return applied

    def forget_reads(self) -> None:
        """Delete the caches, so that the next command reads like a fresh checkout."""
        for file in (self.directory / ".dialctl" / "cache").rglob("*.*"):
            file.unlink()

    def requests(self) -> list[str]:
        """List every request so far, as `METHOD path`."""
        requests = control(self.url, "GET", "requests")["requests"]
        return [f"{request['method']} {request['path']}" for request in requests]


def environment(**more: str) -> dict[str, str]:
    """Return the variables of this process, without those that dialctl reads."""
    named = ("DIALCTL_", "CARTESIA_", "CALLINGBOX_")
    return {name: value for name, value in os.environ.items() if not name.startswith(named)} | more


@contextmanager
def sandbox(directory: Path) -> Iterator[str]:
    """Serve a sandbox and give its URL. Its clock stands still unless it is moved. Calls end as in life: one in a
    hundred breaks with an error, one is turned away before any phone is called, some end in unknown words."""
    serve = ("sandbox", "serve", "--port", "0", "--speed", "0", "--lifelike")
    command = [*PROGRAM, *serve, "--directory", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip().rpartition(" ")[2]
        finally:
            server.terminate()


def control(url: str, method: str, route: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/_sandbox/{route}", data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
