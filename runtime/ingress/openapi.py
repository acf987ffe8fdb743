"""The description of an API in OpenAPI 3.1, made of the table of its routes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runtime.route import File, Nothing, Route

#: What may come of any call, beside its own answer.
FAULTS: Mapping[int, str] = {
    401: "There is no token, or it holds no more.",
    403: "The token has not this scope.",
    404: "There is no such thing, or it is another tenant's.",
    409: "It is not in a state in which this can be done.",
    413: "The body is too large.",
    422: "The body is not what it should be; the error says where.",
    429: "Too many calls; Retry-After says when.",
    503: "The database is away; try again with the same key.",
    504: "It took too long; it may have happened.",
}

_BARE = (Nothing, File)


class Fault(msgspec.Struct, frozen=True):
    """Why a call was refused."""

    error: str


def describe(title: str, prefix: str, routes: Sequence[Route]) -> Mapping[str, object]:
    """Return the document; every route of the table is in it."""
    types: list[type] = list(
        dict.fromkeys(
            [
                Fault,
                *(one for route in routes for one in (route.request, route.response) if one not in _BARE),
            ]
        )
    )
    refs, components = msgspec.json.schema_components(
        types, schema_hook=_anything, ref_template="#/components/schemas/{name}"
    )
    schemas = dict(zip(types, refs, strict=True))
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        paths.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(route: Route, schemas: Mapping[type, Mapping[str, Any]]) -> Mapping[str, object]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.names
    ] + [
        {"name": name, "in": "query", "required": False, "description": what, "schema": {"type": "string"}}
        for name, what in (route.query or {}).items()
    ]
    done: dict[str, object] = {"description": "Done."}
    if route.response is File:
        done["content"] = {route.produces: {"schema": {"type": "string"}}}
    elif route.response is not Nothing:
        done["content"] = _json(schemas[route.response])
    operation: dict[str, object] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "security": [{"token": [route.scope]}],
        "parameters": parameters,
        "responses": {
            "200": done,
            **{
                str(code): {"description": what, "content": _json(schemas[Fault])}
                for code, what in FAULTS.items()
            },
        },
    }
    if route.request is not Nothing:
        operation["requestBody"] = {"required": True, "content": _json(schemas[route.request])}
    return operation


def operation_id(route: Route) -> str:
    """Return the name of a route, unique in its table."""
    words = [route.method.lower(), *(part.strip("{}") for part in route.path.split("/") if part)]
    return "_".join(words).replace("-", "_").replace(".", "_")


def _anything(kind: type) -> dict[str, Any]:
    """Describe a field of type `object`, which may hold any JSON."""
    if kind is object:
        return {"description": "any JSON"}
    raise NotImplementedError


def _json(schema: Mapping[str, Any]) -> Mapping[str, object]:
    return {"application/json": {"schema": schema}}
