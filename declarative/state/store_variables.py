"""Environment variables that say how an object store is reached. The store's client panics over some values, so they
are looked at before."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from declarative.privacy import is_loopback

_ENDPOINTS = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT",
    "GOOGLE_BASE_URL",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_ENDPOINT",
)
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
"""Variables that name a proxy for https. The first that is set counts."""
_HEADER_VALUES = (
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_TOKEN",
)
"""Variables whose values become part of a header."""


def list_endpoints(environment: Mapping[str, str]) -> dict[str, str]:
    """The endpoints of stores that are set, by variable."""
    return {name: environment[name] for name in _ENDPOINTS if environment.get(name)}


def describe_unusable(environment: Mapping[str, str], endpoints: Mapping[str, str]) -> tuple[str, str]:
    """Return what is wrong with a variable, or with one of the endpoints by name, and what to do about it, without its
    value; two empty texts for nothing."""
    values = {name: environment.get(name, "") for name in _HEADER_VALUES} | {**endpoints}
    for name, value in values.items():
        if not (value.isascii() and value.isprintable()):
            return f"{name} holds characters that cannot be sent", "set it again, without line breaks"
    for name, value in endpoints.items():
        if not _is_http_url(value):
            return f"{name} is not a URL", "such as https://s3.example.com"
        if is_plain_http(value) and not is_loopback(urlsplit(value).hostname or ""):
            return f"{name} is plain http to another machine", "use https: the keys are sent there"
    proxy_variable, proxy = read_proxy(environment)
    if proxy and not _is_http_url(proxy) and not _may_go_without_proxy(environment, endpoints):
        return f"{proxy_variable} names no proxy that a store is reached by", "name an http:// or https:// proxy there"
    return "", ""


def _may_go_without_proxy(environment: Mapping[str, str], endpoints: Mapping[str, str]) -> bool:
    has_exceptions = bool(environment.get("NO_PROXY") or environment.get("no_proxy"))
    return has_exceptions or any(map(is_plain_http, endpoints.values()))


def read_proxy(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the variable that names a proxy for https, and its URL; two empty texts where none does."""
    name = next((name for name in _PROXIES if environment.get(name, "").strip()), "")
    proxy = environment[name].strip() if name else ""
    return name, f"http://{proxy}" if proxy and "://" not in proxy else proxy


def is_plain_http(url: str) -> bool:
    return url.lower().startswith("http://")


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
