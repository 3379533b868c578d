"""Fits sections of a text into a number of characters. Less important rows are cut first, and a note counts them.
Knows nothing about plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_NOTE_RESERVE = 600
"""Characters kept free for the last line, which counts everything that was cut."""
_CUT_RESERVE = 60
"""Characters kept free in each section for its own note."""


@dataclass(frozen=True)
class Section:
    """Rows under a heading."""

    name: str
    """What the rows are, for the note that counts those cut: `actions`."""
    rank: int
    """Importance, unique among the sections of one text. 0 is cut last."""
    heading: str
    """Text above the rows. Markdown, or the summary of a folded section."""
    rows: Sequence[str]
    """Text of each row, without a line break at its end. A section without rows is left out."""
    folded: bool = False
    """Whether readers have to open it. A folded section is cut as a whole, others row by row from the end."""
    tight: bool = False
    """Whether the rows follow the heading without an empty line between, as in a table."""
    cut: int = 0
    """Rows that were cut from the end."""

    @property
    def text(self) -> str:
        if self.folded:
            return f"<details><summary>{self.heading} ({len(self.rows):,})</summary>\n\n{self._rows_text}\n\n</details>"
        return f"{self.heading}{'' if self.tight else chr(10)}\n{self._rows_text}{self._cut_note}"

    @property
    def _rows_text(self) -> str:
        return "\n".join(self.rows)

    @property
    def _cut_note(self) -> str:
        return f"\n\n… and {self.cut:,} more {self.name}" if self.cut else ""


def fit_sections(head: str, sections: Sequence[Section], limit: int) -> str:
    """Join head and sections, in their order, in fewer than `limit` characters. The head is never cut."""
    filled_sections = [section for section in sections if section.rows]
    room = limit - len(head) - _NOTE_RESERVE
    shortened = _shorten_sections(_drop_folded(filled_sections, room), room)
    parts = [head, *(section.text for section in shortened)]
    cut_notes = list(_cut_notes(filled_sections, shortened))
    if cut_notes:
        parts.append(f"_Cut, to fit into a comment: {', '.join(cut_notes)}. `dialctl plan` shows them all._")
    return "\n\n".join(parts) + "\n"


def _total_size(sections: Sequence[Section]) -> int:
    return sum(len(section.text) + 2 for section in sections)


def _drop_folded(sections: list[Section], room: int) -> list[Section]:
    """Drop folded sections, the least important first, until the rest fits into `room` characters."""
    for section in sorted((s for s in sections if s.folded), key=lambda s: -s.rank):
        if _total_size(sections) <= room:
            break
        sections = [section_left for section_left in sections if section_left is not section]
    return sections


def _shorten_sections(sections: list[Section], room: int) -> list[Section]:
    """Shorten sections to fit into `room` characters, the most important first.

    Each gets the room that the less important ones leave, or at least half of the room still free.
    """
    sections_by_rank: dict[int, Section] = {}
    for section in sorted(sections, key=lambda s: s.rank):
        later_size = _total_size([s for s in sections if s.rank > section.rank])
        shortened_section = _shorten_section(section, max(room - later_size, room // 2))
        sections_by_rank[section.rank] = shortened_section
        room -= _total_size([shortened_section])
    return [sections_by_rank[section.rank] for section in sections if sections_by_rank[section.rank].rows]


def _shorten_section(section: Section, room: int) -> Section:
    if _total_size([section]) <= room:
        return section
    room -= len(section.heading) + _CUT_RESERVE
    rows = list(_leading_rows(section.rows, room))
    return replace(section, rows=rows, cut=len(section.rows) - len(rows))


def _leading_rows(rows: Sequence[str], room: int) -> Iterator[str]:
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            return
        yield row


def _cut_notes(before: Sequence[Section], after: Sequence[Section]) -> Iterator[str]:
    row_counts = {section.rank: len(section.rows) for section in after}
    for section in before:
        if cut_rows := len(section.rows) - row_counts.get(section.rank, 0):
            yield f"{cut_rows:,} {section.name}"
