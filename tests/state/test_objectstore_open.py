"""How a store is opened: endpoints, credentials and profiles, and the words for what is wrong with them."""

from __future__ import annotations

import os
import re
import ssl
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from obstore.exceptions import GenericError

from declarative.errors import StateError
from declarative.state.base import StoredState
from declarative.state.catalog import open_backend
from declarative.state.objectstore_open import describe_store_error, open_store
from tests.state.samples import holder, no_sleep

if TYPE_CHECKING:
    from tests.s3server import S3Server

TIMEOUT = timedelta(seconds=10)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "GOOGLE_BASE_URL", "AZURE_ENDPOINT"])
def test_keys_travel_over_plain_http_to_this_machine_only(name: str) -> None:
    with pytest.raises(StateError, match=name):
        open_store("s3://bucket/x", {name: "http://store.example.com:9000"}, timeout=TIMEOUT)
    with pytest.raises(StateError, match=name):
        open_store("s3://bucket/x", {name: "HTTP://127.0.0.1.example.com"}, timeout=TIMEOUT)
    for here in ("http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"):
        assert open_store("s3://bucket/x", {name: here}, timeout=TIMEOUT)


@pytest.mark.parametrize(
    ("url", "name", "value"),
    [
        ("az://bucket/p", "AZURE_", ""),
        ("gs://bucket/p", "GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json"),
    ],
)
def test_an_environment_that_no_store_can_be_opened_with_is_told_by_the_names_of_its_variables(
    monkeypatch: pytest.MonkeyPatch, url: str, name: str, value: str
) -> None:
    for variable in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(variable, raising=False)
    if value:
        monkeypatch.setenv(name, value)
    with pytest.raises(StateError, match="cannot be used as the environment says") as refusal:
        open_store(url, os.environ, timeout=TIMEOUT)
    assert name.split("_")[0] in refusal.value.hint


CONFIG = """\
[profile calls]
region = eu-west-1
endpoint_url = {endpoint}
[profile bare]
region = eu-west-1
[profile crooked]
endpoint_url = not a url
"""


@pytest.fixture
def profiles(s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A server that only the profile `calls` of the shared files names."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(CONFIG.format(endpoint=s3_server.environment["AWS_ENDPOINT_URL"]))
    credentials.write_text("[calls]\naws_access_key_id = OFTHEPROFILE\naws_secret_access_key = hidden\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # no machine of a cloud is asked
    return s3_server


def test_a_profile_gives_keys_and_endpoint(profiles: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "calls")
    backend = open_backend(tmp_path, f"s3://{profiles.bucket}/{tmp_path.name}")
    profiles.access_keys.clear()
    with backend.lease(holder(), 0, no_sleep):
        backend.append(b"1")
    assert backend.load().journal == (b"1",)
    assert profiles.access_keys == {"OFTHEPROFILE"}


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("nobody", r"the AWS profile cannot be used: The config profile \(nobody\) could not be found"),
        ("crooked", "the AWS profile cannot be used: Invalid endpoint"),
        ("bare", "neither the environment nor the AWS profile has credentials"),
    ],
)
def test_a_profile_that_cannot_be_used_is_told(
    profiles: S3Server, monkeypatch: pytest.MonkeyPatch, profile: str, expected: str
) -> None:
    monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(StateError, match=expected):
        open_store("s3://bucket/x", os.environ, timeout=TIMEOUT)


def test_a_login_that_is_over_is_told(profiles: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sso = "sso_start_url = https://corp.example/start\nsso_region = eu-west-1\n"
    (tmp_path / "config").write_text(
        "[profile login]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Calls\n"
        f"region = eu-west-1\n[sso-session corp]\n{sso}"
    )
    monkeypatch.setenv("AWS_PROFILE", "login")
    monkeypatch.setenv("HOME", str(tmp_path))  # where a login would be kept
    with pytest.raises(StateError, match="the AWS profile gives no credentials: Error loading SSO Token") as refusal:
        open_backend(tmp_path, "s3://calls/x").load()
    assert "\n" not in refusal.value.message
    assert "aws sso login" in refusal.value.hint


def test_a_profile_that_nothing_here_can_read_names_the_extra(
    profiles: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert open_store("s3://bucket/x", os.environ, timeout=TIMEOUT)  # shared files may be about other things
    monkeypatch.setenv("AWS_PROFILE", "calls")
    with pytest.raises(StateError, match="AWS_PROFILE names a profile") as refusal:
        open_store("s3://bucket/x", os.environ, timeout=TIMEOUT)
    assert refusal.value.hint == "pip install 'dialctl[aws]'"


def test_the_endpoint_of_a_profile_is_plain_http_on_this_machine_only(
    profiles: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "calls")
    (tmp_path / "config").write_text(CONFIG.format(endpoint="http://store.example:9000"))
    with pytest.raises(StateError, match="of the AWS profile is plain http to another machine"):
        open_store("s3://bucket/x", os.environ, timeout=TIMEOUT)


@pytest.mark.parametrize(
    ("url", "address", "expected"),
    [
        ("s3://calls/x", "http://169.254.169.254/latest/api/token", r"dialctl\[aws\]"),
        ("gs://calls/x", "http://metadata.google.internal/computeMetadata/v1/", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://calls/x", "http://169.254.169.254/metadata/identity/oauth2/token", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_missing_credentials_are_told_as_that(url: str, address: str, expected: str) -> None:
    error = GenericError(f"Generic error: Error performing GET {address} in 1s - connection refused\n\nDebug source:")
    told = describe_store_error(error, url)
    assert "holds no credentials for the store" in told.message
    assert re.search(expected, told.hint)
    assert "169.254" not in told.message


@pytest.mark.parametrize(
    ("proxy", "named"),
    [("http://user:hidden@127.0.0.1:9", " through the proxy 127.0.0.1:9 (HTTPS_PROXY)"), ("http://[::1", "")],
)
def test_a_failure_on_the_way_names_the_proxy_and_not_its_password(
    proxy: str, named: str, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9" if not named else "https://store.example")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "other.example")
    with pytest.raises(StateError) as refusal:
        open_backend(tmp_path, "s3://calls/x").load()
    assert refusal.value.message == f"s3://calls/x: could not connect to the store{named}"


def test_a_ca_that_is_not_trusted_is_told_and_ssl_cert_file_names_it(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with s3.behind_tls(context) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(StateError, match="a CA that is not trusted here") as refusal:
            open_backend(tmp_path, f"s3://{s3.bucket}/x").load()
        assert "SSL_CERT_FILE can name the CAs" in refusal.value.hint
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert open_backend(tmp_path, f"s3://{s3.bucket}/x").load() == StoredState(None)
