"""One row added and one removed: which batches are read, and what the plan takes beside the plans around it.

The lock holds digests and not who changed, and a person may be in any batch: so the members of every batch of that
resource are needed. They never change once a batch is over: all come from the cache, none by a request.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from bench import Claims, Cost, main, python, run_in_turn, spend
from campaign import READ_AND_HASH, Campaign, environment, row, sandbox

LOAD = """\
import io, pathlib, polars, sys
files = [file.read_bytes() for file in pathlib.Path(sys.argv[1]).rglob("*.parquet")]
frames = [polars.read_parquet(io.BytesIO(content[content.index(b"PAR1"):])) for content in files]  # after a signature
"""


def measure(claims: Claims, directory: Path) -> None:
    people = 1_000_000 if claims.full else 20_000
    with sandbox(directory / "served") as url:
        campaign = Campaign.create(directory / "campaign", url, people)
        campaign.settle()
        original = campaign.file.read_text(encoding="utf-8")
        members = campaign.directory / ".dialctl" / "cache" / "members"
        turns = count()

        def plan(text: str) -> Cost:
            campaign.file.write_text(text, encoding="utf-8")
            return campaign.run("plan")

        def after_change() -> Cost:
            """Change another row each time, since the result of reading a file is cached by its content."""
            turn = next(turns)
            return plan(original.replace(f"{row(people // 2 + turn)}\n", "") + f"{row(people + turn)}\n")

        def read() -> Cost:
            return spend(python(READ_AND_HASH, campaign.file), cwd=campaign.directory, env=environment())

        def load() -> Cost:
            return spend(python(LOAD, members), cwd=campaign.directory, env=environment())

        plan(original)
        costs = run_in_turn(
            {
                "polars.read_csv + SHA-256": read,
                "loading the members kept": load,
                "unchanged plan": lambda: plan(original),
                "one added, one removed": after_change,
            },
            claims.repeats(3),
        )
        before = len(campaign.requests())
        summary = campaign.plan()["summary"]
        assert summary["people_to_call"] == 1, summary
        asked = campaign.requests()[before:]
    one, unchanged = costs["one added, one removed"].cpu, costs["unchanged plan"].cpu
    claims.show("one row changed, beside an unchanged plan", one / unchanged)
    read_all = costs["polars.read_csv + SHA-256"].cpu + costs["loading the members kept"].cpu
    claims.check_at_most("one row changed, beside reading the file and the members", one / read_all, 7.5)
    claims.check_megabytes("one row changed, peak", costs["one added, one removed"], 1_000)
    in_full = [line for line in asked if "/batches/" in line]
    claims.check_at_most("one row changed, batches read by request", len(in_full), 0, "batches")
    # The batch list, and the agent and the number that a person who is added would be called by and from.
    claims.check_at_most("one row changed, requests", len(asked), 6 + (people // 5_000) // 100, "requests")


if __name__ == "__main__":
    main("One row added, one removed", measure)
