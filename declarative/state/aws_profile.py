"""Profiles and shared files of AWS, read by boto3 (extra `dialctl[aws]`). Sends nothing to the store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from declarative.errors import StateError

if TYPE_CHECKING:
    from obstore.auth.boto3 import Boto3CredentialProvider

_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_SHARED_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


@dataclass(frozen=True)
class AwsProfile:
    """What the AWS tools would use here."""

    credentials: Boto3CredentialProvider
    """Gives keys, and new ones before they expire."""
    endpoint: str
    """Where S3 is; empty where a variable that is not boto3's says so."""
    region: str
    """Empty where none is named."""


def open_profile(environment: Mapping[str, str]) -> AwsProfile | None:
    """What a profile or shared file says; None where there is neither, or where nothing here can read them.

    A role or a login of the profile may ask AWS for keys. Raises StateError for a profile that does not exist or has
    no credentials.
    """
    profile_variable = next((name for name in _PROFILES if environment.get(name)), "")
    if not profile_variable and not any(_shared_file(name, environment).is_file() for name in _SHARED_FILES):
        return None
    if find_spec("boto3") is None:
        if profile_variable:
            raise StateError(
                f"{profile_variable} names a profile, and without boto3 dialctl reads no profiles",
                hint="pip install 'dialctl[aws]'",
            )
        return None
    return _ask_boto3(environment)


def _shared_file(variable: str, environment: Mapping[str, str]) -> Path:
    return Path(os.path.expanduser(environment.get(variable) or _SHARED_FILES[variable]))


def _ask_boto3(environment: Mapping[str, str]) -> AwsProfile:
    import boto3
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        session = boto3.Session(region_name=environment.get("AWS_REGION") or None)
        # The client is made for its endpoint alone: a profile may name another one.
        endpoint = "" if environment.get("AWS_ENDPOINT") else str(session.client("s3").meta.endpoint_url)
        credentials = Boto3CredentialProvider(session)
        return AwsProfile(credentials, endpoint, session.region_name or "")
    except BotoCoreError as error:
        hint = "aws configure list shows what there is"
        raise StateError(f"the AWS profile cannot be used: {error}", hint=hint) from None
    except ValueError:
        raise StateError(
            "neither the environment nor the AWS profile has credentials",
            hint="name another profile in AWS_PROFILE, or log in to it with aws sso login",
        ) from None
