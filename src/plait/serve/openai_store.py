"""Shapes of OpenAI's files and vector stores, for the OpenAPI document alone, as in `shape`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from plait.serve.openai import json_body


@dataclass
class File:
    """A file that was uploaded."""

    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: Literal["processed"]


@dataclass
class Files:
    """A page of them."""

    object: Literal["list"]
    data: Sequence[File]
    first_id: str | None
    last_id: str | None
    has_more: bool


@dataclass
class Deleted:
    """What is gone."""

    id: str
    object: str
    deleted: Literal[True]


BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "title": "Upload",
                    "type": "object",
                    "required": ["file", "purpose"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "purpose": {"enum": ["assistants", "user_data"]},
                    },
                }
            }
        },
    }
}


@dataclass
class FileCounts:
    """How many documents there are."""

    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int


@dataclass
class VectorStore:
    """A collection of documents."""

    id: str
    object: Literal["vector_store"]
    created_at: int
    name: str
    status: Literal["completed"]
    usage_bytes: int
    file_counts: FileCounts
    metadata: Mapping[str, str]
    last_active_at: int | None
    expires_after: None
    expires_at: None


@dataclass
class VectorStores:
    """A page of them."""

    object: Literal["list"]
    data: Sequence[VectorStore]
    first_id: str | None
    last_id: str | None
    has_more: bool


@dataclass
class StoreFile:
    """A document of a collection; its id is that of the file it was made from."""

    id: str
    object: Literal["vector_store.file"]
    created_at: int
    vector_store_id: str
    status: Literal["completed"]
    last_error: None
    usage_bytes: int
    attributes: Mapping[str, str]


@dataclass
class StoreFiles:
    """A page of them."""

    object: Literal["list"]
    data: Sequence[StoreFile]
    first_id: str | None
    last_id: str | None
    has_more: bool


@dataclass
class Place:
    """Where a passage stands: offsets in characters, the page from 1, headings highest first."""

    document: str
    start: int
    end: int
    page: int | None
    headings: Sequence[str]


@dataclass
class SearchResult:
    """A passage that was found."""

    file_id: str
    filename: str
    score: float
    attributes: Mapping[str, str]
    content: Sequence[Mapping[str, str]]
    plait: Place


@dataclass
class SearchResults:
    """The passages that answer a question, the best first."""

    object: Literal["vector_store.search_results.page"]
    search_query: Sequence[str]
    data: Sequence[SearchResult]
    has_more: bool
    next_page: None


_NOTES = {"type": "object", "description": "Up to 16 texts, numbers or truths."}
STORE_BODY = json_body(
    "Store", {"name": {"type": "string", "default": ""}, "metadata": _NOTES}, {"name": "policies"}
)
STORE_BODY["requestBody"]["content"]["application/json"]["schema"]["required"] = []
ATTACH_BODY = json_body(
    "Attach",
    {"file_id": {"type": "string", "description": "Of an upload."}, "attributes": _NOTES},
    {"file_id": "file_019aad1c6b1f3c5d0f4b8a97e2d1c6b3"},
)
SEARCH_BODY = json_body(
    "Search",
    {
        "query": {"type": "string"},
        "max_num_results": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
        "filters": {
            "type": "object",
            "description": "What attributes must be: `eq`, or `and` of several.",
        },
    },
    {"query": "How long is an offer valid?"},
)
