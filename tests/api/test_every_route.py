"""What holds for every route there is: somebody has decided who may use it, and changes leave a trace."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.house import CONFIG, PASSWORD, Served, served
from tests.api.test_schema import described
from twcmaster.api.build import build
from twcmaster.model.accounts import Scope

#: Names of routes by the least scope that they need; a new route is decided on here. None: everybody.
NEEDED: dict[Scope | None, str] = {
    None: "get_health get_auth post_setup post_login",
    Scope.READ: "get_state get_connectors get_connector get_circuits get_meters get_plan get_log get_settings "
    "get_schedule get_buses get_bus get_frames get_recording get_series get_series_csv get_energy get_sessions "
    "get_sessions_csv post_logout live frames",
    Scope.STEER: "post_command put_schedule post_password get_logins delete_login",
    Scope.ADMIN: "post_message get_users post_user delete_user get_tokens post_token delete_token get_audit "
    "get_config put_config get_schema post_check post_draft get_ports post_listen post_meter get_backup put_backup "
    "get_diagnostics",
}
LADDER = [None, Scope.READ, Scope.STEER, Scope.ADMIN]
PLACES = {"{bus}": "bus", "{unit}": "1A2B", "{name}": "nobody", "{token_id}": "none", "{login_id}": "none"}


def operations() -> list[tuple[str, str, str]]:
    """Name, method, address."""
    found = []
    for path, methods in described()["paths"].items():
        for mark, value in PLACES.items():
            path = path.replace(mark, value)  # noqa: PLW2901 - filled in step by step
        found += [(operation["operationId"], method.upper(), path) for method, operation in methods.items()]
    return found


def test_somebody_has_decided_who_may_use_each_route() -> None:
    decided = [name for names in NEEDED.values() for name in names.split()]
    assert len(decided) == len(set(decided))
    assert {route.name for route in build("1.2.3").routes} == set(decided)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name,method,path", operations())
async def test_a_route_is_open_from_its_scope_on(api: Served, name: str, method: str, path: str) -> None:
    needed = next(scope for scope, names in NEEDED.items() if name in names.split())
    for scope in LADDER:
        client = api.client() if scope is None else await api.with_token(scope)
        async with client as http:
            status = (await _asked(http, method, path)).status_code
        if LADDER.index(scope) >= LADDER.index(needed):
            assert status not in (401, 403) or needed is None, f"{scope} may"
        else:
            assert status == (401 if scope is None else 403), f"{scope} may not"


async def _asked(http: httpx2.AsyncClient, method: str, path: str) -> httpx2.Response:
    if path.endswith("/recording"):
        return await http.get(path, params={"seconds": 1})
    return await http.request(method, path, json=None if method in ("GET", "DELETE") else {})


#: Each change, and the words that tell of it.
CHANGES: dict[str, tuple[str, str, Any, str]] = {
    "post_command": ("POST", "commands", {"do": "set_mode", "mode": "solar"}, "SetMode"),
    "put_schedule": ("PUT", "schedule", {"windows": []}, "SetSchedule"),
    "post_message": ("POST", "buses/bus/messages", {"hex": "FB EB 77 77 1A 2B"}, "debug message on bus: FB EB"),
    "post_user": ("POST", "auth/users", {"name": "anna", "password": "12345678"}, "let in anna as guest"),
    "delete_user": ("DELETE", "auth/users/guest", None, "removed guest"),
    "post_token": ("POST", "auth/tokens", {"label": "heat pump"}, 'made token "heat pump" (read)'),
    "delete_token": ("DELETE", "auth/tokens/{token}", None, 'revoked token "test read"'),
    "delete_login": ("DELETE", "auth/logins/{login}", None, "logged out a browser of guest"),
    "put_config": ("PUT", "config", {"toml": CONFIG, "password": PASSWORD}, "changed the config"),
    "get_backup": ("GET", "backup", None, "took a backup"),
    "get_diagnostics": ("GET", "diagnostics", None, "took a diagnostics bundle"),
    "put_backup": ("PUT", "backup", b"PK", "restored a backup: 5 settings"),
    "post_login": ("POST", "auth/login", {"name": "owner", "password": PASSWORD}, "logged in"),
    "post_password": (
        "POST",
        "auth/password",
        {"old_password": PASSWORD, "new_password": "another one"},
        "changed the password",
    ),
    "post_logout": ("POST", "auth/logout", {}, "logged out"),
}
#: They look, or try something out, and leave everything as it is.
CHANGE_NOTHING = {"post_check", "post_draft", "post_listen", "post_meter"}


def test_each_route_that_changes_something_is_known_to_leave_a_trace() -> None:
    writing = {name for name, method, _ in operations() if method != "GET"}
    assert writing - CHANGE_NOTHING - {"post_setup"} == {n for n in CHANGES if not n.startswith("get_")}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_leaves_a_trace(api: Served, name: str) -> None:
    method, path, body, words = CHANGES[name]
    await api.house.guest()
    async with await api.with_token(Scope.READ), await api.with_cookie("guest"), await api.with_cookie() as http:
        token, accounts = api.house.accounts.tokens()[0].id, api.house.accounts
        login = next(login.id for login in accounts.logins() if login.user == "guest")
        address = f"/api/v1/{path.format(token=token, login=login)}"
        tag = (
            {"If-Match": (await http.get(f"/api/v1/{path}")).headers["etag"]}
            if method == "PUT" and body != b"PK"
            else {}
        )
        content = {"content": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        answer = await http.request(method, address, headers=tag, **content)
        assert answer.status_code < 300, answer.text
    newest = (await api.house.accounts.audit_log(0, 1))[0]
    assert (newest.who, newest.address) == ("owner", "127.0.0.1")
    assert words in newest.what


async def test_guessing_leaves_a_trace(tmp_path: Path) -> None:
    async with served(tmp_path, owner=False) as api, api.client() as http:
        await http.post("/api/v1/auth/setup", json={"code": "AAAA-AAAA", "password": "12345678"})
        assert (await api.house.accounts.audit_log(0, 1))[0].what == "wrong setup code"


async def test_of_two_owners_at_once_one_stays(api: Served) -> None:
    await api.house.owner("other")
    async with await api.with_token() as http:
        deleted = await asyncio.gather(*(http.delete(f"/api/v1/auth/users/{name}") for name in ("owner", "other")))
    assert sorted(answer.status_code for answer in deleted) == [204, 409]
    assert len(api.house.accounts.users()) == 1


@pytest.mark.parametrize("depth", [90, 400, 900])
async def test_nothing_is_too_deep(api: Served, depth: int) -> None:
    body = '{"changes": {"site": {"name": ' + "[" * depth + "]" * depth + "}}}"
    async with await api.with_token() as http:
        headers = {"Content-Type": "application/json"}
        assert (await http.post("/api/v1/config/draft", content=body, headers=headers)).status_code in (200, 409)
