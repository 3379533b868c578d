"""What a schema allows is what the type declares: nothing is taken from a manifest and dropped."""

from __future__ import annotations

import pytest

from declarative import schemas
from declarative.model.capabilities import ProviderType
from declarative.model.resource import Kind, Route
from declarative.providers import catalog

CASES = [
    (provider_type, version, route)
    for provider_type in catalog.types().values()
    for version, routes in provider_type.routes.items()
    for route in routes
]


@pytest.mark.parametrize(("provider_type", "version", "route"), CASES)
def test_fields_of_the_schema_are_settings_or_personal(provider_type: ProviderType, version: str, route: Route) -> None:
    definitions = schemas.load_schema(f"providers/{provider_type.name}.v1")["$defs"]
    capabilities = provider_type.routes[version][route]
    lowered = route is Route.BATCH or Route.BATCH not in provider_type.routes[version]
    kinds = [kind for kind in Kind if lowered or kind is Kind.CALL]
    allowed = {
        name for kind in kinds for name in (definitions.get(f"{version}.{kind}") or definitions[kind])["properties"]
    }
    assert allowed <= {*capabilities.settings.names, *capabilities.personal}
    settings = capabilities.settings
    named = {*settings.agent, *settings.caller, *settings.caller_id, *settings.lengthy, *settings.secret}
    assert named <= {*settings.names}
    assert not settings.at_once or settings.at_once in settings.names
