"""Opens an object store as its vendor's own tools would: endpoint and credentials come from the environment, and for S3
from profiles and shared files too. Knows no lock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore import exceptions
from obstore.store import from_url

from declarative.errors import StateError
from declarative.privacy import first_words
from declarative.state import store_variables
from declarative.state.aws_profile import AwsProfile, open_profile

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, S3Config

_CREDENTIALS = {
    "s3": "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
"""Scheme of a URL to the variables that name credentials."""
_VARIABLES = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}
"""Scheme of a URL to the beginning of the variables that say how the store is reached."""
_METADATA_SERVICE = ("//169.254.", "//metadata.google.internal", "//fd00:ec2::254")
"""Where a machine in a cloud is asked for credentials, once nothing else names any."""
_PROFILE_FAILED = "External AWS credential provider: "
"""What the store's client says before the error of boto3."""
_MISSING_BUCKET = ("NoSuchBucket", "ContainerNotFound")
"""The codes of an answer about a bucket that does not exist."""


def open_store(url: str, environment: Mapping[str, str], *, timeout: timedelta) -> ObjectStore:
    """The store under `s3://bucket/prefix`, `gs://...` or `az://...`. `timeout` is for one request, and again for all
    its repetitions. Sends nothing to the store yet.

    Raises StateError for settings that cannot be used, such as an endpoint over plain http on another machine.
    """
    scheme = url.partition(":")[0]
    endpoints = store_variables.list_endpoints(environment)
    _require_usable(environment, endpoints)
    profile = open_profile(environment) if scheme == "s3" else None
    if profile is not None and profile.endpoint:
        endpoints["the endpoint of the AWS profile"] = profile.endpoint
        _require_usable(environment, endpoints)
    client_options: ClientConfig = {
        "timeout": timeout,
        "connect_timeout": timeout / 2,
        "allow_http": any(store_variables.is_plain_http(endpoint) for endpoint in endpoints.values()),
    }
    try:
        return from_url(
            url,
            config=_profile_config(profile) if profile is not None else None,
            client_options=client_options,
            retry_config={"max_retries": 3, "retry_timeout": timeout},
            credential_provider=profile.credentials if profile is not None else None,
        )
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise StateError(
            f"the store at {url} cannot be used as the environment says: {first_words(error)}",
            hint=f"check the variables that begin with {_VARIABLES[scheme]}",
        ) from error


def _require_usable(environment: Mapping[str, str], endpoints: Mapping[str, str]) -> None:
    message, hint = store_variables.describe_unusable(environment, endpoints)
    if message:
        raise StateError(message, hint=hint)


def describe_store_error(error: Exception, url: str) -> StateError:
    """What a failed request to the store means, with a way out."""
    text = str(error)
    scheme, _, rest = url.partition("://")
    _, is_from_profile, reason = text.partition(_PROFILE_FAILED)
    if is_from_profile:
        words = reason.partition(": ")[2].partition("\n")[0][:300]
        return StateError(
            f"{url}: the AWS profile gives no credentials: {words}",
            hint="log in with aws sso login if it is one of SSO; aws configure list shows what there is",
        )
    if isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError):
        return StateError(
            f"{url}: the store refused the credentials in the environment",
            hint="they must allow to list, read, write and delete there",
        )
    if is_missing_bucket(error):
        noun = "container" if scheme == "az" else "bucket"
        return StateError(
            f'{url}: there is no {noun} "{rest.partition("/")[0]}"',
            hint="create it, or correct the URL; the credentials and the endpoint say whose it is",
        )
    if any(address in text for address in _METADATA_SERVICE):
        extra = "; profiles need pip install 'dialctl[aws]'" if scheme == "s3" else ""
        return StateError(
            f"{url}: the environment holds no credentials for the store, and this machine has none of its own",
            hint=f"set {_CREDENTIALS[scheme]}{extra}",
        )
    if "InvalidCertificate" in text:
        return StateError(
            f"{url}: the store's certificate is from a CA that is not trusted here",
            hint="SSL_CERT_FILE can name the CAs to trust; a company's proxy has one of its own",
        )
    if "kind: Connect," in text:
        return StateError(
            f"{url}: could not connect to the store{_through_proxy(os.environ)}",
            hint="check its endpoint and the network",
        )
    return StateError(f"{url}: {first_words(error)}")


def is_missing_bucket(error: Exception) -> bool:
    """Tell whether the store answered that there is no such bucket. A list is refused with 404 for no other reason."""
    text = str(error)
    return any(code in text for code in _MISSING_BUCKET) or ("list request" in text and "404 Not Found" in text)


def _through_proxy(environment: Mapping[str, str]) -> str:
    """Name the proxy that the store's client takes, without its password."""
    name, proxy = store_variables.read_proxy(environment)
    try:
        host = urlsplit(proxy).netloc.rpartition("@")[2]
    except ValueError:  # no URL, of which the client takes no notice where NO_PROXY names the store
        host = ""
    return f" through the proxy {host} ({name})" if host else ""


def _profile_config(profile: AwsProfile) -> S3Config:
    config: S3Config = {}
    if profile.endpoint:
        config["endpoint"] = profile.endpoint
    if profile.region:
        config["region"] = profile.region
    return config
