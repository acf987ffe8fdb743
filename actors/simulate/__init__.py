"""Many people at once: signed webhooks against a running Majlis, and a verdict from outside."""

from actors.simulate.door import SimulationError
from actors.simulate.people import Plan
from actors.simulate.report import Finding, Verdict
from actors.simulate.run import Progress, simulate
from actors.simulate.verdict import judge
from runtime.testing import Ledger

__all__ = ["Finding", "Ledger", "Plan", "Progress", "SimulationError", "Verdict", "judge", "simulate"]
