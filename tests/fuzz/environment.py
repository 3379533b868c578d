"""Environment variables. An input is a JSON object of names and values."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from hypothesis import strategies as st

from declarative.errors import ProviderError
from declarative.model.resource import ProviderSpec
from declarative.providers import catalog
from declarative.providers.base import ConnectOptions
from tests.fuzz.commands import run_told
from tests.fuzz.search import Check, Surface
from tests.project_fixture import ADA, BATCH, BEN, PROJECT, ProjectFixture

_NAMES = (
    "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY", "NO_PROXY",
    "AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_ALLOW_HTTP", "GOOGLE_APPLICATION_CREDENTIALS",
    "TZ", "LANG", "LC_ALL", "LANGUAGE", "COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "TMPDIR", "HOME",
    "XDG_CACHE_HOME", "USER", "LOGNAME", "CI", "GITHUB_ACTIONS", "GITHUB_ACTOR", "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ID", "GITLAB_USER_LOGIN", "CI_JOB_URL", "BUILD_URL", "GIT_DIR", "GIT_WORK_TREE", "POLARS_MAX_THREADS",
    "POLARS_VERBOSE", "POLARS_FMT_MAX_COLS", "DIALCTL_PERSON_KEY", "DIALCTL_RECIPIENTS", "DIALCTL_VAR_X",
    "DIALCTL_SANDBOX",
    "DIALCTL_VERBOSE", "DIALCTL_QUIET", "DIALCTL_COLOR", "DIALCTL_PLAN_TARGET", "DIALCTL_PLAN_FORMAT",
    "DIALCTL_PLAN_PARALLELISM", "DIALCTL_PLAN_JSON", "DIALCTL_APPLY_MAX_DIALS", "DIALCTL_APPLY_WAIT",
    "DIALCTL_APPLY_LOCK_TIMEOUT", "CARTESIA_API_KEY", "CARTESIA_BASE_URL", "CALLINGBOX_API_KEY", "CALLINGBOX_BASE_URL",
)  # fmt: skip
"""What dialctl, the libraries that it uses, or a runner reads. Not those that could name a host to connect to."""
_VALUES = (
    "", " ", "0", "1", "-1", "true", "no", "nan", "1e9", "9" * 30, "\udcff\udcfe", "é", "名", "\x1b]0;x\x07", "a\nb",
    "::error::x", "..", "/", "/nope", "/dev/null", "/etc/hostname", "relative/path", "~", "a" * 5000, "http://", "://",
    "socks5://x:1", "ftp://x", "http://[::1", "http://x:99999999", "http://user:pass@x:1", "xn--", "Mars/Olympus",
    "America/New_York", "C", "POSIX", "xx_XX.utf-16", "dumb", "s3://b/p", "file:///etc", "{}", "[]", "%s", "$(id)",
    "sk_é",
)  # fmt: skip
_INPUTS = st.dictionaries(st.sampled_from(_NAMES), st.sampled_from(_VALUES), min_size=1, max_size=6).map(
    lambda values: orjson.dumps({name: os.fsencode(value).decode("latin-1") for name, value in values.items()})
)
"""Bytes of values are written as letters of Latin-1."""


@contextmanager
def _variables(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        os.environ.update(values)
        time.tzset()
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        time.tzset()


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    project = ProjectFixture(folder / "project")
    project.root.mkdir()
    project.write(project_yaml=PROJECT, batch_yaml=BATCH)
    project.people(ADA, BEN)
    where = ("-C", str(project.root))

    def check(content: bytes) -> None:
        values = {name: os.fsdecode(value.encode("latin-1")) for name, value in orjson.loads(content).items()}
        with _variables(values):
            run_told(*where, "validate", exits=(0, 1, 64))
            run_told(*where, "--sandbox", "plan", "--json", exits=(0, 1, 2, 3, 64))
            run_told(*where, "--sandbox", "apply", "-y", exits=(0, 1, 2, 3, 64))
            run_told("--version")
            _connect(values)

    yield check


def _connect(values: dict[str, str]) -> None:
    """Make everything that a connection needs. Nothing is sent."""
    keys = {"CARTESIA_API_KEY": "sk_1", "CALLINGBOX_API_KEY": "sk_1"} | values
    for name in ("cartesia", "callingbox"):
        try:
            catalog.connect(ProviderSpec(name, name, None), ConnectOptions(environment=keys)).close()
        except ProviderError as problem:
            if "sk_1" in str(problem):
                raise AssertionError("a key is shown") from problem


ENVIRONMENT = Surface("environment", _INPUTS, _open, examples=12)
