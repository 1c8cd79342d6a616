"""The config file, and what the setup flow needs: ports, listening, trying a meter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response

from twcmaster.api.access import Admin, FacadeDep, HouseDep, address_of
from twcmaster.api.etags import IfMatch, etag, must_be_given, must_match
from twcmaster.api.ports import ConfigProblem, ConfigView, Heard
from twcmaster.api.problems import documented
from twcmaster.api.routes.auth import confirmed
from twcmaster.api.schemas import setup as shown
from twcmaster.api.section import Section
from twcmaster.api.views.heard import finding
from twcmaster.config.secrets import without_secrets


async def get_config(facade: FacadeDep, _: Admin, response: Response) -> shown.Config:
    """The config file as it is, secrets removed. A value "(unchanged)" keeps the secret when it is written back."""
    return _config(response, await facade.setup.read())


async def get_schema(facade: FacadeDep, _: Admin) -> dict[str, Any]:
    """JSON schema of the config, for forms."""
    return dict(facade.setup.schema())


async def post_check(facade: FacadeDep, _: Admin, text: shown.ConfigText) -> shown.ConfigCheck:
    """Every mistake in a config at once. Nothing is changed."""
    return shown.ConfigCheck(problems=_problems(await facade.setup.check(text.toml)))


async def post_draft(facade: FacadeDep, _: Admin, wanted: shown.ConfigChanges) -> shown.ConfigDraft:
    """The config file with some sections replaced, comments kept. Nothing is changed."""
    toml = await facade.setup.draft(wanted.changes)
    return shown.ConfigDraft(toml=toml, problems=_problems(await facade.setup.check(toml)))


async def put_config(
    house: HouseDep,
    who: Admin,
    request: Request,
    response: Response,
    wanted: shown.ConfigWrite,
    if_match: IfMatch = None,
) -> shown.Config:
    """Write and apply a config: validated as a whole, the old one kept beside it, replaced in one step."""
    must_be_given(if_match)
    await confirmed(house, who, wanted.password.get_secret_value(), request)
    async with house.writing:
        now = await house.facade.setup.read()
        must_match(if_match, now.digest)
        written = await house.facade.setup.write(wanted.toml, now.digest, who.name)
    house.doorkeeper.audit(who.name, "changed the config", address_of(request))
    return _config(response, written)


async def get_ports(facade: FacadeDep, _: Admin) -> shown.Ports:
    """The serial ports of this machine."""
    return shown.Ports(ports=[shown.Port(**asdict(port)) for port in await facade.setup.ports()])


async def post_listen(facade: FacadeDep, _: Admin, wanted: shown.ListenIn) -> shown.Heard:
    """Listen on a link for some seconds and say what it sounds like. Sends nothing."""
    return _heard(await facade.setup.listen(wanted.link, wanted.seconds))


async def post_meter(house: HouseDep, who: Admin, request: Request, wanted: shown.MeterIn) -> shown.MeterTried:
    """Ask a meter once, as the config would describe it."""
    device = next((str(wanted.meter[key]) for key in ("url", "host", "path") if key in wanted.meter), "nowhere")
    house.doorkeeper.audit(who.name, f"tried a meter at {without_secrets(device)}", address_of(request))
    return shown.MeterTried(**asdict(await house.facade.setup.try_meter(wanted.meter)))


def _config(response: Response, view: ConfigView) -> shown.Config:
    response.headers["ETag"] = etag(view.digest)
    return shown.Config(
        path=str(view.path) if view.path else None,
        toml=view.toml,
        values=dict(view.values),
        digest=view.digest,
        writable=view.writable,
    )


def _problems(found: Sequence[ConfigProblem]) -> list[shown.ConfigProblem]:
    return [shown.ConfigProblem(path=one.path, text=one.text, hint=one.hint) for one in found]


def _heard(heard: Heard) -> shown.Heard:
    return shown.Heard(**asdict(heard), finding=finding(heard))


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, prefix, "setup")
    told, tried = documented(401, 403), documented(401, 403, 409)
    routes.add("/config", get_config, responses=tried)
    routes.add("/config", put_config, methods=["PUT"], responses=documented(401, 403, 409, 412, 428, 429))
    routes.add("/config/schema", get_schema, responses=told)
    routes.add("/config/check", post_check, methods=["POST"], responses=told)
    routes.add("/config/draft", post_draft, methods=["POST"], responses=tried)
    routes.add("/setup/ports", get_ports, responses=told)
    routes.add("/setup/listen", post_listen, methods=["POST"], responses=tried)
    routes.add("/setup/meter", post_meter, methods=["POST"], responses=tried)
