"""The importable API: what it exports, that importing it is cheap, and that it plans and applies."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import declarative as dialctl

ROOT = Path(__file__).parents[1]

PUBLIC = {
    "Action", "ApplyReport", "DialctlError", "Exit", "Interrupted", "LeaseHeld", "LeaseLost", "ManifestError",
    "MissingKey", "Plan", "PlanFileError", "Problem", "ProviderError", "Reason", "Refused", "Session", "StateConflict",
    "StateError", "Unauthorized", "UsageError", "Verb", "__version__", "apply", "drift", "load", "plan", "status",
}  # fmt: skip

PROJECT = """
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec: {providers: {cartesia: {type: cartesia}}}
---
apiVersion: dialctl/v1
kind: Batch
metadata: {name: march}
spec:
  provider: cartesia
  agent_id: agent_Fo7pKNBUwLZxrTd6jvhpaE
  from_number_id: ap_Q8PRh7lXyZsawXJmN2KcT5
  recipients: [{to_number: "+14155550101"}, {to_number: "+14155550102"}]
"""


@pytest.fixture
def campaigns(tmp_path: Path) -> Path:
    (tmp_path / "project.yaml").write_text(PROJECT)
    return tmp_path


def test_the_public_names_are_these() -> None:
    assert set(dialctl.__all__) == PUBLIC
    assert len(dialctl.__all__) == len(PUBLIC)
    for name in dialctl.__all__:
        assert getattr(dialctl, name) is not None
    assert set(dialctl.__all__) <= set(dir(dialctl))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'aply'"):
        _ = dialctl.aply


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, declarative; print([m for m in ('polars', 'httpx', 'click', 'yaml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_load_gives_what_the_manifests_want(campaigns: Path) -> None:
    desired = dialctl.load(campaigns)
    assert list(desired.resources) == ["batch/march"]
    assert desired.resources["batch/march"].recipients.count == 2


def test_load_raises_every_problem(campaigns: Path) -> None:
    (campaigns / "project.yaml").write_text(PROJECT.replace("agent_id", "agnt_id").replace("55550102", "0"))
    with pytest.raises(dialctl.ManifestError) as raised:
        dialctl.load(campaigns)
    assert len(raised.value.problems) >= 2


def test_a_plan_is_applied_once(campaigns: Path) -> None:
    with dialctl.Session(campaigns, sandbox=True) as session:
        assert dialctl.plan(session).people_to_call == 2
        report = dialctl.apply(session, approve=lambda plan: plan.people_to_call <= 2)
        assert report.exit_code == dialctl.Exit.DONE
        (march,) = dialctl.status(session)
        assert march.people == 2
        assert dialctl.drift(session) == []
    with dialctl.Session(campaigns, sandbox=True) as session:
        assert dialctl.plan(session).people_to_call == 0


def test_an_apply_that_is_not_approved_is_refused(campaigns: Path) -> None:
    with dialctl.Session(campaigns, sandbox=True) as session:
        with pytest.raises(dialctl.Refused):
            dialctl.apply(session, approve=lambda plan: plan.people_to_call <= 1)
        assert dialctl.plan(session).people_to_call == 2


def test_the_example_in_the_readme_runs(campaigns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (example,) = [block for block in blocks if "import declarative" in block]
    assert len(example.splitlines()) <= 12
    monkeypatch.chdir(campaigns.parent)
    campaigns.rename(campaigns.parent / "campaigns")
    exec(compile(example, "README.md", "exec"), {})


def test_python_m_declarative_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "declarative", "version"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0
    assert dialctl.__version__ in done.stdout
