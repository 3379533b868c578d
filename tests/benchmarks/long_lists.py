"""Batches of others in the same account: what thousands of them, which the list shows first, cost a plan and an apply.
And whether a run that waits through many polls holds more at its end than after the first ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bench import Claims, Cost, main, python, run_in_turn, spend
from campaign import AGENT, NUMBER, Campaign, control, environment, sandbox

PAGE = 100
"""Batches on a page of the list."""
BY_HAND = "reading the pages by hand"
HEADERS = """\
headers = {"Authorization": f"Bearer {key}", "Cartesia-Version": "2026-03-01", "Content-Type": "application/json"}
"""
PLACE_FOREIGN = f"""\
import http.client, json, sys
host, key, count, start, agent, number = sys.argv[1:]
{HEADERS}
body = {{"agent_id": agent, "from_number_id": number, "scheduled_at": start}}
connection = http.client.HTTPConnection(host)
for place in range(int(count)):
    batch = {{"name": f"somebody else's {{place}}", "recipients": [{{"to_number": f"+4930231{{place:05}}"}}]}}
    connection.request("POST", "/agents/calls/batches", json.dumps(body | batch), headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status < 300, answer.status
"""
READ_PAGES = f"""\
import httpx, orjson, sys
url, key = sys.argv[1:]
{HEADERS}
entries, cursor = [], {{}}
with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
    while cursor is not None:
        answer = client.get("/agents/calls/batches", params={{"limit": "100", **cursor}}).raise_for_status()
        page = orjson.loads(answer.content)
        entries += page["data"]
        cursor = {{"starting_after": page["data"][-1]["id"]}} if page["has_more"] else None
"""
WAIT = """\
import json, resource, sys, urllib.request
import declarative as dialctl
from declarative.app.watch import follow
from declarative.engine.signals import StopSignal
url, peaks = sys.argv[1], []
unit = 1_048_576 if sys.platform == "darwin" else 1_024
def advance(seconds):
    data = json.dumps({"seconds": seconds}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/_sandbox/advance", data)).read()
def note(progress):
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
with dialctl.Session(".", sleep=advance) as session:
    follow(session, StopSignal(), note)
with open("peaks.json", "w") as file:
    json.dump(peaks, file)
"""
"""What `apply --wait` does after its requests, with a clock that every wait moves."""


@dataclass(frozen=True)
class Account:
    """Two projects under one key."""

    key: str
    """The API key."""
    over: Campaign
    """Everybody was called before the batches of others were made: those stand before its own in the list."""
    new: Campaign
    """Nothing was done yet."""

    @classmethod
    def create(cls, directory: Path, url: str, key: str) -> Account:
        projects = (_create_project(directory / key / name, url, key, 500, 10) for name in ("over", "new"))
        return cls(key, *projects)

    def first_plan(self) -> Cost:
        self.new.forget_reads()
        return self.new.run("plan")

    def unchanged_plan(self) -> Cost:
        return self.over.run("plan")

    def apply(self) -> Cost:
        return self.new.run("apply", "--auto-approve")


def _create_project(directory: Path, url: str, key: str, people: int, batches: int) -> Campaign:
    campaign = Campaign.create(directory, url, people, batches)
    file = campaign.directory / "project.yaml"
    text = file.read_text(encoding="utf-8").replace("name: benchmark", f"name: {directory.name}", 1)
    file.write_text(text, encoding="utf-8")
    return replace(campaign, environment=campaign.environment | {"CARTESIA_API_KEY": key})


def measure(claims: Claims, directory: Path) -> None:
    foreign = 20_000 if claims.full else 200
    with sandbox(directory / "served") as url:
        alone, crowded = (Account.create(directory, url, key) for key in ("sk_alone", "sk_crowded"))
        waits = _create_project(directory / crowded.key / "waits", url, crowded.key, 100, 1)
        waits.run("state", "new")  # so that the batches of others are younger than what its lock must know
        for account in (alone, crowded):
            account.over.run("apply", "--auto-approve")
        control(url, "POST", "advance", {"seconds": 86_400})
        for account in (alone, crowded):
            account.over.run("apply", "--auto-approve")
        _place_foreign(url, crowded.key, foreign, directory)
        control(url, "POST", "advance", {"seconds": 86_400})
        _compare(claims, url, alone, crowded, foreign)
        control(url, "POST", "advance", {"seconds": 86_400})  # until what was applied is over
        _schedule(url, waits, 3_000 if claims.full else 40)
        _wait(claims, url, waits)


def _place_foreign(url: str, key: str, count: int, directory: Path) -> None:
    """Make batches of one person each, which start in three weeks."""
    start, host = _time_ahead(url, timedelta(days=21)), url.removeprefix("http://")
    spend(python(PLACE_FOREIGN, host, key, count, start, AGENT, NUMBER), cwd=directory, env=environment())


def _time_ahead(url: str, ahead: timedelta) -> str:
    now = datetime.fromisoformat(control(url, "GET", "clock")["now"])
    return f"{now + ahead:%Y-%m-%dT%H:%M:%SZ}"


def _compare(claims: Claims, url: str, alone: Account, crowded: Account, foreign: int) -> None:
    requests: dict[str, int] = {}

    def count(name: str, run: Callable[[], Cost]) -> Callable[[], Cost]:
        def counted() -> Cost:
            began = _mark_time(url)
            cost = run()
            requests[name] = _count_requests(url, began)
            return cost

        return counted

    def of_both(step: str, run: Callable[[Account], Cost]) -> dict[str, Callable[[], Cost]]:
        return {name: count(name, partial(run, account)) for name, account in _names(step, alone, crowded).items()}

    def read_by_hand() -> Cost:
        return spend(python(READ_PAGES, url, crowded.key), cwd=crowded.new.directory, env=environment())

    costs = run_in_turn(
        {
            **of_both("first plan", Account.first_plan),
            **of_both("unchanged plan", Account.unchanged_plan),
            BY_HAND: read_by_hand,
        },
        5 if claims.full else 1,
    )
    costs |= run_in_turn(of_both("apply", Account.apply), 1)
    for step in ("first plan", "unchanged plan", "apply"):
        without, with_foreign = _names(step, alone, crowded)
        more_requests = requests[with_foreign] - requests[without] - foreign // PAGE
        claims.check_at_most(f"{step}, requests beyond the pages", abs(more_requests), 0, "requests")
        more_cpu = costs[with_foreign].cpu - costs[without].cpu
        claims.check_at_most(f"{step}, more CPU beside reading by hand", more_cpu / costs[BY_HAND].cpu, 2)
        more_memory = costs[with_foreign].peak - costs[without].peak
        claims.check_at_most(f"{step}, more memory", more_memory, 30 if claims.full else 20, "MB")


def _names(step: str, alone: Account, crowded: Account) -> dict[str, Account]:
    return {f"{step}, alone": alone, f"{step}, among others": crowded}


def _schedule(url: str, campaign: Campaign, polls: int) -> None:
    """Let the calls begin only after so many polls, which come every ten seconds."""
    file = campaign.directory / "project.yaml"
    setting = f'  scheduled_at: "{_time_ahead(url, timedelta(seconds=10 * polls))}"\n  agent_id:'
    file.write_text(file.read_text(encoding="utf-8").replace("  agent_id:", setting, 1), encoding="utf-8")


def _wait(claims: Claims, url: str, campaign: Campaign) -> None:
    campaign.run("apply", "--auto-approve")
    began = _mark_time(url)
    cost = spend(python(WAIT, url), cwd=campaign.directory, env=campaign.environment)
    peaks: list[float] = json.loads((campaign.directory / "peaks.json").read_text(encoding="utf-8"))
    requests, first = _count_requests(url, began), len(peaks) // 10
    print(f"  {f'a wait of {len(peaks)} polls':<44} {cost}", flush=True)
    claims.check_at_most("a wait, requests beyond one for a poll", requests - len(peaks), 1, "requests")
    growth = peaks[-2] - peaks[first]
    claims.check_at_most(f"a wait, peak beyond that of its first {first} polls", growth, 3, "MB")
    claims.check_at_most("its last poll, which keeps the members of what is over", peaks[-1] - peaks[-2], 10, "MB")


def _mark_time(url: str) -> str:
    """Move the clock, so that the requests from now on can be told from those before."""
    return str(control(url, "POST", "advance", {"seconds": 1})["now"])


def _count_requests(url: str, since: str) -> int:
    return sum(request["at"] >= since for request in control(url, "GET", "requests")["requests"])


if __name__ == "__main__":
    main("Long lists", measure)
