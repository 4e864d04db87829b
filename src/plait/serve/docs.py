"""/docs: the OpenAPI document as a page, readable without a network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from plait.serve.page import show


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address.

    Attributes:
        tag: the group it belongs to.
        method: `GET`, `POST`, ...
        path: with its parameters in braces.
        text: what it does.
        query: name -> kind of its query parameters.
        body: schema of its body; empty when it takes none.
        example: of a body.
        answers: status -> kind of the answer.
    """

    tag: str
    method: str
    path: str
    text: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    example: object
    answers: Mapping[str, str]


def router(http: FastAPI) -> APIRouter:
    """Return the route of the page about the routes of `http`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs", response_class=HTMLResponse)
    def docs() -> HTMLResponse:
        """Show every address, what it takes and what it answers."""
        document = http.openapi()
        groups: dict[str, list[Operation]] = {}
        for each in operations(document):
            groups.setdefault(each.tag, []).append(each)
        return show(
            "docs.html",
            info=document["info"],
            groups=groups,
            schemas=document["components"]["schemas"],
            kind=kind,
        )

    return routes


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield what an OpenAPI document tells of, in its order."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield Operation(
                tag=told["tags"][0],
                method=method.upper(),
                path=path,
                text=told["description"],
                query={
                    each["name"]: kind(each["schema"])
                    for each in told.get("parameters", ())
                    if each["in"] == "query"
                },
                body=body.get("schema", {}),
                example=body.get("example"),
                answers={
                    status: kind(content["schema"])
                    for status, answer in told["responses"].items()
                    for content in answer.get("content", {}).values()
                },
            )


def kind(schema: Mapping[str, Any]) -> str:
    """Return a JSON schema in a few words: `list of Prediction`, `string or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(kind, schema["anyOf"])))
    if "enum" in schema:
        return " or ".join(repr(each) for each in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    if "items" in schema:
        return f"list of {kind(schema['items'])}"
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        return f"object of {kind(values)}"
    return str(schema.get("type", "any"))
