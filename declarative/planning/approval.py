"""Holds back what nobody approved (`apply --only-approved`): nobody is submitted there, taking off goes on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from declarative.model.digest import json_digest
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.plain import to_plain
from declarative.model.policy import DoNotCallList
from declarative.model.resource import Desired, Project, Resource
from declarative.planning.decide import BLOCKS_RESOURCE, Verb
from declarative.planning.facts import Observation
from declarative.planning.plan import Plan, Task


def hold_unapproved(observations: Sequence[Observation], unapproved: Collection[str]) -> list[Observation]:
    """Mark the facts of these addresses as not approved, so that nobody is submitted there."""
    return [
        replace(observation, facts=replace(observation.facts, approved=False))
        if observation.facts.address in unapproved
        else observation
        for observation in observations
    ]


def approval_digest(resource: Resource | None, project: Project) -> str:
    """Digest of what an approval covers: the whole manifest of an address, with its recipients before a policy takes
    anybody out, and the policy of the project as written. `resource` is None where the manifest is removed."""
    if resource is None:
        return json_digest(["removed", project.policy_digest])
    # What a do-not-call list holds is not approved with it: whoever enters one is taken off by the next schedule.
    lists = tuple(DoNotCallList(do_not_call.name) for do_not_call in resource.policy.suppress_from)
    named = replace(resource, policy=replace(resource.policy, suppress_from=lists))
    manifest = to_plain(named, leave_out=("recipients",))
    return json_digest([manifest, resource.recipients.before_policy, project.policy_digest])


def find_unapproved(desired: Desired, lock: Lock | None) -> frozenset[str]:
    """Return the addresses, wanted or removed, that are not as they were last approved."""
    records = lock.resources if lock else {}
    return frozenset(
        address
        for address in {*desired.resources, *records}
        if records.get(address, ResourceRecord()).approved
        != approval_digest(desired.resources.get(address), desired.project)
    )


def find_approvals(plan: Plan, project: Project) -> Mapping[str, tuple[str, str]]:
    """What an approval of this plan covers: by address, the provider's name and the digest to record. The digest is
    empty for an address that is blocked as a whole, whatever was approved there before."""
    blocked = {
        action.address: (action.provider, "")
        for action in plan.actions_with_verb(Verb.BLOCK)
        if action.reason in BLOCKS_RESOURCE
    }
    approved = {
        address: (_name_provider(task), approval_digest(task.resource, project)) for address, task in plan.tasks.items()
    }
    return {**approved, **blocked}


def _name_provider(task: Task) -> str:
    return task.resource.provider if task.resource else task.facts.resource_record.provider
