"""Reads the limits that manifests set, and combines those of the project and of a resource. A resource can only be
stricter than its project. The limits are enforced elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from pathlib import PurePosixPath
from typing import Any

from declarative.manifest.calling_hours import read_calling_hours, restrict_hours
from declarative.manifest.document import DocumentSection
from declarative.manifest.durations import parse_duration
from declarative.manifest.messages import quote
from declarative.manifest.paths import UnusableFile
from declarative.manifest.recipients.countries import report_unknown_region
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.recipients.source import Source
from declarative.manifest.recipients.spec import locate_file, read_options
from declarative.model.policy import Frequency, Policy


@dataclass(frozen=True)
class Limits:
    """The limits of a project or a resource."""

    policy: Policy = field(default_factory=Policy)
    """The limits that later steps enforce."""
    suppress: tuple[Source, ...] = ()
    """Do-not-call lists. Their numbers are removed when recipients are loaded."""


def read_limits(
    section: DocumentSection, policy: Mapping[str, Any], root: File, region: str | None, remote_files: RemoteFiles
) -> Limits:
    """Read a `policy` mapping. The section is its place, and its schema has accepted it. Numbers without `+` in
    do-not-call files are read as of `region`."""
    hours = policy.get("calling_hours")
    countries = policy.get("countries", ())
    for index, country in enumerate(countries):
        report_unknown_region(section.at("countries", index), country)
    releases = policy.get("allow_release", ())
    sources = []
    for index, entry in enumerate(policy.get("suppress_from", ())):
        if source := _read_suppress_source(section.at("suppress_from", index), entry, root, region, remote_files):
            sources.append(source)
    return Limits(
        Policy(
            calling_hours=read_calling_hours(section.at("calling_hours"), hours) if hours else None,
            max_dials=policy.get("max_dials"),
            countries=frozenset(countries) if countries else None,
            allow_release=frozenset(str(PurePosixPath(name)) if "://" not in name else name for name in releases),
            allow_shrink=frozenset(policy.get("allow_shrink", ())),
            frequency=_read_frequency(section.at("frequency"), policy["frequency"]) if "frequency" in policy else None,
        ),
        tuple(sources),
    )


def restrict_limits(project_limits: Limits, resource_limits: Limits, section: DocumentSection) -> Limits:
    """Combine the limits of a resource with those of its project. The section is the resource's policy."""
    project_policy, resource_policy = project_limits.policy, resource_limits.policy
    hours_section = section.at("calling_hours")
    return Limits(
        Policy(
            calling_hours=restrict_hours(hours_section, project_policy.calling_hours, resource_policy.calling_hours),
            max_dials=_minimum(project_policy.max_dials, resource_policy.max_dials),
            countries=_common_countries(project_policy.countries, resource_policy.countries),
            frequency=project_policy.frequency,
        ),
        (*project_limits.suppress, *resource_limits.suppress),
    )


def _read_frequency(section: DocumentSection, frequency: Mapping[str, Any]) -> Frequency | None:
    if not {"max", "per"} <= set(frequency):
        return None  # the schema has reported it
    try:
        per = parse_duration(frequency["per"])
    except ValueError as error:
        section.at("per").report(f"{quote(frequency['per'])} is {error}")
        return None
    if not per:
        section.at("per").report(f"{quote(frequency['per'])} is no length of time", "a day is 24h")
        return None
    return Frequency(frequency["max"], per)


def _read_suppress_source(
    section: DocumentSection, entry: Any, root: File, region: str | None, remote_files: RemoteFiles
) -> Source | None:
    if not (isinstance(entry, dict) and "file" in entry):
        return None
    failure = None
    if "://" in entry["file"] and "sha256" not in entry:
        located = _find_live_list(section, entry["file"], remote_files)
        if located is None:
            return None
        file, failure = located
    elif (local_file := locate_file(section, entry, root, remote_files)) is not None:
        file = local_file
    else:
        return None
    if (reading := read_options(section, entry, file, region)) is None:
        return None
    no_fields = PersonSchema((), "")
    return Source(
        file=file,
        document=section.document,
        path=section.path,
        person_schema=no_fields,
        list_name=reading["url"] or file.relative_to(root).as_posix(),
        failure=failure,
        **reading,
    )


def _find_live_list(section: DocumentSection, url: str, remote_files: RemoteFiles) -> tuple[File, str | None] | None:
    """The local copy of a list under a URL without a digest, and why there is none. A wrong URL is a problem of the
    manifest, and None; that it cannot be fetched is none: people are still taken off then."""
    try:
        remote_files.check(url)
    except UnusableFile as unusable:
        section.at("file").report(unusable.message, unusable.hint)
        return None
    nothing = File(url.rpartition("/")[2])
    try:
        file = remote_files.get_current(url)
    except UnusableFile as unusable:
        return nothing, unusable.message
    return (nothing, "") if file is None else (file, None)


def _minimum(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _common_countries(
    project_countries: frozenset[str] | None, resource_countries: frozenset[str] | None
) -> frozenset[str] | None:
    """The countries that both allow. None means no limit."""
    if project_countries is None or resource_countries is None:
        return resource_countries if project_countries is None else project_countries
    return project_countries & resource_countries
