"""The address and the key of a provider, from the environment only: a manifest can choose neither. Sends nothing."""

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
    """Where to send requests of one provider, and with which key."""

    provider: str
    """Its name in the manifests."""
    key_variable: str
    """The environment variable of the key, for hints."""
    base_url: str
    """Scheme, host, and perhaps a port and a path prefix; without a slash at the end."""
    host: str
    """Host name without port."""
    loopback: bool
    """Whether the host is this machine."""
    key: str = field(repr=False)
    """The API key: printable ASCII, never in a repr."""


def from_environment(spec: ProviderSpec, provider_type: ProviderType, environment: Mapping[str, str]) -> Endpoint:
    """Read the endpoint. Raises MissingKey, or ProviderError for a base URL or a key that cannot be used."""
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
    # An HTTP library shows an impossible header value in its error, and with it the key.
    if not all("!" <= character <= "~" for character in key):
        raise ProviderError(
            f"{provider_type.key_variable} has characters that no API key has", hint="copy the key again"
        )
    return key


def _parse_host(base_url: str, variable: str) -> str:
    parts = _split_url(base_url, variable)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProviderError(f"{variable} must be a URL that begins with https:// and has a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ProviderError(f"{variable} must not contain a user name, a query or a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ProviderError(
            f"{variable} is plain http to {parts.hostname}: the key would travel unencrypted",
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
