"""What was migrated, against what this program knows. Pure; the rule is `journal.migrations.plan`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runtime.app import Migration
from runtime.channel import Finding
from runtime.journal.examination import AppliedSteps
from runtime.journal.migrations import SchemaMismatch, plan


def judge_migrations(schemas: Mapping[str, Sequence[Migration]], applied: AppliedSteps) -> Iterator[Finding]:
    """Yield a finding for each namespace: pending steps are well, the next start applies them."""
    for namespace, steps in schemas.items():
        done = applied.get(namespace, {})
        name = f"migrations.{namespace}"
        try:
            pending = plan(namespace, steps, done)
        except SchemaMismatch as mismatch:
            seen, _, advice = str(mismatch).rpartition("; ")
            yield Finding(name, "fail", seen or advice, advice if seen else "start the version that made it")
            continue
        told = f"{len(done)} applied"
        if pending:
            waiting = ", ".join(f"{step.version} {step.name}" for step in pending)
            told += f"; the next serve applies {waiting}"
        yield Finding(name, "ok", told)
