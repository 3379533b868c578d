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
_HEADER_VALUES = (
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_TOKEN",
)
"""Variables whose values become part of a header."""


def describe_unusable(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return what is wrong with a variable and what to do about it, without its value; two empty texts for nothing."""
    for name in (*_ENDPOINTS, *_HEADER_VALUES):
        value = environment.get(name, "")
        if not (value.isascii() and value.isprintable()):
            return f"{name} holds characters that cannot be sent", "set it again, without line breaks"
    for name in _ENDPOINTS:
        value = environment.get(name, "")
        if value and not _is_http_url(value):
            return f"{name} is not a URL", "such as https://s3.example.com"
        if value.lower().startswith("http://") and not is_loopback(urlsplit(value).hostname or ""):
            return f"{name} is plain http to another machine", "use https: the keys are sent there"
    return "", ""


def allows_http(environment: Mapping[str, str]) -> bool:
    """Whether an endpoint is plain http, which `describe_unusable` lets pass for this machine alone."""
    return any(environment.get(name, "").lower().startswith("http://") for name in _ENDPOINTS)


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
