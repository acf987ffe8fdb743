"""`majlis token`: make, list and revoke tokens of the API. A token is shown once; only its hash is kept."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec
import trio

from config import Settings
from runtime.cli.desk import limit_option, print_list
from runtime.cli.words import (
    CommandFailed,
    json_option,
    plainly,
    print_facts,
    read_settings,
    settings_options,
)
from runtime.journal.desk import open_desk_pool
from runtime.journal.handover import LABEL_MOST, checked
from runtime.journal.tokens import Tokens

R = TypeVar("R")
_DAY = 86400
_EVERYBODY = "*"  # no slug


@click.group("token")
def token() -> None:
    """Make, list and revoke tokens of the API."""


@token.command("create")
@settings_options
@click.option("--tenant", metavar="SLUG", help="Whose conversations it is for.")
@click.option("--all", "tenant", flag_value=_EVERYBODY, help="For those of all tenants.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="What it may do, e.g. conversations:read."
)
@click.option("--label", default="api", show_default=True, help="By what operators know who uses it.")
@click.option("--expires", type=click.FloatRange(0, 3650), metavar="DAYS", help="After so many days it ends.")
@json_option
@plainly
def _create(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    tenant: str | None,
    scopes: tuple[str, ...],
    label: str,
    expires: float | None,
    as_json: bool,
) -> None:
    """Make a token and print it, this once."""
    settings = read_settings(config, demo, data_dir)
    if tenant is None:
        raise click.UsageError("give --tenant, or --all")
    whose = None if tenant == _EVERYBODY else tenant
    if whose is not None and whose not in {one.slug for one in settings.tenants}:
        raise CommandFailed(f"the settings have no tenant {whose!r}")
    for scope in scopes:
        what, _, how = scope.partition(":")
        if not (what.isidentifier() and how.isidentifier() and scope.isascii()):
            raise click.UsageError(f"{scope!r} is not a scope: they read like conversations:read")
    try:
        checked("the label", label, LABEL_MOST)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    seconds = None if expires is None else expires * _DAY
    made = _at_tokens(settings, lambda tokens: tokens.create(label, whose, scopes, seconds))
    print_facts(msgspec.to_builtins(made), as_json)


@token.command("list")
@settings_options
@limit_option
@json_option
@plainly
def _list(config: Path | None, demo: bool, data_dir: Path | None, limit: int, as_json: bool) -> None:
    """List tokens, the newest first, also those that hold no more."""
    found = _at_tokens(read_settings(config, demo, data_dir), lambda tokens: tokens.listed(limit + 1))
    rows = [
        (
            t.id,
            t.label,
            t.tenant or "all",
            " ".join(t.scopes),
            t.created_at,
            t.expires_at or "",
            t.revoked_at or "",
        )
        for t in found
    ]
    print_list(
        "tokens",
        found,
        ("id", "label", "tenant", "scopes", "made", "expires", "revoked"),
        rows,
        limit,
        as_json,
    )


@token.command("revoke")
@settings_options
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**31 - 1))
@json_option
@plainly
def _revoke(config: Path | None, demo: bool, data_dir: Path | None, number: int, as_json: bool) -> None:
    """Let a token hold no more, from the next call on."""
    before = _at_tokens(read_settings(config, demo, data_dir), lambda tokens: tokens.revoke(number))
    if before is None:
        raise CommandFailed(f"there is no token {number}")
    outcome = "revoked before" if before else "revoked"
    click.echo(json.dumps({"id": number, "outcome": outcome}) if as_json else f"{number}: {outcome}")


def _at_tokens(settings: Settings, work: Callable[[Tokens], Awaitable[R]]) -> R:
    async def run() -> R:
        async with open_desk_pool(settings) as pool:
            return await work(Tokens(pool))

    return trio.run(run)
