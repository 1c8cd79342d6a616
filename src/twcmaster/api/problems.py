"""Every failure of a request as problem+json that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from twcmaster.api.ports import NotPossible
from twcmaster.api.schemas.problem import FieldProblem, Problem
from twcmaster.model.commands import CommandRefused

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_MOST_FIELDS = 20


@dataclass
class ApiProblem(Exception):
    """A request that fails. The words go to the client as they are."""

    status: int
    type: str
    title: str
    detail: str
    what_to_do: str
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[FieldProblem] = ()


def not_found(detail: str, what_to_do: str) -> ApiProblem:
    """404 for a thing that does not exist."""
    return ApiProblem(404, "not_found", "There is no such thing", detail, what_to_do)


@contextmanager
def kept() -> Iterator[None]:
    """Around what must reach the disk: its failure becomes a problem that says so."""
    try:
        yield
    except OSError as error:
        detail = f"Nothing has changed, because it could not be kept: {error}"
        raise ApiProblem(503, "not_kept", "Could not be kept", detail, "Mend the disk, then try again.") from error


@contextmanager
def revoked() -> Iterator[None]:
    """Around what ends somebody's access: it is ended in any case, but must reach the disk to stay so."""
    try:
        yield
    except OSError as error:
        detail = f"It opens nothing from now on, but may again after a restart: {error}"
        raise ApiProblem(503, "not_kept", "Could not be kept", detail, "Mend the disk, then try again.") from error


def too_large() -> ApiProblem:
    """413 for a body that is larger than its address takes."""
    return ApiProblem(413, "too_large", "Content Too Large", *_HTTP_WORDS[413][1:])


def response(problem: ApiProblem) -> Response:
    """The answer that tells it."""
    body = Problem(
        type=problem.type,
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        what_to_do=problem.what_to_do,
        problems=list(problem.problems),
    )
    return Response(body.model_dump_json(), problem.status, dict(problem.headers), MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for OpenAPI; 422 and the ones that every request may meet are always there."""
    return {status: _documented(status) for status in sorted({400, 413, 421, 422, *statuses})}


#: Python renamed these between its versions; the API's description does not depend on them.
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def _documented(status: int) -> dict[str, Any]:
    words = _PHRASES.get(status) or HTTPStatus(status).phrase
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def register(app: FastAPI) -> None:
    """Make `app` answer this way."""
    app.add_exception_handler(ApiProblem, _told)
    app.add_exception_handler(CommandRefused, _refused)
    app.add_exception_handler(NotPossible, _not_possible)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiProblem)  # noqa: S101 - registered for this class alone
    return response(error)


async def _refused(_: Request, error: Exception) -> Response:
    return response(
        ApiProblem(409, "refused", "This command makes no sense here", str(error), "Change it and try again.")
    )


async def _not_possible(_: Request, error: Exception) -> Response:
    hint = error.hint if isinstance(error, NotPossible) else ""
    return response(ApiProblem(409, "not_possible", "That is not possible now", str(error), hint or "Try again later."))


async def _invalid(_: Request, error: Exception) -> Response:
    details = error.errors() if isinstance(error, RequestValidationError) else ()
    problems = [FieldProblem(where=_place(detail["loc"]), text=str(detail["msg"])) for detail in details]
    shown = problems[:_MOST_FIELDS]
    detail = "; ".join(f"{problem.where}: {problem.text}" for problem in shown[:3]) or "The request cannot be read."
    todo = "Mend the fields named in `problems`; the API's description is at /api/v1/openapi.json."
    return response(ApiProblem(422, "invalid", "The request is not valid", detail, todo, problems=shown))


def _place(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location)


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}
    kind, detail, todo = _HTTP_WORDS.get(status, ("http", HTTPStatus(status).phrase, "Check the request."))
    return response(ApiProblem(status, kind, HTTPStatus(status).phrase, detail, todo, headers))


_HTTP_WORDS = {
    400: ("malformed", "The request cannot be read.", "Send JSON as UTF-8, with Content-Type: application/json."),
    404: ("not_found", "There is nothing at this address.", "The API's description is at /api/v1/openapi.json."),
    405: ("method", "This address does not take this method.", "The Allow header names those that it takes."),
    413: ("too_large", "The request is larger than anything this address has use for.", "Send less."),
}


async def _gone(_: Request, __: Exception) -> Response:
    """Whoever asked has hung up: nobody hears this, and nothing is wrong here."""
    return Response(status_code=400)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed, please report this", request.method, request.url.path, exc_info=error)
    detail = "The program met something it did not expect. Charging goes on."
    return response(
        ApiProblem(500, "unexpected", "An error of the program", detail, "The log says more; please report it.")
    )
