"""Where a provider is and the key to it, from the environment alone: a manifest can choose neither.
Knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from declarative.errors import MissingKey, ProviderError
from declarative.model.capabilities import ProviderType
from declarative.model.resource import ProviderSpec
from declarative.privacy import is_loopback


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`provider` is its name in the manifests; `base_url` has no slash at its end and may carry a path
    prefix."""

    provider: str
    key_variable: str
    base_url: str
    host: str
    loopback: bool
    key: str = field(repr=False)


def from_environment(spec: ProviderSpec, provider_type: ProviderType, environment: Mapping[str, str]) -> Endpoint:
    """Raises MissingKey, or ProviderError for a base URL or a key that cannot be used."""
    base_url = environment.get(provider_type.url_variable, "").strip() or provider_type.default_url
    host = _parse_host(base_url, provider_type.url_variable)
    return Endpoint(
        provider=spec.name,
        key_variable=provider_type.key_variable,
        base_url=base_url.rstrip("/"),
        host=host,
        loopback=is_loopback(host),
        key=_read_key(spec, provider_type, environment),
    )


def _read_key(spec: ProviderSpec, provider_type: ProviderType, environment: Mapping[str, str]) -> str:
    key = environment.get(provider_type.key_variable, "").strip()
    if not key:
        raise MissingKey(
            f"{spec.name}: no API key, {provider_type.key_variable} is not set",
            hint=f"set {provider_type.key_variable}, or use --sandbox, which needs no key and calls no phone",
        )
    # An HTTP library would repeat an impossible header value, and so the key, in its error.
    if not all("!" <= character <= "~" for character in key):
        raise ProviderError(f"{provider_type.key_variable} holds characters that no API key has", hint="copy it again")
    return key


def _parse_host(base_url: str, variable: str) -> str:
    parts = _split_url(base_url, variable)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProviderError(f"{variable} must be a URL that begins with https:// and names a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ProviderError(f"{variable} must hold neither a user name, nor a query, nor a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ProviderError(
            f"{variable} is plain http to {parts.hostname}: the key would travel in clear",
            hint="use https; plain http is for this machine only, as in http://127.0.0.1:8787",
        )
    return parts.hostname


def _split_url(base_url: str, variable: str) -> SplitResult:
    try:
        parts = urlsplit(base_url)
        _ = parts.port
    except ValueError:
        raise ProviderError(f"{variable} is not a URL") from None
    return parts
