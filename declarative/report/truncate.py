"""Fits sections of a text into a number of characters: whole sections go by importance, and what went is said. Knows
nothing of plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_FOR_THE_NOTE = 600
_FOR_THE_REST = 60
"""Characters kept free for what was cut: in all, and in each section."""


@dataclass(frozen=True)
class Section:
    """Rows under a heading. `name` says what they are, `rank` how soon they are cut (0 is the last to go). A `folded`
    one goes as a whole; of others as many rows stay as there is room for. `tight`: rows follow the heading at once."""

    name: str
    rank: int
    heading: str
    rows: Sequence[str]
    folded: bool = False
    tight: bool = False
    cut: int = 0

    @property
    def text(self) -> str:
        if self.folded:
            return f"<details><summary>{self.heading} ({len(self.rows):,})</summary>\n\n{self._listed}\n\n</details>"
        return f"{self.heading}{'' if self.tight else chr(10)}\n{self._listed}{self._rest}"

    @property
    def _listed(self) -> str:
        return "\n".join(self.rows)

    @property
    def _rest(self) -> str:
        return f"\n\n… and {self.cut:,} more {self.name}" if self.cut else ""


def fitted(head: str, sections: Sequence[Section], limit: int) -> str:
    """Head and sections, in their order, in fewer than `limit` characters. The head is never cut."""
    standing = [section for section in sections if section.rows]
    room = limit - len(head) - _FOR_THE_NOTE
    kept = _shortened(_without_folds(standing, room), room)
    parts = [head, *(section.text for section in kept)]
    lost = list(_lost(standing, kept))
    if lost:
        parts.append(f"_Cut, to fit into a comment: {', '.join(lost)}. `dialctl plan` shows them all._")
    return "\n\n".join(parts) + "\n"


def _size(sections: Sequence[Section]) -> int:
    return sum(len(section.text) + 2 for section in sections)


def _without_folds(sections: list[Section], room: int) -> list[Section]:
    """Folded sections go, the least important first, until the rest fits."""
    for section in sorted((s for s in sections if s.folded), key=lambda s: -s.rank):
        if _size(sections) <= room:
            break
        sections = [other for other in sections if other is not section]
    return sections


def _shortened(sections: list[Section], room: int) -> list[Section]:
    """Each by importance gets what those after it leave, or at least half of the room, so that none starves."""
    kept: dict[int, Section] = {}
    for section in sorted(sections, key=lambda s: s.rank):
        rest = _size([s for s in sections if s.rank > section.rank])
        share = _within(section, max(room - rest, room // 2))
        kept[section.rank] = share
        room -= _size([share])
    return [kept[section.rank] for section in sections if kept[section.rank].rows]


def _within(section: Section, room: int) -> Section:
    if _size([section]) <= room:
        return section
    room -= len(section.heading) + _FOR_THE_REST
    rows = list(_first(section.rows, room))
    return replace(section, rows=rows, cut=len(section.rows) - len(rows))


def _first(rows: Sequence[str], room: int) -> Iterator[str]:
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            return
        yield row


def _lost(before: Sequence[Section], after: Sequence[Section]) -> Iterator[str]:
    left = {section.rank: len(section.rows) for section in after}
    for section in before:
        if gone := len(section.rows) - left.get(section.rank, 0):
            yield f"{gone:,} {section.name}"
