"""The address, the key, the proxy and the CAs of a provider, from the environment only: a manifest can choose none.

Sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import httpx

from declarative.errors import MissingKey, ProviderError
from declarative.model.capabilities import ProviderType
from declarative.model.resource import ProviderSpec
from declarative.privacy import is_loopback


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where to send requests of one provider, and with which key."""

    provider: str
    """Its name in the manifests."""
    key_variables: tuple[str, ...]
    """The environment variables of the key, and of the account where there is one, for hints."""
    base_url: str
    """Scheme, host, and perhaps a port and a path prefix; without a slash at the end."""
    host: str
    """Host name without port."""
    loopback: bool
    """Whether the host is this machine."""
    key: str = field(repr=False)
    """The API key: printable ASCII, never in a repr."""
    account: str = ""
    """The account's id, where requests name it; printable ASCII."""
    proxy: str = field(default="", repr=False)
    """URL of the proxy to go through, which may hold a password. Empty: none."""
    proxy_variable: str = ""
    """The environment variable that names the proxy, for people."""
    ca_file: str = ""
    """From SSL_CERT_FILE: the CA certificates to trust instead of the system's. Empty: not set."""
    ca_directory: str = ""
    """From SSL_CERT_DIR, likewise."""

    @property
    def key_names(self) -> str:
        """The variables of the key, for people."""
        return " and ".join(self.key_variables)


def from_environment(spec: ProviderSpec, provider_type: ProviderType, environment: Mapping[str, str]) -> Endpoint:
    """Read the endpoint. Raises MissingKey, or ProviderError for a base URL or a key that cannot be used."""
    base_url = environment.get(provider_type.url_variable, "").strip() or provider_type.default_url
    host = _parse_host(base_url, provider_type.url_variable)
    proxy_variable, proxy = ("", "") if is_loopback(host) else _read_proxy(host, environment)
    keys = _read_keys(spec, provider_type, environment)
    return Endpoint(
        provider=spec.name,
        key_variables=provider_type.key_variables,
        base_url=base_url.rstrip("/"),
        host=host,
        loopback=is_loopback(host),
        key=keys[provider_type.key_variable],
        account=keys.get(provider_type.account_variable, ""),
        proxy=proxy,
        proxy_variable=proxy_variable,
        ca_file=environment.get("SSL_CERT_FILE", ""),
        ca_directory=environment.get("SSL_CERT_DIR", ""),
    )


def _read_keys(spec: ProviderSpec, provider_type: ProviderType, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return what each variable of the type holds. Raises MissingKey, or ProviderError for what cannot be used."""
    keys = {name: environment.get(name, "").strip() for name in provider_type.key_variables}
    if missing := " and ".join(name for name, key in keys.items() if not key):
        raise MissingKey(
            f"{spec.name}: no API key, {missing} {'are' if ' and ' in missing else 'is'} not set",
            hint=f"set {missing}, or use --sandbox, which needs no key and calls no phone",
        )
    for name, key in keys.items():
        # An HTTP library shows an impossible header value in its error, and with it the key.
        if not all("!" <= character <= "~" for character in key):
            raise ProviderError(f"{name} has characters that no API key has", hint="copy the key again")
    return keys


def _read_proxy(host: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the variable that names the proxy for https and its URL, or two empty strings."""
    variables = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    variable = next((name for name in variables if environment.get(name, "").strip()), "")
    if not variable or _is_excluded(host, environment.get("NO_PROXY") or environment.get("no_proxy") or ""):
        return "", ""
    proxy = environment[variable].strip()
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    parts = _split_url(proxy, variable)
    if parts.scheme not in ("http", "https"):
        raise ProviderError(
            f"{variable} names a proxy that begins with {parts.scheme}://, and dialctl goes through http:// and "
            "https:// proxies only",
            hint=f"name an http:// proxy there, or name {host} in NO_PROXY to go without one",
        )
    if not parts.hostname:
        raise ProviderError(f"{variable} must be a URL with a host, as in http://proxy.example:3128")
    return variable, proxy


def _is_excluded(host: str, no_proxy: str) -> bool:
    """Tell whether `no_proxy`, as in `internal.example,.corp`, names the host, a domain of it, or `*`."""
    domains = [name.strip().lstrip(".").lower() for name in no_proxy.split(",")]
    return any(domain == "*" or f".{host.lower()}".endswith(f".{domain}") for domain in domains if domain)


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
        httpx.URL(base_url)  # stricter about characters and host names
    except (ValueError, httpx.InvalidURL):
        raise ProviderError(f"{variable} is not a URL") from None
    return parts
