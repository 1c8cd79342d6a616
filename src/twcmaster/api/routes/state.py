"""What is: the state as a whole and in parts, and health for monitors."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path, Query, Response

from twcmaster.api.access import FacadeDep, HouseDep, Reader
from twcmaster.api.etags import IfNoneMatch, etag, matches
from twcmaster.api.ports import Facade, Snapshot
from twcmaster.api.problems import ApiProblem, documented, not_found
from twcmaster.api.schemas import state as shown
from twcmaster.api.section import Section
from twcmaster.api.views import state as views

#: A decision comes every three seconds at least.
LATE_S = 10.0


async def get_state(house: HouseDep, _: Reader, if_none_match: IfNoneMatch = None) -> Response:
    """Everything that the first page shows, in one answer. /live sends the same whenever it changes."""
    encoded = house.encoder.newest()
    if encoded is None:
        raise _too_early()
    headers = {"ETag": etag(encoded.tag), "Cache-Control": "no-cache"}
    if if_none_match is not None and matches(if_none_match, encoded.tag):
        return Response(status_code=304, headers=headers)
    return Response(encoded.body, media_type="application/json", headers=headers)


async def get_connectors(facade: FacadeDep, _: Reader) -> list[shown.Connector]:
    """All wall connectors."""
    return views.connectors_view(facade, newest(facade))


async def get_connector(
    facade: FacadeDep,
    _: Reader,
    bus: Annotated[str, Path(max_length=60, examples=["garage"])],
    unit: Annotated[str, Path(max_length=4, examples=["1A2B"])],
) -> shown.Connector:
    """One wall connector."""
    found = views.connectors_view(facade, newest(facade))
    for connector in found:
        if connector.bus == bus and connector.id == unit.upper():
            return connector
    known = ", ".join(connector.key for connector in found) or "none yet"
    raise not_found(f'There is no connector "{bus}/{unit}".', f"Known: {known}.")


async def get_circuits(facade: FacadeDep, _: Reader) -> list[shown.Circuit]:
    """All circuits with what flows and what may flow."""
    snapshot = newest(facade)
    return views.circuits_view(snapshot.world, snapshot.plan)


async def get_meters(facade: FacadeDep, _: Reader) -> list[shown.Meter]:
    """All meters with their newest readings."""
    world = newest(facade).world
    return [views.meter_view(view, world.now) for view in world.readings.values()]


async def get_plan(facade: FacadeDep, _: Reader) -> shown.Plan:
    """The newest decision: who is told what, and why."""
    return views.plan_view(newest(facade))


async def get_log(
    facade: FacadeDep,
    _: Reader,
    after: Annotated[int, Query(ge=0, description="Only entries with a higher number")] = 0,
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> shown.LogPage:
    """What happened lately, newest first. Numbers begin again when `run` changes."""
    entries = [_entry(notice) for notice in reversed(facade.live.notices) if notice.number > after]
    return shown.LogPage(run=facade.run_id, entries=entries[:most])


def _entry(notice: object) -> shown.LogEntry:
    return shown.LogEntry.model_validate(notice, from_attributes=True)


async def get_health(facade: FacadeDep) -> shown.Health:
    """For monitors and load balancers; answers without login."""
    snapshot, history = facade.live.newest, facade.history.health
    age_s = None if snapshot is None else max(0.0, facade.now() - snapshot.world.now)
    fine = age_s is not None and age_s < LATE_S and history.ok
    return shown.Health(
        status="starting" if age_s is None else "ok" if fine else "degraded",
        version=facade.version,
        decision_age_s=None if age_s is None else round(age_s, 1),
        history="ok" if history.ok else "degraded",
    )


def newest(facade: Facade) -> Snapshot:
    """The newest snapshot. Raises ApiProblem in the first second of the program's life."""
    if facade.live.newest is None:
        raise _too_early()
    return facade.live.newest


def _too_early() -> ApiProblem:
    detail = "Nothing has been decided yet: the program has just started, or no bus is configured."
    return ApiProblem(503, "starting", "Starting", detail, "Try again in a second.", {"Retry-After": "1"})


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, prefix, "state")
    told = documented(401, 403, 503)
    state = {304: {"description": "Not changed since If-None-Match"}} | told
    routes.add("/state", get_state, response_model=shown.State, responses=state)
    routes.add("/connectors", get_connectors, responses=told)
    routes.add("/connectors/{bus}/{unit}", get_connector, responses=told | documented(404))
    routes.add("/circuits", get_circuits, responses=told)
    routes.add("/meters", get_meters, responses=told)
    routes.add("/plan", get_plan, responses=told)
    routes.add("/log", get_log, responses=documented(401, 403))
    routes.add("/health", get_health, responses=documented())
