"""The web application, put together. Importing this costs about a second: never on the way to the first heartbeat."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from twcmaster.api import problems
from twcmaster.api.access import House
from twcmaster.api.limits import LARGEST_REQUEST_BYTES
from twcmaster.api.routes import auth, backup, buses, history, live, setup, state, wishes
from twcmaster.api.schemas.problem import Problem

PREFIX = "/api/v1"
_DESCRIPTION = """\
Everything that the page can do, a program can do too.

* **Login**: `Authorization: Bearer TOKEN`, made under More, Access, or the cookie of a browser that is logged in.
* **Units** are in the names: `_a` amps per phase conductor, `_w` watts, `_kwh`, `_s` seconds.
* **`null`** means "not known", never 0.
* **Errors** are `application/problem+json` with `what_to_do`.
* **Live**: WebSocket `/api/v1/live` sends the state whenever it changes, `/api/v1/buses/{bus}/live` a bus's frames.
* **ETag / If-Match**: writes that replace something whole want the ETag of what they replace.
"""


def build(version: str, house: House | None = None) -> FastAPI:
    """The application. Without a house it can only describe itself."""
    app = FastAPI(
        title="twcmaster",
        version=version,
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=LARGEST_REQUEST_BYTES,
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    problems.register(app)
    for part in (state, wishes, buses, live, history, auth, setup, backup):
        part.add_to(app, PREFIX)
    app.state.house = house
    return app


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document["components"]["schemas"]
    schemas.update(_problem_schemas())
    _use_our_errors(document)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts: dict[str, Any] = schema.pop("$defs")
    return parts | {"Problem": schema}


def _use_our_errors(document: dict[str, Any]) -> None:
    """The framework describes 422 in a shape that is never sent."""
    ours = problems.documented()[422]
    for path in document["paths"].values():
        for operation in path.values():
            if "422" in operation.get("responses", {}):
                operation["responses"]["422"] = ours
