"""The API's own description: every failure is a problem document, and says so."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serve.cases.grid import GridFile
from serve.errors import MEDIA_TYPE
from serve.messages import ViolationMessage
from serve.openapi_examples import EXAMPLES

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457); `type` is stable.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "example": {
        "type": "https://streetwarden.org/problems/unknown-event",
        "title": "No such event",
        "status": 404,
        "detail": "event: got 'evt-9'; no event of that id was reported",
    },
}
_ANSWER = {
    "description": "A problem document",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_REF = "#/components/schemas/{model}"
_METHODS = frozenset({"get", "put", "post", "patch", "delete", "head", "options"})


def describe_problems(app: FastAPI) -> None:
    """Make the app's OpenAPI document say what its failures look like."""

    def document() -> dict[str, object]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                servers=app.servers or None,
            )
            _describe_shapes(
                made.setdefault("components", {}).setdefault("schemas", {})
            )
            _describe_failures(made["paths"])
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented hook


def _describe_shapes(schemas: dict[str, Any]) -> None:
    schemas["Problem"] = PROBLEM
    # Read by their routes themselves: the framework does not know of them.
    for model in (ViolationMessage, GridFile):
        shape = model.model_json_schema(ref_template=_REF)
        schemas.update(shape.pop("$defs"))
        schemas[model.__name__] = shape
    for name in EXAMPLES.keys() & schemas.keys():
        schemas[name]["examples"] = [EXAMPLES[name]]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _describe_failures(paths: dict[str, Any]) -> None:
    for path in paths.values():
        for method in _METHODS & path.keys():
            answers = path[method]["responses"]
            answers.pop("422", None)
            answers["4XX"] = _ANSWER
            answers["5XX"] = _ANSWER
