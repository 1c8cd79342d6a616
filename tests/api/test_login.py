"""Login: setup code, passwords, cookies, guests, tokens, back-off."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.api.house import PASSWORD, Served, served
from twcmaster.api.auth.back_off import FREE_FAILURES
from twcmaster.model.accounts import Scope, User
from twcmaster.store.database import DatabaseError

STEER = ("POST", "/commands", {"do": "set_mode", "mode": "solar"})
ADMIN = [
    ("GET", "/config", None),
    ("GET", "/auth/users", None),
    ("GET", "/auth/tokens", None),
    ("GET", "/auth/audit", None),
    ("GET", "/setup/ports", None),
    ("GET", "/backup", None),
    ("GET", "/diagnostics", None),
    ("POST", "/auth/tokens", {"label": "x"}),
    ("POST", "/auth/users", {"name": "x", "password": "long enough"}),
    ("POST", "/buses/bus/messages", {"hex": "FC E1 77 77 00"}),
    ("POST", "/config/check", {"toml": ""}),
    ("PUT", "/config", {"toml": "", "password": ""}),
]


def code_of(running: Served) -> str:
    code = running.server.house.doorkeeper.setup_code
    assert code is not None
    return code


async def test_the_first_password_needs_the_code_and_logs_in(tmp_path: Path) -> None:
    async with served(tmp_path, owner=False) as api, api.client() as http:
        assert (await http.get("/api/v1/auth")).json() == {"auth": "password", "setup_needed": True, "me": None}
        code = code_of(api)
        assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", code)
        made = await http.post("/api/v1/auth/setup", json={"code": code.lower(), "password": PASSWORD})
        assert made.json() == {"name": "owner", "role": "owner", "scopes": ["read", "steer", "admin"]}
        assert (await http.get("/api/v1/state")).status_code == 200
        assert (await http.get("/api/v1/auth")).json()["setup_needed"] is False
        again = await http.post(
            "/api/v1/auth/setup", headers={"x-twcmaster": "1"}, json={"code": code, "password": PASSWORD}
        )
        assert (again.status_code, again.json()["type"]) == (409, "already_set_up")


async def test_before_that_nothing_can_be_done(tmp_path: Path) -> None:
    async with served(tmp_path, owner=False) as api, api.client() as http:
        answer = await http.get("/api/v1/state")
        assert answer.status_code == 401
        assert "setup code" in answer.json()["what_to_do"]
        login = await http.post("/api/v1/auth/login", json={"password": PASSWORD})
        assert (login.status_code, login.json()["type"]) == (403, "wrong_password")


async def test_guessing_the_code_becomes_slow(tmp_path: Path) -> None:
    async with served(tmp_path, owner=False) as api, api.client() as http:
        wrong = {"code": "AAAA-AAAA", "password": PASSWORD}
        for _ in range(FREE_FAILURES):
            assert (await http.post("/api/v1/auth/setup", json=wrong)).status_code == 403
        right = await http.post("/api/v1/auth/setup", json=wrong | {"code": code_of(api)})
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) >= 1


async def test_the_cookie_is_well_protected(api: Served) -> None:
    async with api.client() as http:
        login = await http.post("/api/v1/auth/login", json={"password": PASSWORD})
    cookie = login.headers["set-cookie"]
    assert login.status_code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie, "over plain HTTP the browser would not send it back"
    value = re.match(r"twcmaster_login=([\w-]+);", cookie)
    assert value
    assert len(value[1]) >= 40
    assert value[1] not in str(api.house.accounts.logins()), "only its hash is kept"


async def test_logging_out_ends_it(api: Served) -> None:
    async with await api.with_cookie() as http:
        assert (await http.get("/api/v1/state")).status_code == 200
        assert (await http.post("/api/v1/auth/logout")).status_code == 204
        assert (await http.get("/api/v1/state")).status_code == 401


async def test_a_login_ends_when_it_is_not_used(api: Served) -> None:
    async with await api.with_cookie() as http:
        for _ in range(3):
            api.house.clock.go_on(days=29)
            assert (await http.get("/api/v1/state")).status_code == 200, "each use makes it last"
        api.house.clock.go_on(days=31)
        assert (await http.get("/api/v1/state")).status_code == 401


async def test_wrong_passwords_wait_longer_and_longer(api: Served) -> None:
    async with api.client() as http:
        for _ in range(FREE_FAILURES):
            assert (await http.post("/api/v1/auth/login", json={"password": "wrong"})).status_code == 403
        answer = await http.post("/api/v1/auth/login", json={"password": PASSWORD})
        assert answer.status_code == 429, "even the right one has to wait"
        assert "wrong tries" in answer.json()["detail"]


async def test_unknown_names_are_answered_like_wrong_passwords(api: Served) -> None:
    async with api.client() as http:
        unknown = await http.post("/api/v1/auth/login", json={"name": "nobody", "password": PASSWORD})
        wrong = await http.post("/api/v1/auth/login", json={"name": "owner", "password": "wrong"})
    assert unknown.json() == wrong.json()
    assert unknown.status_code == wrong.status_code == 403


@pytest.mark.parametrize("method,path,body", ADMIN)
async def test_guests_steer_and_owners_do_the_rest(api: Served, method: str, path: str, body: object) -> None:
    await api.house.guest()
    async with await api.with_cookie("guest") as guest:
        refused = await guest.request(method, f"/api/v1{path}", json=body)
        assert (refused.status_code, refused.json()["type"]) == (403, "not_allowed")
        assert (await guest.request(STEER[0], f"/api/v1{STEER[1]}", json=STEER[2])).status_code == 200
        assert (await guest.get("/api/v1/state")).status_code == 200


async def test_each_scope_reaches_as_far_as_it_says(api: Served) -> None:
    async with await api.with_token(Scope.READ) as read, await api.with_token(Scope.STEER) as steer:
        assert (await read.get("/api/v1/state")).status_code == 200
        assert (await read.request(STEER[0], f"/api/v1{STEER[1]}", json=STEER[2])).status_code == 403
        assert (await steer.request(STEER[0], f"/api/v1{STEER[1]}", json=STEER[2])).status_code == 200
        assert (await steer.get("/api/v1/config")).status_code == 403


async def test_a_token_is_shown_once_used_and_revoked(api: Served) -> None:
    async with await api.with_cookie() as owner:
        made = (await owner.post("/api/v1/auth/tokens", json={"label": "heat pump", "scope": "steer"})).json()
        assert made["key"].startswith("twc_")
        listed = (await owner.get("/api/v1/auth/tokens")).json()["tokens"]
        assert [token["label"] for token in listed] == ["heat pump"]
        assert made["key"] not in str(listed)
        assert listed[0]["last_used_at"] is None
        async with api.client(Authorization=f"bearer {made['key']}") as program:
            assert (await program.get("/api/v1/auth")).json()["me"]["name"] == "token heat pump"
            assert (await owner.get("/api/v1/auth/tokens")).json()["tokens"][0]["last_used_at"] is not None
            assert (await owner.delete(f"/api/v1/auth/tokens/{made['id']}")).status_code == 204
            assert (await program.get("/api/v1/state")).status_code == 401
        assert (await owner.delete(f"/api/v1/auth/tokens/{made['id']}")).status_code == 404


async def test_a_token_may_expire(api: Served) -> None:
    async with await api.with_cookie() as owner:
        until = api.house.clock().replace(hour=18).isoformat()
        made = (await owner.post("/api/v1/auth/tokens", json={"label": "x", "expires_at": until})).json()
        async with api.client(Authorization=f"Bearer {made['key']}") as program:
            assert (await program.get("/api/v1/state")).status_code == 200
            api.house.clock.go_on(hours=7)
            assert (await program.get("/api/v1/state")).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer twc_wrong", "Basic b3duZXI6eA==", "Bearer " + "x" * 5000, "Bearer \xe4\xf6"],
)
async def test_what_is_no_token_opens_nothing(api: Served, header: str) -> None:
    async with api.client() as http:
        answer = await http.get("/api/v1/state", headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


async def test_people_come_and_go(api: Served) -> None:
    async with await api.with_cookie() as owner:
        new = {"name": "Kim", "password": "long enough", "role": "guest"}
        assert (await owner.post("/api/v1/auth/users", json=new)).status_code == 201
        assert (await owner.post("/api/v1/auth/users", json=new)).status_code == 409
        async with api.client(Origin=api.url) as kim:
            assert (await kim.post("/api/v1/auth/login", json=new | {"role": "x"})).status_code == 422
            del new["role"]
            assert (await kim.post("/api/v1/auth/login", json=new)).json()["scopes"] == ["read", "steer"]
            assert (await owner.delete("/api/v1/auth/users/Kim")).status_code == 204
            assert (await kim.get("/api/v1/state")).status_code == 401, "at once, in every browser"
        last = await owner.delete("/api/v1/auth/users/owner")
        assert (last.status_code, last.json()["type"]) == (409, "last_owner")


async def test_a_changed_password_ends_every_login(api: Served) -> None:
    async with await api.with_cookie() as one, await api.with_cookie() as two:
        change = {"old_password": "wrong", "new_password": "battery staple"}
        assert (await one.post("/api/v1/auth/password", json=change)).status_code == 403
        assert (await one.post("/api/v1/auth/password", json=change | {"old_password": PASSWORD})).status_code == 204
        assert [(await http.get("/api/v1/state")).status_code for http in (one, two)] == [401, 401]
    async with api.client() as http:
        assert (await http.post("/api/v1/auth/login", json={"password": PASSWORD})).status_code == 403
        assert (await http.post("/api/v1/auth/login", json={"password": "battery staple"})).status_code == 200


async def test_whoever_is_removed_while_changing_the_password_stays_removed(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.house.guest()
    doorkeeper = api.server.house.doorkeeper
    check = doorkeeper.check_password

    async def removed_meanwhile(*asked: str) -> User:
        user = await check(*asked)
        await api.house.accounts.remove_user(user.name)
        return user

    monkeypatch.setattr(doorkeeper, "check_password", removed_meanwhile)
    change = {"old_password": PASSWORD, "new_password": "battery staple"}
    async with await api.with_cookie("guest") as http:
        answer = await http.post("/api/v1/auth/password", json=change)
        assert (answer.status_code, answer.json()["type"]) == (409, "changed")
        login = await http.post("/api/v1/auth/login", json={"name": "owner", "password": PASSWORD})
        assert login.json()["type"] == "not_kept", "nobody is let in who is removed while logging in"
    assert api.house.accounts.users() == ()
    assert await api.house.accounts._flush(), "what nobody needs any more holds up nothing"


@pytest.mark.parametrize("label", ["two\nlines", "nul\0", "esc\x1b[31m", "\u202eright to left", " "])
async def test_a_label_is_one_line_that_can_be_shown(api: Served, label: str) -> None:
    async with await api.with_token() as http:
        assert (await http.post("/api/v1/auth/tokens", json={"label": label})).status_code == 422


async def test_a_token_that_is_over_already_is_not_made(api: Served) -> None:
    async with await api.with_token() as http:
        wanted = {"label": "late", "expires_at": api.house.clock().isoformat()}
        answer = await http.post("/api/v1/auth/tokens", json=wanted)
        assert (answer.status_code, answer.json()["type"]) == (409, "refused")
        api.house.clock.go_on(seconds=-1)
        assert (await http.post("/api/v1/auth/tokens", json=wanted)).status_code == 201


async def test_revoking_that_does_not_reach_the_disk_can_be_repeated(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(work: object) -> None:
        raise DatabaseError("accounts.db: database is locked. Another program has it open: close that.")

    token, key = await api.server.house.doorkeeper.new_token("victim", Scope.READ, None, "owner")
    async with await api.with_token() as http:
        with monkeypatch.context() as patched:
            patched.setattr(api.house.accounts._database, "run", full)
            answer = await http.delete(f"/api/v1/auth/tokens/{token.id}")
            assert (answer.status_code, answer.json()["type"]) == (503, "not_kept")
            assert "opens nothing from now on" in answer.json()["detail"]
            assert (await http.post("/api/v1/commands", json={"do": "set_mode", "mode": "solar"})).status_code == 200
        refused = await http.get("/api/v1/state", headers={"Authorization": f"Bearer {key}"})
        assert refused.status_code == 401
        assert (await http.delete(f"/api/v1/auth/tokens/{token.id}")).status_code == 204
        assert token.id not in [one["id"] for one in (await http.get("/api/v1/auth/tokens")).json()["tokens"]]


async def test_browsers_are_listed_and_can_be_logged_out(api: Served) -> None:
    await api.house.guest()
    async with await api.with_cookie() as owner, await api.with_cookie("guest") as guest:
        mine = (await guest.get("/api/v1/auth/logins")).json()["logins"]
        assert [(login["user"], login["this_one"], login["agent"]) for login in mine] == [
            ("guest", True, "Test Browser")
        ]
        everybody = (await owner.get("/api/v1/auth/logins")).json()["logins"]
        assert {login["user"] for login in everybody} == {"owner", "guest"}
        of_owner = next(login["id"] for login in everybody if login["user"] == "owner")
        assert (await guest.delete(f"/api/v1/auth/logins/{of_owner}")).status_code == 404
        assert (await owner.delete(f"/api/v1/auth/logins/{mine[0]['id']}")).status_code == 204
        assert (await guest.get("/api/v1/state")).status_code == 401


async def test_who_did_what_is_kept(api: Served) -> None:
    async with await api.with_cookie() as owner:
        await owner.request(STEER[0], f"/api/v1{STEER[1]}", json=STEER[2])
        await owner.post("/api/v1/auth/tokens", json={"label": "heat pump"})
        entries = (await owner.get("/api/v1/auth/audit")).json()["entries"]
    assert [(entry["who"], entry["address"]) for entry in entries] == [("owner", "127.0.0.1")] * 2
    assert "heat pump" in entries[0]["what"]
    assert "solar" in entries[1]["what"].lower()


async def test_an_open_door_asks_nobody(tmp_path: Path) -> None:
    async with served(tmp_path, owner=False, open_door=True) as api, api.client() as http:
        answer = await http.get("/api/v1/auth")
        assert answer.json()["auth"] == "none"
        assert answer.json()["setup_needed"] is False
        assert (await http.get("/api/v1/config")).status_code == 200
        assert api.server.house.doorkeeper.setup_code is None


async def test_on_a_disk_that_takes_nothing_one_can_still_log_in(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(work: object) -> None:
        raise DatabaseError("accounts.db: database or disk is full. The disk is full: free some space.")

    monkeypatch.setattr(api.house.accounts._database, "run", full)
    async with api.client(Origin=api.url) as http:
        assert (await http.post("/api/v1/auth/login", json={"password": PASSWORD})).status_code == 200
        assert (await http.get("/api/v1/state")).status_code == 200
        refused = await http.post("/api/v1/auth/tokens", json={"label": "x"})
        assert (refused.status_code, refused.json()["type"]) == (503, "not_kept")
        assert "free some space" in refused.json()["detail"]
        assert (await http.get("/api/v1/auth/tokens")).json() == {"tokens": []}
