"""The REST interface of `milvus_nb.server.extension`, described as OpenAPI 3.1.

The shapes are those of `milvus_nb.protocol`, as the panel gets them from a kernel.
Source: https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

import types
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from .. import protocol
from .._version import __version__
from ..profiles.profile import COLORS, KEYS

__all__ = ["description"]

_SHAPES: Final = (
    protocol.Profile,
    protocol.Profiles,
    protocol.Failure,
    protocol.Report,
    protocol.Kernels,
)

_PATH: Final = {
    "name": "path",
    "in": "query",
    "description": "The notebook: its folder, or one above it, may have a project's milvus.toml.",
    "schema": {"type": "string"},
}
_NAME: Final = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
}


def _flag(name: str, text: str) -> dict[str, Any]:
    schema = {"type": "string", "enum": ["true", "false"]}
    return {"name": name, "in": "query", "description": text, "schema": schema}


def description(root: str) -> dict[str, Any]:
    """Describe the interface.

    Parameters
    ----------
    root
        Where it is served, such as ``/milvus_nb``, or below a JupyterHub's prefix.
    """
    one = [_NAME, _PATH]
    found = _answers({"200": ("The profile", "Profile")}, "404")
    saved = {"200": ("It took the place of one", "Profile"), "201": ("It is new", "Profile")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "milvus_nb", "version": __version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": root}],
        "security": [{"token": []}],
        "paths": {
            "/kernels": {
                "get": {
                    "operationId": "kernels",
                    "summary": "What the running kernels have connected, and had before a restart",
                    "parameters": [],
                    "responses": _answers({"200": ("All that is known", "Kernels")}),
                },
            },
            "/profiles": {
                "get": {
                    "operationId": "list",
                    "summary": "The profiles, and what is wrong in their files",
                    "parameters": [_PATH],
                    "responses": _answers({"200": ("All profiles", "Profiles")}),
                },
            },
            "/profiles/{name}": {
                "get": {
                    "operationId": "read",
                    "summary": "One profile",
                    "parameters": one,
                    "responses": found,
                },
                "put": {
                    "operationId": "write",
                    "summary": "Make or replace a profile",
                    "parameters": [
                        *one,
                        _flag("project", "Whether in the project's file; default: where it is."),
                        _flag("new", "Whether one of that name is to be left alone."),
                        {
                            "name": "was",
                            "in": "query",
                            "description": "Its name until now, where it is renamed.",
                            "schema": {"type": "string"},
                        },
                    ],
                    "requestBody": _body("Fields", required=True),
                    "responses": _answers(saved, "404", "409"),
                },
                "delete": {
                    "operationId": "delete",
                    "summary": "Delete a profile, and its secret in the keyring",
                    "parameters": one,
                    "responses": _answers({"200": ("What was done", "Text")}, "404"),
                },
            },
            "/profiles/{name}/test": {
                "post": {
                    "operationId": "test",
                    "summary": "Examine the way to its server layer by layer",
                    "parameters": one,
                    "requestBody": _body("Asked", required=False),
                    "responses": _answers({"200": ("What was found", "Report")}, "404", "409"),
                },
            },
        },
        "components": {
            "schemas": {**_schemas(), "Fields": _fields(), "Asked": _ASKED, "Text": _TEXT},
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"}
            },
        },
    }


_TEXT: Final = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
_ASKED: Final = {
    "type": "object",
    "description": "`seal`: the profile's as it was shown; one that goes elsewhere meanwhile is "
    "refused. `secret`: the password or token, where it is asked for; it needs the seal. `allow`: "
    "the `permit` of a project's profile, once its user has said that it may be used.",
    "properties": {name: {"type": "string"} for name in ("secret", "seal", "allow")},
    "additionalProperties": False,
}


def _answers(good: dict[str, tuple[str, str]], *more: str) -> dict[str, Any]:
    texts = {
        "400": "The request cannot be used",
        "401": "Nobody is signed in",
        "403": "Not allowed, or not from this page",
        "404": "There is no such profile",
        "409": "There is one of that name; or it goes elsewhere now",
    }
    answers = {
        status: {"description": text, "content": _json(name)}
        for status, (text, name) in good.items()
    }
    for status in ("400", "401", "403", *more):
        # Jupyter Server's own refusals have another shape.
        answers[status] = {"description": texts[status], "content": _json(None)}
    return answers


def _body(name: str, *, required: bool) -> dict[str, Any]:
    return {"required": required, "content": _json(name)}


def _json(name: str | None) -> dict[str, Any]:
    schema = {"type": "object"} if name is None else {"$ref": f"#/components/schemas/{name}"}
    return {"application/json": {"schema": schema}}


def _fields() -> dict[str, Any]:
    """Describe what a profile is made of: all of it but its name and its file."""
    hints = get_type_hints(protocol.Profile)
    fields = {key: _schema(hints[key]) for key in KEYS}
    fields["address"] |= {"minLength": 1, "maxLength": 4096}
    fields["label"] |= {"maxLength": 40}
    fields["color"] |= {"enum": ["", *COLORS]}
    fields["secret"] |= {"pattern": "^(none|ask|keyring|env:[A-Za-z_][A-Za-z0-9_]*)$"}
    return {
        "type": "object",
        "properties": fields,
        "required": ["address"],
        "additionalProperties": False,
    }


def _schemas() -> dict[str, Any]:
    """Describe the shapes, and those that they are made of."""
    found: dict[str, Any] = {}
    waiting: list[Any] = list(_SHAPES)
    while waiting:
        kind = waiting.pop()
        if kind.__name__ in found:
            continue
        hints = get_type_hints(kind)
        found[kind.__name__] = {
            "type": "object",
            "properties": {name: _schema(hint) for name, hint in hints.items()},
            "required": sorted(kind.__required_keys__),
        }
        waiting += [part for hint in hints.values() for part in _parts(hint)]
    return found


def _parts(hint: Any) -> list[Any]:
    if is_typeddict(hint):
        return [hint]
    return [part for argument in get_args(hint) for part in _parts(argument)]


_PLAIN: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _schema(hint: Any) -> dict[str, Any]:  # noqa: PLR0911  # one a kind
    origin, arguments = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    if hint is type(None):
        return {"type": "null"}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is tuple:
        return {"type": "array", "items": {"type": "string"}, "minItems": len(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(argument) for argument in arguments]}
    return {"type": _PLAIN[hint]}
