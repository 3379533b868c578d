"""`dialctl plan`: observe, decide each address, compare addresses, apply the policies. Changes nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from declarative.app import first_run, references
from declarative.app.checkout_age import CheckoutAge
from declarative.app.emergency_halts import read_halts
from declarative.app.frequency import apply_frequency
from declarative.app.session import Session
from declarative.engine.observe import ObserveScope, observe
from declarative.errors import ProviderError
from declarative.model.capabilities import Capabilities
from declarative.model.remote import EARLIEST_TIME
from declarative.model.resource import Desired, Route
from declarative.planning import approval, first_lock, notices, older_manifests, overlaps, policy, released, renames
from declarative.planning import offline as offline_planning
from declarative.planning.actions import compose_actions
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation
from declarative.planning.plan import Action, Notice, Plan, Task, sort_actions
from declarative.planning.terms import make_forecast, make_terms
from declarative.providers.base import Provider

MAX_CLOCK_SKEW = 120.0
"""Seconds between the clock of this machine and a provider's. A larger difference is worth a warning."""


def plan_project(
    session: Session,
    *,
    max_dials: int | None = None,
    allow_shrink: Collection[str] = (),
    allow_release: Collection[str] = (),
    offline: bool = False,
    destroy: bool = False,
) -> Plan:
    """The plan that `dialctl plan` shows. `offline` decides from manifests and the local lock alone, without contacting
    any provider. The other arguments are as in ApplyOptions. Raises ProviderError if no provider could be read."""
    if offline:
        return _plan_offline(session, max_dials, allow_release, destroy=destroy)
    holder = session.holder()
    scope = session.scope(session.lock(), applying=str(holder) if holder else None)
    if destroy:
        scope = replace(scope, desired=pause_all(session.desired))
    plan = make_plan(
        scope,
        session.connections.capabilities,
        max_dials=max_dials,
        allow_shrink=allow_shrink,
        allow_all_shrink=destroy,
        allow_release=allow_release,
    )
    checkout = CheckoutAge(session)
    older_notices = older_manifests.warn_of_older(checkout.find_older(scope.lock), plan.project)
    plan = replace(
        plan,
        refusals=(*plan.refusals, *first_run.find_partial_first_run(session, scope.lock)),
        warnings=(*plan.warnings, *older_notices, *checkout.warn_if_unknown(scope.lock)),
    )
    used_names = {action.provider for action in plan.actions}
    failures = [
        failure
        for name, failure in session.connections.providers.items()
        if name in used_names and isinstance(failure, ProviderError)
    ]
    if failures and plan.actions and all(action.reason is Reason.NOT_READ for action in plan.actions):
        raise failures[0]
    return plan


def _plan_offline(session: Session, max_dials: int | None, allow_release: Collection[str], *, destroy: bool) -> Plan:
    desired = pause_all(session.desired) if destroy else session.desired
    plan = offline_planning.plan_offline(
        desired,
        session.local_lock(),
        datetime.now(UTC),
        session.key,
        max_dials,
        sandbox=session.options.sandbox,
        allow_release=allow_release,
    )
    halts = read_halts(session.local_backend, session.options.environment).standing
    notices_of_halts = [Notice(desired.project.name, f"{halt}; what ends it: {halt.way_out}") for halt in halts]
    plan = replace(plan, warnings=(*plan.warnings, *notices_of_halts))
    return _add_terms(plan, desired, names={})


def pause_all(desired: Desired) -> Desired:
    """Destroy is apply with every resource paused: nobody is wanted, and each resource and its provider stay known."""
    return replace(
        desired, resources={address: replace(resource, paused=True) for address, resource in desired.resources.items()}
    )


def make_plan(
    scope: ObserveScope,
    capabilities: Callable[[str, Route], Capabilities],
    *,
    max_dials: int | None = None,
    allow_shrink: Collection[str] = (),
    allow_all_shrink: bool = False,
    allow_release: Collection[str] = (),
    older: Mapping[str, str] | None = None,
    unapproved: Collection[str] = (),
) -> Plan:
    """The plan from what is wanted and what exists now. A provider that cannot be read blocks only its own addresses.
    `allow_all_shrink` lets every address lose as many people as it will. `older` is what CheckoutAge found: these
    addresses are blocked. At `unapproved` addresses nobody is submitted."""
    observations = first_lock.block_without_lock(observe(replace(scope, include_removed=True)), scope.lock)
    observations = renames.block_renames(older_manifests.block_older(observations, older or {}))
    observations = approval.hold_unapproved(observations, unapproved)
    lists = released.ListCheck(scope.desired, scope.lock, allow_release)
    observations = apply_frequency(scope, lists.block_released(lists.block_unread(observations)))
    scope.progress("deciding")
    plan = _compose_plan(scope, observations, capabilities)
    found = references.look_up(plan, scope.desired, scope.providers)
    if found.blocks:
        observations = [
            replace(observation, block=found.blocks.get(observation.facts.address, observation.block))
            for observation in observations
        ]
        plan = _compose_plan(scope, observations, capabilities)
    plan = _add_forecasts(_add_terms(plan, scope.desired, found.names), scope, capabilities)
    project, resources = scope.desired.project, list(scope.desired.resources.values())
    shrinkable = [action.address for action in plan.actions] if allow_all_shrink else allow_shrink
    shrinkable = {*shrinkable, *project.policy.allow_shrink}
    refusals = policy.find_refusals(
        plan, project, resources, max_dials, shrinkable, sandbox=scope.lock_is_authoritative
    )
    if allow_shrink:
        known_addresses = {
            *scope.desired.resources,
            *scope.desired.list_addresses(),
            *(scope.lock.resources if scope.lock else ()),
        }
        refusals += policy.refuse_unknown_shrink(allow_shrink, known_addresses)
    warnings = (
        *_clock_warnings(scope),
        *lists.list_warnings(),
        *policy.warn_of_allowed_shrink(plan, project),
        *overlaps.warn_of_overlaps(plan, project, resources),
        *notices.plan_notices(plan, resources, capabilities, project.guard),
    )
    return replace(plan, refusals=tuple(refusals), warnings=warnings)


def _compose_plan(
    scope: ObserveScope, observations: Sequence[Observation], capabilities: Callable[[str, Route], Capabilities]
) -> Plan:
    """The actions and tasks of every address, without refusals and warnings."""
    actions: list[Action] = []
    tasks: dict[str, Task] = {}

    def capabilities_of(observation: Observation) -> Capabilities | None:
        resource = observation.facts.resource
        return capabilities(resource.provider, resource.route) if resource else None

    composed = compose_actions(observations, capabilities_of)
    for observation, (address_actions, task) in zip(observations, composed, strict=True):
        actions += address_actions
        if task is not None:
            tasks[observation.facts.address] = task
    return Plan(
        project=scope.desired.project.name,
        created_at=_find_time(observations),
        actions=sort_actions(actions, list(scope.desired.resources)),
        lock=scope.lock,
        tasks=tasks,
        held_counts=policy.held_counts(scope.desired),
        lists=released.collect_lists(scope.desired),
    )


def _find_time(observations: Sequence[Observation]) -> datetime:
    """The provider's time; this machine's where no provider was read."""
    provider_time = max((observation.facts.now for observation in observations), default=EARLIEST_TIME)
    return provider_time if provider_time > EARLIEST_TIME else datetime.now(UTC)


def _add_terms(plan: Plan, desired: Desired, names: Mapping[str, str]) -> Plan:
    """The plan with the terms of new people, once for each address."""
    first_actions: dict[str, Action] = {}
    for action in plan.actions:
        if action.calls_new_people and action.address in desired.resources:
            first_actions.setdefault(action.address, action)
    return replace(
        plan,
        actions=tuple(
            replace(action, terms=make_terms(desired.resources[action.address], names))
            if first_actions.get(action.address) is action
            else action
            for action in plan.actions
        ),
    )


def _add_forecasts(plan: Plan, scope: ObserveScope, capabilities: Callable[[str, Route], Capabilities]) -> Plan:
    """The plan with how long the calls of each action take."""
    actions = []
    for action in plan.actions:
        if action.verb.dials and (resource := scope.desired.resources.get(action.address)):
            project_guard = scope.desired.project.guard
            guard = scope.lock.guard(resource.provider, project_guard) if scope.lock else project_guard
            starts_at = policy.earliest_call(resource, plan.created_at, guard)
            channel = capabilities(resource.provider, resource.route)
            spec = scope.desired.project.providers.get(resource.provider)
            price = spec.price if spec else None
            action = replace(action, forecast=make_forecast(resource, action.people, channel, starts_at, price))
        actions.append(action)
    return replace(plan, actions=tuple(actions))


def _clock_warnings(scope: ObserveScope) -> list[Notice]:
    """Warnings of a wrong clock. Decisions use the provider's time, so a wrong clock here does no harm to calls."""
    if scope.lock_is_authoritative:  # in the sandbox, whose clock is moved on purpose
        return []
    used_names = {resource.provider for resource in scope.desired.resources.values()}
    warnings = []
    for name, provider in scope.providers.items():
        skew = 0.0 if isinstance(provider, ProviderError) or name not in used_names else _clock_skew(provider)
        if abs(skew) > MAX_CLOCK_SKEW:
            direction = "behind" if skew > 0 else "ahead of"
            warnings.append(Notice(name, f"this machine's clock is {abs(skew):,.0f} s {direction} the provider's"))
    return warnings


def _clock_skew(provider: Provider) -> float:
    try:
        return provider.skew()
    except ProviderError:
        return 0.0  # its addresses are blocked, and say so


def numbers_to_call(plan: Plan) -> Mapping[str, pl.Series]:
    """The numbers that may be called under this plan, by address: those submitted, moved or retried in it."""
    return {address: task.numbers_to_call for address, task in plan.tasks.items()}
