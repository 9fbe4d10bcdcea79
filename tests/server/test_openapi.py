"""The description of the REST interface: that it is of what is sent; `test_server` asks for it."""

from __future__ import annotations

import types
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from milvus_nb import __version__, protocol
from milvus_nb.profiles.profile import KEYS
from milvus_nb.server.openapi import description
from milvus_nb.views.labels import COLORS

REFERENCE: Final = "#/components/schemas/"
PLAIN: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema(hint: Any) -> dict[str, Any]:
    """Give the schema of a type of the protocol."""
    origin, arguments = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return {"$ref": f"{REFERENCE}{hint.__name__}"}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema(arguments[0])}
    if origin in (Union, types.UnionType):
        return union(arguments)
    return {"type": PLAIN[hint]}


def union(kinds: tuple[Any, ...]) -> dict[str, Any]:
    if all(get_origin(kind) is tuple for kind in kinds):
        sizes = [len(get_args(kind)) for kind in kinds]
        limits = {"minItems": min(sizes), "maxItems": max(sizes)}
        return {"type": "array", "items": {"type": "string"}, **limits}
    [kind] = [kind for kind in kinds if kind is not type(None)]
    found = schema(kind)
    return (
        {"type": [found["type"], "null"]}
        if "type" in found
        else {"anyOf": [found, {"type": "null"}]}
    )


def test_the_shapes_are_those_of_the_protocol() -> None:
    """All keys of all shapes that an answer may have, their types, and which are always there."""
    described = description("/milvus_nb")["components"]["schemas"]
    own = {name: described.pop(name) for name in ("Fields", "Asked", "Text")}
    for name, found in described.items():
        kind = getattr(protocol, name)
        hints = get_type_hints(kind)
        assert found["properties"] == {key: schema(hint) for key, hint in hints.items()}, name
        assert set(found["required"]) == kind.__required_keys__, name
    fields = own["Fields"]["properties"]
    hints = get_type_hints(protocol.Profile)
    assert list(fields) == list(KEYS)
    assert all(schema(hints[key])["type"] == found["type"] for key, found in fields.items())
    assert fields["color"]["enum"] == ["", *COLORS]


def test_it_says_of_which_version_it_is_and_where_it_is_served() -> None:
    """Also below a hub's prefix."""
    found = description("/user/me/milvus_nb")
    assert found["info"]["version"] == __version__
    assert found["servers"] == [{"url": "/user/me/milvus_nb"}]


def test_who_is_not_signed_in_is_told_403() -> None:
    """As all of Jupyter Server does it: see `test_server`; its words say so."""
    for path, methods in description("/milvus_nb")["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            assert "401" not in answers, (method, path)
            assert "Nobody is signed in" in answers["403"]["description"], (method, path)
