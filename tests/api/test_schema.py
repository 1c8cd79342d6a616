"""The description and the API agree: the document in the repository is the present one, and whatever is generated from
it is answered as it says."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.house import Served, served
from twcmaster.api import openapi
from twcmaster.model.accounts import Scope

DOCUMENT = Path(openapi.__file__).with_name("openapi.json")
EXAMPLES = 12
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def described() -> Any:
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))


def operations() -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(described()).get_all_operations():
        assert isinstance(found, Ok), found.err()
        yield found.ok()


OPERATIONS = list(operations())


@schemathesis.serializer("application/zip")
def as_it_is(_context: object, value: object) -> bytes:
    """A body that is bytes already, or whatever was generated in their place."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


class Running:
    """The API in a loop and thread of its own: schemathesis asks in ordinary functions."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.stop = asyncio.Event()
        self.ready = threading.Event()
        self.url, self.key = "", ""
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._run(folder),))

    async def _run(self, folder: Path) -> None:
        async with served(folder) as api:
            api.house.buses.hear()
            api.house.notice("info", "something happened")
            self.url, self.key = api.url, await self._token(api)
            self.ready.set()
            await self.stop.wait()

    async def _token(self, api: Served) -> str:
        _, key = await api.server.house.doorkeeper.new_token("schemathesis", Scope.ADMIN, None, "owner")
        return key

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()
        self.loop.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    api = Running(tmp_path_factory.mktemp("schema"))
    api.thread.start()
    assert api.ready.wait(30)
    yield api
    api.end()


def test_the_document_in_the_repository_is_the_present_one() -> None:
    assert openapi.document() == DOCUMENT.read_text(encoding="utf-8"), "`make openapi` writes it anew"


def test_every_operation_is_explained_and_says_how_it_fails() -> None:
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            assert operation["description"], f"{name}: no sentence says what it does"
            assert operation["tags"], name
            for status in ("400", "413", "421"):
                assert "application/problem+json" in operation["responses"][status]["content"], name
            if not path.endswith(("/health", "/auth", "/setup", "/login")):
                assert {"401", "403"} <= set(operation["responses"]), name
                assert operation["security"], name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_whatever_is_asked_is_answered_as_described(operation: Any, running: Running) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def answered(case: Any) -> None:
        if case.path.endswith("/setup/listen") and isinstance(case.body, dict):
            # It listens for as long as it is told to.
            case.body["seconds"] = 0.5
        case.call_and_validate(
            base_url=running.url, headers={"Authorization": f"Bearer {running.key}"}, checks=CHECKS, timeout=30
        )

    answered()
