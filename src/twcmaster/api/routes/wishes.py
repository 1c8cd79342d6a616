"""What people want: settings, commands, schedules."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, FastAPI, Query, Request, Response

from twcmaster.api.access import FacadeDep, House, HouseDep, Reader, Steerer, address_of
from twcmaster.api.auth.doorkeeper import Identity
from twcmaster.api.etags import IfMatch, etag, must_be_given, must_match
from twcmaster.api.problems import documented, kept
from twcmaster.api.schemas import wishes as shown
from twcmaster.api.section import Section
from twcmaster.api.views import wishes as views
from twcmaster.model.commands import Command
from twcmaster.model.settings import SITE, Settings

ScopeQuery = Annotated[str, Query(min_length=1, max_length=80, description='"site" or the key of a connector')]


async def get_settings(facade: FacadeDep, _: Reader, response: Response) -> shown.Settings:
    """All wishes."""
    return _tagged(response, facade.wishes.settings)


async def post_command(
    house: HouseDep,
    who: Steerer,
    request: Request,
    response: Response,
    command: Annotated[shown.Command, Body(openapi_examples=_examples())],
    if_match: IfMatch = None,
) -> shown.Settings:
    """Change what is wanted; the settings that result. Limits of the installation hold whatever is asked."""
    wanted = views.command_of(command, house.facade.clock())
    settings = await _do(house, who, request, wanted, if_match)
    return _tagged(response, settings)


async def get_schedule(facade: FacadeDep, _: Reader, response: Response, scope: ScopeQuery = SITE) -> shown.Schedule:
    """The windows of one scope."""
    settings = facade.wishes.settings
    response.headers["ETag"] = etag(settings.version)
    return views.schedule_view(settings, scope)


async def put_schedule(
    house: HouseDep,
    who: Steerer,
    request: Request,
    response: Response,
    schedule: shown.ScheduleIn,
    scope: ScopeQuery = SITE,
    if_match: IfMatch = None,
) -> shown.Schedule:
    """Replace the windows of one scope. If-Match is needed: two editors shall not overwrite each other."""
    must_be_given(if_match)
    settings = await _do(house, who, request, views.set_schedule(scope, schedule.windows), if_match)
    response.headers["ETag"] = etag(settings.version)
    return views.schedule_view(settings, scope)


async def _do(house: House, who: Identity, request: Request, command: Command, if_match: str | None) -> Settings:
    version = house.facade.wishes.settings.version
    must_match(if_match, version)
    with kept():
        settings = await house.facade.wishes.command(command, who.name, None if if_match is None else version)
    house.doorkeeper.audit(who.name, str(command), address_of(request))
    return settings


def _tagged(response: Response, settings: Settings) -> shown.Settings:
    response.headers["ETag"] = etag(settings.version)
    return views.settings_view(settings)


def _examples() -> dict[str, dict[str, object]]:
    return {
        "solar": {"summary": "Follow the sun", "value": {"do": "set_mode", "mode": "solar"}},
        "now": {
            "summary": "Charge one car for two hours",
            "value": {"do": "charge_now", "scope": "garage/1A2B", "amps": 16, "for_s": 7200},
        },
        "stop": {"summary": "End charge-now", "value": {"do": "cancel_charge_now", "scope": "garage/1A2B"}},
        "dim": {
            "summary": "The grid operator dims to 4.2 kW",
            "value": {"do": "save_power", "kind": "watts", "value": 4200, "source": "grid operator"},
        },
        "first": {
            "summary": "Serve this one first",
            "value": {"do": "set_priority", "scope": "garage/1A2B", "priority": 0},
        },
    }


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, prefix, "wishes")
    read, steer = documented(401, 403), documented(401, 403, 409, 412, 503)
    routes.add("/settings", get_settings, responses=read)
    routes.add("/commands", post_command, methods=["POST"], responses=steer)
    routes.add("/schedule", get_schedule, responses=read)
    routes.add("/schedule", put_schedule, methods=["PUT"], responses=steer | documented(428))
