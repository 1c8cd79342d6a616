"""What was: series for charts, energy per period, sessions; all of it as CSV, too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from twcmaster.api.access import FacadeDep, Reader
from twcmaster.api.ports import Facade
from twcmaster.api.problems import ApiProblem, documented
from twcmaster.api.schemas import history as shown
from twcmaster.api.section import Section
from twcmaster.api.views import history as views

FIRST_YEAR, LAST_YEAR = 1990, 2199
MOST_POINTS = 6_000
#: Of a file.
MOST_ROWS = 30_000
#: A query is text, and a literal number takes none.
Step = Annotated[Literal[10, 60, 900, 3600, 86400], BeforeValidator(int)]


def _in_range(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"must be a year from {FIRST_YEAR} to {LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
Start = Annotated[Moment | None, Query(alias="from", description="Default: 24 hours before `to`")]
End = Annotated[Moment | None, Query(alias="to", description="Default: now")]
StepQuery = Annotated[Step | None, Query(description="Seconds per interval; default: what suits the time asked for")]
Most = Annotated[int, Query(ge=1, le=500)]
BeforeId = Annotated[int | None, Query(ge=1, le=2**53)]


async def get_series(
    facade: FacadeDep, _: Reader, start: Start = None, end: End = None, step_s: StepQuery = None
) -> Response:
    """Means per interval. Old times are kept in wider intervals: 10 s for 3 days, 1 min for 90, 15 min for ever."""
    first, last = _span(facade, start, end)
    with _readable():
        series = await facade.history.series(first, last, _step(first, last, step_s, MOST_POINTS))
    # Tens of thousands of numbers: not in the loop that heartbeats go through.
    body = await asyncio.to_thread(lambda: views.series(series).model_dump_json())
    return Response(body, media_type="application/json")


async def get_series_csv(
    facade: FacadeDep, _: Reader, start: Start = None, end: End = None, step_s: StepQuery = None
) -> Response:
    """The same as CSV."""
    first, last = _span(facade, start, end)
    with _readable():
        series = await facade.history.series(first, last, _step(first, last, step_s, MOST_ROWS))
    return _csv(views.series_csv(series, facade.clock().tzinfo), "series.csv")


async def get_energy(
    facade: FacadeDep,
    _: Reader,
    period: Literal["day", "week", "month", "year"] = "day",
    on: Annotated[date | None, Query(alias="date", description="Any day of the period; default: today")] = None,
) -> shown.Summary:
    """Energy of a day by hours, of a week or month by days, of a year by months."""
    if on is not None and not FIRST_YEAR <= on.year <= LAST_YEAR:
        detail = f"{on} is not within {FIRST_YEAR} to {LAST_YEAR}."
        raise ApiProblem(422, "invalid", "No such time", detail, "Ask for a year in that range.")
    edges = views.edges(period, on or facade.clock().date(), facade.clock().tzinfo)
    with _readable():
        parts = await facade.history.energy(edges)
    return views.summary(period, parts, _currency(facade))


async def get_sessions(
    facade: FacadeDep, _: Reader, start: Start = None, end: End = None, before: BeforeId = None, most: Most = 50
) -> shown.Sessions:
    """Charging sessions, newest first. Without `from`: all."""
    first = start or datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    last = end or facade.clock() + timedelta(days=1)
    with _readable():
        found = await facade.history.sessions(first, last, before, most)
    return views.sessions(found, most, _currency(facade))


async def get_sessions_csv(facade: FacadeDep, _: Reader, start: Start = None, end: End = None) -> Response:
    """All sessions of a time as CSV."""
    first = start or datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    last = end or facade.clock() + timedelta(days=1)
    with _readable():
        found = await facade.history.sessions(first, last, None, MOST_ROWS)
    lines = views.sessions_csv(found, facade.clock().tzinfo, _currency(facade))
    return _csv(lines, "sessions.csv")


def _currency(facade: Facade) -> str | None:
    newest = facade.live.newest
    prices = newest.world.site.energy.prices if newest else None
    return prices.currency if prices else None


def _span(facade: Facade, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    last = end or facade.clock()
    first = start or last - timedelta(days=1)
    if first >= last:
        detail = f"`from` ({first.isoformat()}) must be before `to` ({last.isoformat()})."
        raise ApiProblem(422, "invalid", "No such time", detail, "Turn them round, or leave one out.")
    return first, last


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = f"The history cannot be read: {error}"
        raise ApiProblem(503, "no_history", "No history now", detail, "Charging goes on. Mend the disk.") from error


def _step(first: datetime, last: datetime, asked_s: int | None, most: int) -> int:
    seconds = (last - first).total_seconds()
    if asked_s is None:
        return next((step for step, up_to in _SUITABLE if seconds <= up_to), 86400)
    if seconds / asked_s > most:
        detail = f"{seconds / asked_s:.0f} intervals are more than one answer has ({most})."
        raise ApiProblem(422, "invalid", "Too much at once", detail, "Ask for wider intervals or a shorter time.")
    return asked_s


#: Interval width, and the longest time that it suits.
_SUITABLE = ((10, 6 * 3600), (60, 4 * 86400), (900, 60 * 86400), (3600, 400 * 86400))


def _csv(lines: Iterator[str], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, f"{prefix}/history", "history")
    told = documented(401, 403, 503)
    table = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}} | told
    routes.add("/series", get_series, response_model=shown.Series, responses=told)
    routes.add("/series.csv", get_series_csv, responses=table, response_class=StreamingResponse)
    routes.add("/energy", get_energy, responses=told)
    routes.add("/sessions", get_sessions, responses=told)
    routes.add("/sessions.csv", get_sessions_csv, responses=table, response_class=StreamingResponse)
