"""Providers of a project: connected without sending anything, or known by the reason why not."""

from __future__ import annotations

from declarative.app.session import Session
from declarative.errors import MissingKey
from declarative.model.resource import Route
from tests.project_fixture import ProjectFixture

KEY = {"CARTESIA_API_KEY": "sk_test_1234567890"}


def test_without_a_key_the_reason_stands_in_the_connections_place(project: ProjectFixture) -> None:
    with Session(environment={}) as session:
        assert isinstance(session.connections.providers["cartesia"], MissingKey)
        assert session.connections.connected_providers == {}
        assert session.connections.hosts == {}


def test_with_a_key_the_provider_is_connected_and_nothing_is_read(project: ProjectFixture) -> None:
    with Session(environment=KEY) as session:
        assert session.connections.hosts == {"cartesia": "api.cartesia.ai"}


def test_only_providers_of_some_resource_are_used(project: ProjectFixture) -> None:
    project.write(
        project_yaml="""\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  defaults: {provider: cartesia}
  providers: {cartesia: {type: cartesia}, box: {type: callingbox}}
"""
    )
    with project.session() as session:
        assert set(session.connections.providers) >= {"cartesia", "box"}
        assert set(session.connections.used_providers) == {"cartesia"}


def test_the_sandbox_needs_no_key_and_ignores_the_environment(project: ProjectFixture) -> None:
    environment = {**KEY, "CARTESIA_BASE_URL": "https://api.example.com"}
    with Session(directory=project.root, sandbox=True, environment=environment) as session:
        assert set(session.connections.hosts.values()) == {"127.0.0.1"}


def test_sleep_moves_the_sandboxs_clock_and_waits_for_nothing(project: ProjectFixture) -> None:
    slept: list[float] = []
    with project.session(sleep=slept.append) as session:
        provider = session.connections.connected_providers["cartesia"]
        before = provider.now()
        session.connections.sleep(3600)
        assert (provider.now() - before).total_seconds() >= 3600
    assert slept == []


def test_sleep_waits_in_real_time_elsewhere(project: ProjectFixture) -> None:
    slept: list[float] = []
    with Session(environment=KEY, sleep=slept.append) as session:
        session.connections.sleep(5)
    assert slept == [5]


def test_capabilities_are_those_of_the_providers_version(project: ProjectFixture) -> None:
    with Session(environment={}) as session:
        assert session.connections.capabilities("cartesia", Route.BATCH).provable
        assert not session.connections.capabilities("cartesia", Route.CALL).provable
