"""What a collection is made of: its fields, its functions and its indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Field", "Function", "Index"]


@dataclass(frozen=True)
class Field:
    """One field of a schema.

    Attributes
    ----------
    name, description
        As in the schema.
    type
        In pymilvus's words: ``"INT64"``, ``"VARCHAR"``, ``"FLOAT_VECTOR"``, ``"ARRAY"``,
        ``"ARRAY_OF_STRUCT"``; ``"TYPE 31"`` for one that this version does not know.
    element_type
        Of an array, in the same words; else empty.
    dim
        Of a vector: numbers, or bits of a binary one; else None.
    max_length
        Of a text, in bytes; else None.
    max_capacity
        Of an array, in elements; else None.
    is_primary, auto_id, nullable, is_partition_key, is_clustering_key, is_function_output
        As in the schema; older servers know fewer of them.
    has_default, default
        Whether an absent value has one, and which.
    params
        All type parameters as the server tells them, such as ``analyzer_params``.
    fields
        Of an array of structs: what is in a struct; else empty.
    """

    name: str
    type: str
    description: str = ""
    element_type: str = ""
    dim: int | None = None
    max_length: int | None = None
    max_capacity: int | None = None
    is_primary: bool = False
    auto_id: bool = False
    nullable: bool = False
    is_partition_key: bool = False
    is_clustering_key: bool = False
    is_function_output: bool = False
    has_default: bool = False
    default: Any = None
    params: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()

    @property
    def analyzer(self) -> str:
        """The parameters of its analyzer, or ``"standard"``; empty where there is none."""
        known = dict(self.params)
        if known.get("enable_analyzer", "").lower() != "true":
            return ""
        return known.get("analyzer_params") or "standard"

    @property
    def is_vector(self) -> bool:
        """Whether it can be searched for neighbours."""
        return self.type.endswith("_VECTOR")

    @property
    def full_type(self) -> str:
        """The type with its size: ``"FLOAT_VECTOR 768"``, ``"ARRAY of VARCHAR(64), 10"``."""
        if self.type == "ARRAY":
            inner = self.element_type
            if self.max_length is not None:
                inner += f"({self.max_length:,})"
            return f"ARRAY of {inner}" + (f", {self.max_capacity:,}" if self.max_capacity else "")
        if self.dim is not None:
            return f"{self.type} {self.dim}"
        if self.max_length is not None:
            return f"{self.type}({self.max_length:,})"
        if self.max_capacity is not None:
            return f"{self.type}, {self.max_capacity:,}"
        return self.type


@dataclass(frozen=True)
class Function:
    """A function that makes one field of another.

    Attributes
    ----------
    name, description
        As in the schema.
    type
        ``"BM25"``, ``"TEXTEMBEDDING"``, ``"RERANK"``, ``"MINHASH"``; ``"TYPE 9"`` for an unknown.
    inputs, outputs
        Names of fields.
    params
        As the server tells them.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[tuple[str, str], ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Index:
    """One index.

    Attributes
    ----------
    field, name
        Of what, and its own name.
    type, metric
        Such as ``"HNSW"`` and ``"COSINE"``; empty where the server does not tell.
    params
        All others, such as ``M`` and ``efConstruction``.
    indexed_rows, total_rows
        How many rows of how many; 0 of 0 where the server does not tell.
    state
        ``"finished"``, ``"in progress"``, ``"failed"``, ``"unissued"``, ``"retry"``, or empty.
    reason
        Why it failed.
    """

    field: str
    name: str
    type: str = ""
    metric: str = ""
    params: tuple[tuple[str, str], ...] = ()
    indexed_rows: int = 0
    total_rows: int = 0
    state: str = ""
    reason: str = ""
