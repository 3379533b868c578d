"""`dialctl run` over many projects where nothing happens: CPU and requests a minute, against a cron of `dialctl apply`;
and how long until a new commit's call goes out."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from bench import Claims, Cost, main, run_in_turn, spend
from campaign import A_YEAR, PROGRAM, Campaign, control, environment, sandbox, write_rows

PEOPLE = 10
"""In each project."""
INTERVAL = 2
"""Seconds between two rounds while the new commit is waited for."""


def create(directory: Path, url: str, projects: int) -> list[Campaign]:
    """Projects under one account, each with a limit, as a platform team has them."""
    campaigns = []
    for place in range(projects):
        campaign = Campaign.create(directory / f"project-{place:03}", url, PEOPLE)
        text = (campaign.directory / "project.yaml").read_text(encoding="utf-8")
        text = text.replace("name: benchmark", f"name: benchmark-{place:03}", 1)
        text = text.replace("provider: cartesia}", "provider: cartesia}, policy: {max_dials: 1000}", 1)
        (campaign.directory / "project.yaml").write_text(text, encoding="utf-8")
        campaigns.append(campaign)
    return campaigns


def measure(claims: Claims, directory: Path) -> None:
    with sandbox(directory / "served") as url:
        campaigns = create(directory, url, 200 if claims.full else 20)
        variables = environment(CARTESIA_BASE_URL=url, CARTESIA_API_KEY="sk_all", NO_COLOR="1")

        def run_once(chosen: list[Campaign]) -> Cost:
            paths = [str(campaign.directory) for campaign in chosen]
            return spend([*PROGRAM, "run", *paths, "--once"], cwd=directory, env=variables)

        def apply() -> Cost:
            command = [*PROGRAM, "apply", "--auto-approve"]
            return spend(command, cwd=campaigns[0].directory, env=variables)

        run_once(campaigns)
        control(url, "POST", "advance", {"seconds": A_YEAR})
        run_once(campaigns)
        before = len(control(url, "GET", "requests")["requests"])
        run_once(campaigns)
        requests = (len(control(url, "GET", "requests")["requests"]) - before) / len(campaigns)
        costs = run_in_turn(
            {
                "one apply of one project": apply,
                "a round of one project": lambda: run_once(campaigns[:1]),
                f"a round of {len(campaigns)} projects": lambda: run_once(campaigns),
            },
            claims.repeats(3),
        )
        one, many = costs["a round of one project"], costs[f"a round of {len(campaigns)} projects"]
        each = (many.cpu - one.cpu) / (len(campaigns) - 1)
        claims.check_at_most("an idle project, of an apply's CPU", each / costs["one apply of one project"].cpu, 0.6)
        claims.check_at_most("an idle project, requests a round", requests, 6, "requests")
        print(f"         {len(campaigns)} idle projects a minute: {each * len(campaigns):.0f} s CPU", flush=True)
        print(
            f"         a new commit's call goes out after {_wait_for_commit(campaigns[0], variables):.1f} s", flush=True
        )


def _wait_for_commit(campaign: Campaign, variables: dict[str, str]) -> float:
    """Seconds from a new row to the request that calls, with INTERVAL between rounds."""
    command = [*PROGRAM, "run", ".", "--interval", f"{INTERVAL}s", "--metrics", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=campaign.directory, env=variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.readline()  # the first round is over
        before = _count_posts(campaign)
        write_rows(campaign.file, range(PEOPLE + 1))
        began = time.perf_counter()
        while _count_posts(campaign) == before:
            time.sleep(0.02)
        seconds = time.perf_counter() - began
        os.kill(process.pid, signal.SIGTERM)
    return seconds


def _count_posts(campaign: Campaign) -> int:
    return sum(request.startswith("POST") for request in campaign.requests())


if __name__ == "__main__":
    main("Idle projects under dialctl run", measure)
