"""Contract suites for authors of providers and of lock backends, to be called from their own tests.

    check_provider(my_package.my_provider, MyWorld())
    check_backend(lambda name: MyBackend(directory / name))

Each returns a report of what was checked and what was skipped, and raises ContractViolation with every broken rule.
"""

from __future__ import annotations

from declarative.testing.backend import check_backend
from declarative.testing.contract import ContractReport, ContractViolation, NotSupported
from declarative.testing.provider import check_provider
from declarative.testing.world import Fault, FaultKind, World

__all__ = [
    "ContractReport",
    "ContractViolation",
    "Fault",
    "FaultKind",
    "NotSupported",
    "World",
    "check_backend",
    "check_provider",
]
