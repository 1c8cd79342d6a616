"""The HTTP meter against real servers."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.links.ends import free_port, open_files, tcp_server, until
from tests.meters.certificates import make_certificate
from tests.meters.device import NOON, Device, clock, section
from twcmaster.config.secrets import without_secrets
from twcmaster.meters import http
from twcmaster.meters.http import HttpMeter
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading


def meter_at(url: str, **keys: Any) -> HttpMeter:
    return HttpMeter(section(kind="http", url=url, **{"power_w": "power", **keys}), clock)


async def read_once(url: str, **keys: Any) -> Reading:
    meter = meter_at(url, **keys)
    try:
        return await meter.read()
    finally:
        await meter.close()


async def failure_of(url: str, **keys: Any) -> str:
    with pytest.raises(MeterError) as failure:
        await read_once(url, **keys)
    return str(failure.value)


async def test_a_reading_is_taken_when_it_was_received() -> None:
    async with Device().online() as url:
        reading = await read_once(url + "/status")
        now = asyncio.get_running_loop().time()
    assert reading.power_w == 1234.5
    assert now - 1 < reading.taken_at <= now


async def test_the_devices_own_time_gives_the_age() -> None:
    minute_ago = (NOON - timedelta(seconds=60)).isoformat()
    async with Device(f'{{"power": 1, "at": "{minute_ago}"}}'.encode()).online() as url:
        reading = await read_once(url, taken_path="at")
        now = asyncio.get_running_loop().time()
        assert 60 <= now - reading.taken_at < 61
        assert "Check taken_path" in await failure_of(url, taken_path="time")


async def test_readings_share_one_connection() -> None:
    device = Device()
    async with device.online() as url:
        meter = meter_at(url)
        for _ in range(5):
            await meter.read()
        await meter.close()
    assert len(device.requests) == 5
    assert device.connections == 1


async def test_a_connection_that_the_device_closed_costs_no_reading() -> None:
    device = Device(answers_per_connection=1)
    async with device.online() as url:
        meter = meter_at(url)
        for _ in range(3):
            assert (await meter.read()).power_w == 1234.5
        await meter.close()
    assert device.connections == 3


async def test_closing_releases_everything() -> None:
    async with Device().online() as url:
        await read_once(url)
        await until(lambda: True)
        before = open_files()
        meter = meter_at(url)
        await meter.read()
        await meter.close()
        await meter.close()
        await until(lambda: open_files() <= before)


@pytest.mark.parametrize(
    "keys, expected",
    [
        ({"username": "me", "password": "pass"}, "authorization: basic " + base64.b64encode(b"me:pass").decode()),
        ({"username": "me"}, "authorization: basic " + base64.b64encode(b"me:").decode()),
        ({"token": "t0ken"}, "authorization: bearer t0ken"),
        ({"headers": {"X-Api-Version": "2"}}, "x-api-version: 2"),
        ({"method": "POST", "body": "optType=ReadRealTimeData"}, "post / http/1.1"),
    ],
)
async def test_the_request_is_as_configured(keys: dict[str, Any], expected: str) -> None:
    device = Device()
    async with device.online() as url:
        await read_once(url, **keys)
    assert expected.lower() in device.requests[0].lower().splitlines()
    assert device.bodies == [keys.get("body", "").encode()]


async def test_a_digest_login_answers_the_challenge() -> None:
    class Shelly(Device):
        def _answer(self) -> bytes:
            if "authorization: digest" in self.requests[-1].lower():
                return super()._answer()
            return (
                b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest qop="auth", realm="shelly", nonce="60dc59c6", '
                b"algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n"
            )

    device = Shelly()
    async with device.online() as url:
        assert (await read_once(url, username="admin", password="pass", auth="digest")).power_w == 1234.5
    assert 'username="admin"' in device.requests[1]


@pytest.mark.parametrize(
    "device, words",
    [
        (Device(status="401 Unauthorized", body=b"who?"), ["error 401: who?", "Check username, password or token"]),
        (Device(status="404 Not Found", body=b""), ["error 404: nothing", "Check the path in url"]),
        (Device(status="429 Too Many", body=b""), ["Raise every_s"]),
        (Device(status="500 Oops", body=b"<h1>Oops</h1>"), ["error 500: <h1>Oops</h1>"]),
        (
            Device(status="302 Found", headers={"Location": "https://x/?token=abc"}),
            ["sends us on to https://x/?token=…"],
        ),
        (Device(body=b"<html>Please log in</html>"), ["not JSON but <html>Please log in</html>"]),
        (Device(body=b'{"power": null}'), ["at 'power' stands null"]),
        (Device(body=b'{"power": "--"}'), ["at 'power' stands \"--\""]),
        (Device(body=b'{"power": NaN}'), ["at 'power' stands NaN"]),
        (
            Device(body=b'{"power": 1', headers={"Content-Length": "100"}, answers_per_connection=1),
            ["closed connection without"],
        ),
        (Device(body=b"x" * (http.LONGEST_ANSWER + 1)), ["longer than 1,000,000 bytes"]),
        (Device(status="\x01garbage"), ["Is the device on"]),
    ],
)
async def test_a_useless_answer_says_what_was_asked_what_came_and_what_to_check(
    device: Device, words: list[str]
) -> None:
    async with device.online() as url:
        text = await failure_of(url + "/status")
        assert text.startswith(f"grid: asked {url}/status: ")
    assert [word for word in words if word not in text] == []
    assert len(text) < 400


async def test_secrets_are_hidden_even_when_the_device_repeats_them() -> None:
    async with Device(b"bad token s3cret-t0ken, key hunter2, user:pa55word").online() as url:
        address = url.replace("://", "://user:pa55word@") + "/x?api_key=hunter2&site=7"
        text = await failure_of(address, token="s3cret-t0ken")
    assert [secret for secret in ("s3cret-t0ken", "hunter2", "pa55word") if secret in text] == []
    assert f"asked {url.replace('://', '://…@')}/x?api_key=…&site=7" in text


@pytest.mark.parametrize(
    "url, public",
    [
        ("http://10.0.0.9/status", "http://10.0.0.9/status"),
        ("http://me:pw@10.0.0.9:81/a?b=c", "http://…@10.0.0.9:81/a?b=c"),
        ("https://x/y?apikey=1&token=2&id=3&Password=4", "https://x/y?apikey=…&token=…&id=3&Password=…"),
        ("http://10.0.0.9/cm?cmnd=Status%208", "http://10.0.0.9/cm?cmnd=Status%208"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, public: str) -> None:
    assert without_secrets(url) == public


async def test_a_device_that_is_off_says_so() -> None:
    text = await failure_of(f"http://127.0.0.1:{free_port()}")
    assert "Is the device on" in text


@pytest.mark.parametrize(
    "keys, words",
    [
        ({"url": "http://127.0.0.1:99999/x"}, "there is no port 99999. Check the url."),
        ({"token": "s3cret-ä€"}, "the header Authorization cannot be sent"),
        ({"token": "s3cret\nof two lines"}, "the header Authorization cannot be sent"),
        ({"headers": {"X-Key": "s3cret-ä€"}}, "the header X-Key cannot be sent: a header is one line of ASCII."),
        ({"headers": {"Xä": "s3cret"}}, "the header Xä cannot be sent"),
        # An environment can hold bytes that are no text.
        ({"method": "POST", "body": "s3cret\udcff"}, "no text in UTF-8. Check username, password, body and query"),
        ({"username": "me", "password": "s3cret\udcff"}, "no text in UTF-8"),
        ({"query": {"key": "s3cret\udcff"}}, "no text in UTF-8"),
    ],
)
async def test_what_cannot_be_asked_says_so(keys: dict[str, Any], words: str) -> None:
    async with Device().online() as url:
        text = await failure_of(**{"url": url, **keys})
    assert words in text
    assert "s3cret" not in text


async def test_an_odd_charset_costs_no_reading() -> None:
    async with Device(headers={"Content-Type": "application/json; charset=hex"}).online() as url:
        assert (await read_once(url)).power_w == 1234.5


async def test_a_silent_device_ends_in_time_and_can_be_asked_again() -> None:
    device = Device(mute=True)
    async with device.online() as url:
        meter = meter_at(url, timeout_s=0.1)
        with pytest.raises(MeterError, match=r"no full answer within 0\.1 s"):
            await meter.read()
        device.mute = False
        assert (await meter.read()).power_w == 1234.5
        await meter.close()


async def test_a_device_that_never_ends_its_answer_ends_in_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with tcp_server(drip) as port:
        assert "no full answer within" in await failure_of(f"http://127.0.0.1:{port}", timeout_s=0.1)


async def test_tls_is_checked_unless_told_otherwise(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    async with Device().online(made.server_side()) as url:
        assert "certificate" in await failure_of(url)
        assert (await read_once(url, verify_tls=False)).power_w == 1234.5
        assert (await read_once(url, ca_file=made.certificate)).power_w == 1234.5
        missing = tmp_path / "none.pem"
        assert f"ca_file {missing} cannot be used: No such file" in await failure_of(url, ca_file=missing)
