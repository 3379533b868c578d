"""Warns of people who stand in several resources, where no `frequency` keeps their calls apart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from declarative import humanize
from declarative.model import frames
from declarative.model.resource import Project, Resource
from declarative.planning import columns
from declarative.planning.plan import Notice, Plan

_MOST_NAMED = 5
"""Addresses that one warning names."""


def warn_of_overlaps(plan: Plan, project: Project, resources: Sequence[Resource]) -> Iterator[Notice]:
    """Warn at each address, the first by name of those that share people. A plan that calls nobody reads no people."""
    wanted = sorted((one for one in resources if not one.paused), key=lambda one: one.address)
    if project.policy.frequency is not None or not plan.people_to_call or len(wanted) < 2:
        return
    shared = _find_shared(wanted)
    for (index,), group in shared.partition_by("first", as_dict=True, maintain_order=True).items():
        others = [wanted[other].address for other in group.get_column("index").unique().sort()]
        named = ", ".join(others[:_MOST_NAMED]) + (f" and {len(others) - _MOST_NAMED:,} more" if others[5:] else "")
        phrase = humanize.plural(group.get_column("key").n_unique(), "person is", "people are")
        yield Notice(
            wanted[int(str(index))].address,
            f"{phrase} also in {named}, and each resource calls them: frequency in the Project's policy keeps such "
            "calls apart",
        )


def _find_shared(resources: Sequence[Resource]) -> pl.DataFrame:
    """Rows of people who stand in a resource before this one: `key`, `index` of the resource, `first` of the first."""
    parts = [(index, resource.recipients.rows.select("number")) for index, resource in enumerate(resources)]
    people = columns.stack(parts, {"number": pl.String})
    people = people.select(pl.col("address").alias("index"), frames.number_keys(people.get_column("number")))
    people = people.drop_nulls().with_columns(pl.col("index").min().over("key").alias("first"))
    return people.filter(pl.col("index") > pl.col("first")).sort("first", "index")
