"""The files of config/deploy fit the settings, the signals and the exit codes of the program, and systemd reads them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
import yaml
from msgspec import Meta

from config import Node, Server, Settings, load
from runtime.resources.postgres import CLOSE_TIMEOUT
from runtime.serve.reports import CLOSING

DEPLOY = Path(__file__).parents[2] / "config" / "deploy"
SERVICE, SOCKET = (DEPLOY / "majlis.service").read_text(), (DEPLOY / "majlis.socket").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()


def directives(unit: str) -> dict[str, list[str]]:
    """Return the directives of a unit, by name; each may be there more than once."""
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        if line and line[0] not in "#[":
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


# ── systemd ───────────────────────────────────────────────────────────


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with commands that exist here, for systemd looks at them."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here (Debian: apt-get install systemd, which starts nothing)")
    for name, text in (("majlis.service", SERVICE), ("majlis.socket", SOCKET)):
        (tmp_path / name).write_text(text.replace("/usr/local/bin/majlis", "/bin/true"))
    return tmp_path


def analyze(*words: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own words
        ["systemd-analyze", *words],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


def test_systemd_finds_no_fault_in_the_units(units: Path) -> None:
    assert analyze("verify", "--man=no", str(units / "majlis.service"), str(units / "majlis.socket")) == ""


def test_systemd_finds_that_the_service_is_exposed_to_little(units: Path) -> None:
    told = analyze("security", "--offline=true", "--threshold=20", str(units / "majlis.service"))
    assert "exposure level for majlis.service" in told


def test_a_mistake_in_a_unit_would_be_found(units: Path) -> None:
    unit = units / "majlis.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=30", "WatchdogSec=often"))
    assert "Failed to parse sec value, ignoring: often" in analyze("verify", "--man=no", str(unit))


def test_the_times_of_the_service_fit_the_settings() -> None:
    unit, node = directives(SERVICE), Node()
    assert int(unit["TimeoutStopSec"][0]) >= node.ready_delay + node.shutdown_timeout + CLOSING
    assert unit["Type"] == ["notify"]
    assert int(unit["WatchdogSec"][0]) >= 10
    assert int(unit["LimitNOFILE"][0]) >= 10 * Server().max_connections
    assert unit["KillMode"] == ["mixed"]
    assert "majlis.socket" in unit["Wants"][0]


def test_the_exit_codes_of_the_service_are_those_that_readme_tells() -> None:
    unit = directives(SERVICE)
    readme = (DEPLOY.parents[1] / "README.md").read_text()
    assert unit["RestartPreventExitStatus"] == ["2"]
    assert "| 2 | `not started` | wrong words or settings |" in readme
    assert unit["SuccessExitStatus"] == ["3"]
    assert "| 3 | `work left` | stopped with work left, all of it durable" in readme


def test_the_socket_is_the_public_listener_of_the_settings() -> None:
    unit, server = directives(SOCKET), Server()
    assert unit["FileDescriptorName"] == ["public"]
    assert unit["ListenStream"] == [f"{server.host}:{server.port}"]


# ── Kubernetes ────────────────────────────────────────────────────────

# What the API server asks for, of the fields that are used here: unknown fields and wrong types are errors.
Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z", max_length=63)]
Labels = dict[str, str]
Port = Annotated[int, Meta(ge=1, le=65535)]


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An object without any other field."""


class Metadata(Strict):
    name: Name
    labels: Labels


class Selector(Strict):
    match_labels: Labels


class Get(Strict):
    path: str
    port: Name


class Probe(Strict):
    http_get: Get
    period_seconds: Annotated[int, Meta(ge=1)] = 10
    timeout_seconds: Annotated[int, Meta(ge=1)] = 1
    failure_threshold: Annotated[int, Meta(ge=1)] = 3


class ContainerPort(Strict):
    name: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,15}\Z")]
    container_port: Port


class Drop(Strict):
    drop: list[str]


class ContainerSecurity(Strict):
    allow_privilege_escalation: Literal[False]
    read_only_root_filesystem: Literal[True]
    capabilities: Drop


class Resources(Strict):
    requests: dict[Literal["cpu", "memory"], str]
    limits: dict[Literal["cpu", "memory"], str]


class Mount(Strict):
    name: Name
    mount_path: str
    read_only: bool = False


class Container(Strict):
    name: Name
    image: str
    args: list[str]
    ports: list[ContainerPort]
    startup_probe: Probe
    liveness_probe: Probe
    readiness_probe: Probe
    resources: Resources
    security_context: ContainerSecurity
    volume_mounts: list[Mount]


class ConfigMapSource(Strict):
    name: Name


class SecretSource(Strict):
    secret_name: Name
    default_mode: int


class EmptyDir(Strict):
    size_limit: str
    medium: Literal["", "Memory"] = ""


class Volume(Strict):
    name: Name
    config_map: ConfigMapSource | None = None
    secret: SecretSource | None = None
    empty_dir: EmptyDir | None = None


class Profile(Strict):
    type: Literal["RuntimeDefault"]


class PodSecurity(Strict):
    run_as_non_root: Literal[True]
    run_as_user: Annotated[int, Meta(ge=1000)]
    run_as_group: int
    fs_group: int
    seccomp_profile: Profile


class Spread(Strict):
    max_skew: int
    topology_key: str
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    label_selector: Selector


class PodSpec(Strict):
    termination_grace_period_seconds: int
    automount_service_account_token: Literal[False]
    enable_service_links: Literal[False]
    security_context: PodSecurity
    topology_spread_constraints: list[Spread]
    containers: list[Container]
    volumes: list[Volume]


class PodMetadata(Strict):
    labels: Labels


class Pod(Strict):
    metadata: PodMetadata
    spec: PodSpec


class Rolling(Strict):
    max_unavailable: int
    max_surge: int


class Strategy(Strict):
    type: Literal["RollingUpdate"]
    rolling_update: Rolling


class DeploymentSpec(Strict):
    replicas: int
    selector: Selector
    strategy: Strategy
    template: Pod


class Deployment(Strict):
    api_version: Literal["apps/v1"]
    kind: Literal["Deployment"]
    metadata: Metadata
    spec: DeploymentSpec


class ServicePort(Strict):
    name: Name
    port: Port
    target_port: Name


class ServiceSpec(Strict):
    selector: Labels
    ports: list[ServicePort]


class Service(Strict):
    api_version: Literal["v1"]
    kind: Literal["Service"]
    metadata: Metadata
    spec: ServiceSpec


class BudgetSpec(Strict):
    min_available: int
    selector: Selector


class Budget(Strict):
    api_version: Literal["policy/v1"]
    kind: Literal["PodDisruptionBudget"]
    metadata: Metadata
    spec: BudgetSpec


class ConfigMap(Strict):
    api_version: Literal["v1"]
    kind: Literal["ConfigMap"]
    metadata: Metadata
    data: dict[str, str]


KINDS: Mapping[str, type[Strict]] = {
    "ConfigMap": ConfigMap,
    "Deployment": Deployment,
    "Service": Service,
    "PodDisruptionBudget": Budget,
}


class Manifest:
    """What kubernetes.yml holds, by kind."""

    def __init__(self, text: str) -> None:
        documents: list[Any] = list(yaml.safe_load_all(text))
        assert sorted(one["kind"] for one in documents) == sorted(KINDS)
        found = {one["kind"]: msgspec.convert(one, KINDS[one["kind"]]) for one in documents}
        self.config: ConfigMap = found["ConfigMap"]
        self.deployment: Deployment = found["Deployment"]
        self.service: Service = found["Service"]
        self.budget: Budget = found["PodDisruptionBudget"]
        self.pod = self.deployment.spec.template.spec
        (self.container,) = self.pod.containers


@pytest.fixture
def manifest() -> Manifest:
    return Manifest((DEPLOY / "kubernetes.yml").read_text())


@pytest.fixture
def settings(manifest: Manifest, tmp_path: Path) -> Settings:
    """The settings of the manifest's configuration, with secrets where its volume would put them."""
    (mount,) = [m for m in manifest.container.volume_mounts if m.name == "secrets"]
    texts = {
        "postgres-url": "postgresql://majlis:secret@postgres.example.com/majlis",
        "redis-url": "redis://redis.example.com/0",
        "app-secret": "app",
        "verify-token": "verify",
        "access-token": "access",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    toml = manifest.config.data["majlis.toml"].replace(mount.mount_path, str(tmp_path))
    (tmp_path / "majlis.toml").write_text(toml)
    return load(config=tmp_path / "majlis.toml", environ={"MAJLIS_DATA_DIR": str(tmp_path)})


def test_the_manifest_has_the_fields_that_the_api_asks_for_and_no_other(manifest: Manifest) -> None:
    labels = manifest.deployment.spec.template.metadata.labels
    for wanted in (
        manifest.deployment.spec.selector.match_labels,
        manifest.service.spec.selector,
        manifest.budget.spec.selector.match_labels,
    ):
        assert wanted.items() <= labels.items()
    assert manifest.deployment.spec.replicas >= 2 > manifest.budget.spec.min_available
    with pytest.raises(msgspec.ValidationError, match="terminationGracePeriod"):
        Manifest((DEPLOY / "kubernetes.yml").read_text().replace("PeriodSeconds: 60", "Period: 60"))


def test_the_settings_of_the_manifest_are_valid_and_of_no_embedded_server(settings: Settings) -> None:
    assert settings.postgres.url
    assert settings.redis.url
    assert (settings.server.host, settings.server.admin_host) == ("0.0.0.0", "0.0.0.0")  # noqa: S104
    assert not settings.postgres.backup_before_migration  # its data_dir does not outlive the pod
    assert len(settings.channels) == len(settings.tenants) == 1


def test_a_stop_has_the_time_that_it_takes(manifest: Manifest, settings: Settings) -> None:
    ready, node = manifest.container.readiness_probe, settings.node
    assert ready.http_get.path == "/readyz"
    assert ready.period_seconds * ready.failure_threshold < node.ready_delay
    margin = manifest.pod.termination_grace_period_seconds - node.ready_delay - node.shutdown_timeout
    assert margin >= 3 * CLOSE_TIMEOUT  # three pools, and no embedded server


def test_only_a_stuck_loop_restarts_a_pod_and_the_admin_port_is_not_served(
    manifest: Manifest, settings: Settings
) -> None:
    container = manifest.container
    ports = {port.name: port.container_port for port in container.ports}
    assert ports == {"public": settings.server.port, "admin": settings.server.admin_port}
    assert {probe.http_get.path for probe in (container.startup_probe, container.liveness_probe)} == {
        "/livez"
    }
    assert {
        probe.http_get.port
        for probe in (container.startup_probe, container.liveness_probe, container.readiness_probe)
    } == {"admin"}
    assert [port.target_port for port in manifest.service.spec.ports] == ["public"]
    start = container.startup_probe
    assert start.period_seconds * start.failure_threshold >= 120  # migrations


def test_every_mount_is_of_a_volume_and_what_is_written_to_can_be(manifest: Manifest) -> None:
    volumes = {volume.name: volume for volume in manifest.pod.volumes}
    mounts = {mount.name: mount for mount in manifest.container.volume_mounts}
    assert volumes.keys() == mounts.keys()
    writable = {mount.mount_path for mount in mounts.values() if not mount.read_only}
    assert writable == {"/var/lib/majlis", "/tmp"}
    assert f"MAJLIS_CONFIG={mounts['config'].mount_path}/majlis.toml " in dict(instructions())["ENV"]
    assert volumes["secrets"].secret is not None
    assert volumes["secrets"].secret.default_mode & 0o007 == 0


# ── the container ─────────────────────────────────────────────────────


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile, in order, continued lines joined."""
    text = re.sub(r"\\\n", "", "\n".join(x for x in CONTAINER.splitlines() if not x.startswith("#")))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]


def test_the_container_runs_the_program_as_nobody_special_and_passes_signals(manifest: Manifest) -> None:
    found = dict(instructions())
    assert re.fullmatch(r"(\d+):\1", found["USER"])
    assert int(found["USER"].split(":")[0]) == manifest.pod.security_context.run_as_user
    assert json.loads(found["ENTRYPOINT"]) == ["/usr/local/bin/majlis"]
    assert json.loads(found["CMD"]) == manifest.container.args == ["serve"]
    assert found["STOPSIGNAL"] == "SIGTERM"
    assert found["VOLUME"] == "/var/lib/majlis"
    assert "HEALTHCHECK" not in found


def test_the_program_is_unpacked_into_the_image_by_the_user_that_runs_it() -> None:
    order = [name for name, _ in instructions()]
    unpacking = [place for place, (name, text) in enumerate(instructions()) if "version" in text]
    assert len(unpacking) == 1
    assert order.index("COPY") < order.index("USER") < order.index("ENV") < unpacking[0]
    stop = re.search(r"--stop-timeout (\d+)", CONTAINER)
    assert stop is not None
    assert int(stop[1]) >= Node().ready_delay + Node().shutdown_timeout + CLOSING
