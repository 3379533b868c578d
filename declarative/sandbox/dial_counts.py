"""How often each number was dialed. The count decides what happens next; planned dials count, dropped ones do not."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from declarative.sandbox.outcomes import Draw, draw
from declarative.sandbox.world import Moment


def draw_next_dials(moment: Moment, org: int, numbers: Sequence[str], *, agent_id: str, us_only: bool) -> list[Draw]:
    """Count one more dial of each number by an agent, in order, and draw how each will go."""
    numbers_json = orjson.dumps(numbers).decode()
    rows = moment.db.execute(
        "SELECT number, n FROM called WHERE org = ? AND number IN (SELECT value FROM json_each(?))",
        (org, numbers_json),
    )
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    fates = []
    for number in numbers:
        counts[number] = attempt = counts.get(number, 0) + 1
        fates.append(draw(moment.seed, number, attempt, agent_id=agent_id, us_only=us_only, lifelike=moment.lifelike))
    moment.db.executemany(
        "INSERT OR REPLACE INTO called VALUES (?, ?, ?)",
        [(org, number, counts[number]) for number in set(numbers)],
    )
    return fates


def forget_dials(moment: Moment, org: int, numbers: Sequence[str]) -> None:
    """Uncount dials that were planned and will not happen."""
    moment.db.executemany(
        "UPDATE called SET n = n - 1 WHERE org = ? AND number = ?", [(org, number) for number in numbers]
    )
