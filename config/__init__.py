"""The settings: typed, frozen, validated once.

Both floors above read them; only this package reads the environment.
"""

from config.demo import kept_demo_secrets
from config.environ import child_environment, environment
from config.faults import SettingsError, did_you_mean
from config.installation import ShadowedPackage, check_packages
from config.loading import load
from config.payload import enter_payload, payload
from config.rules import is_loopback
from config.settings import (
    Brain,
    Channel,
    Media,
    Node,
    Postgres,
    Redis,
    Retention,
    Secret,
    Server,
    Settings,
    TemplateKey,
    Tenant,
)
from config.showing import render_toml, show
from config.supervision import Supervision, take_supervision

__all__ = [
    "Brain",
    "Channel",
    "Media",
    "Node",
    "Postgres",
    "Redis",
    "Retention",
    "Secret",
    "Server",
    "Settings",
    "SettingsError",
    "ShadowedPackage",
    "Supervision",
    "TemplateKey",
    "Tenant",
    "check_packages",
    "child_environment",
    "did_you_mean",
    "enter_payload",
    "environment",
    "is_loopback",
    "kept_demo_secrets",
    "load",
    "payload",
    "render_toml",
    "show",
    "take_supervision",
]
