"""The three listeners of a process: the public one for providers, the admin one for probes, a socket for operators."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial

import trio

from config import SettingsError
from runtime.channel import Request, Response
from runtime.ingress.admin import admin_endpoint
from runtime.ingress.api import PREFIX
from runtime.ingress.operator import OperatorError, operator_endpoint
from runtime.ingress.serving import HttpLimits, serve_http
from runtime.node.metrics import fields_of, metrics_page
from runtime.serve.metric_table import METRICS
from runtime.serve.place import operator_socket
from runtime.serve.process import Process

_CELLS = 1000  # of which one answer tells


async def listen(process: Process, nursery: trio.Nursery, closed: trio.Event) -> None:
    """Open the three listeners: the public one for providers, the admin one for probes, the socket for operators."""
    server = process.settings.server
    limits = HttpLimits(
        body_limit=server.body_limit,
        body_timeout=server.body_timeout,
        header_timeout=server.header_timeout,
        keep_alive=server.keep_alive,
        max_connections=server.max_connections,
    )
    public = trio.Event()

    async def serve_public(task_status: trio.TaskStatus[Sequence[str]] = trio.TASK_STATUS_IGNORED) -> None:
        await serve_http(
            process.receiver,
            bind=_bind(process, "public", server.host, server.port),
            limits=limits,
            shutdown=process.stopping,
            draining=lambda: not process.health.accepting,
            statistics=process.listening,
            task_status=task_status,
        )
        closed.set()

    admin = admin_endpoint(
        live=process.alive,
        ready=process.health.readiness,
        metrics=metrics_page((*METRICS, *process.app.metrics), process.readings),
    )

    async def serve_admin(request: Request) -> Response:
        return await (process.api if request.path.startswith(f"{PREFIX}/") else admin)(request)

    operator = operator_endpoint(
        {
            "status": partial(_status, process),
            "reload": partial(_reload, process),
            "cells": partial(_cells, process),
            "tasks": partial(_tasks, process),
        }
    )
    never = partial(serve_http, shutdown=public)
    process.addresses["operator"] = await nursery.start(
        partial(never, operator, bind=[f"unix:{operator_socket(process.settings.data_dir)}"])
    )
    process.addresses["admin"] = await nursery.start(
        partial(never, serve_admin, bind=_bind(process, "admin", server.admin_host, server.admin_port))
    )
    process.addresses["public"] = await nursery.start(serve_public)


def _bind(process: Process, name: str, host: str, port: int) -> Sequence[str]:
    """Return what a listener listens on: the sockets that the supervisor holds for it, else its address."""
    held = process.supervision.sockets.get(name, ())
    return [f"fd:{descriptor}" for descriptor in held] or [f"{host}:{port}"]


async def _status(process: Process, _arguments: Mapping[str, str]) -> object:
    """Say what this process is doing."""
    return {
        "pid": os.getpid(),
        "replica": process.replica,
        "app": process.app.name,
        "phase": process.health.phase,
        "addresses": process.addresses,
        "readiness": process.health.readiness(),
        "statistics": {name: _plain(value) for name, value in process.statistics().items()},
    }


def _plain(value: object) -> object:
    """Return statistics in a form that JSON takes: mappings by several names join them."""
    if isinstance(value, Mapping):
        return {"/".join(k) if isinstance(k, tuple) else str(k): _plain(v) for k, v in value.items()}
    fields = fields_of(value)
    return {name: _plain(inner) for name, inner in fields.items()} if fields else value


async def _cells(process: Process, arguments: Mapping[str, str]) -> object:
    """Say which of the `conversations` (ids between blanks) are in memory here, and which have been busy for longest."""
    node, limit = process.node, arguments.get("limit", "0")
    if not limit.isdecimal():
        raise OperatorError("limit must be a number")
    return {
        "replica": process.replica,
        "shards": node.leases.shards,
        "named": node.cells.view(arguments.get("conversations", "").split()),
        "busiest": node.cells.busiest(min(int(limit), _CELLS)),
    }


async def _tasks(process: Process, _arguments: Mapping[str, str]) -> object:
    """Do what SIGUSR1 does, and answer with it."""
    return await process.tasks.look()


async def _reload(process: Process, _arguments: Mapping[str, str]) -> object:
    """Do what SIGHUP does, and answer with what became of it."""
    try:
        await process.reload()
    except SettingsError as error:
        raise OperatorError(str(error)) from error
    return {"tenants": len(process.settings.tenants), "channels": len(process.settings.channels)}
