"""The MQTT meter against a real mosquitto."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests.links.ends import free_port, listens, tcp_server, until
from tests.meters.certificates import make_certificate
from tests.meters.device import NOON, clock, section
from twcmaster.meters import mqtt
from twcmaster.meters.mqtt import MqttMeter
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading

TOPIC = "house/grid"
SEARCH_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin"


def tool(name: str) -> str:
    found = shutil.which(name, path=SEARCH_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@dataclass
class Broker:
    """A mosquitto on this machine that can be stopped and started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._launch()
        await until(lambda: listens(self.port))

    def _launch(self) -> None:
        config = self.folder / "mosquitto.conf"
        self.process = subprocess.Popen([tool("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=5)
            self.process = None

    async def publish(self, topic: str, payload: object, *, retain: bool = False, **login: Any) -> None:
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        async with aiomqtt.Client("127.0.0.1", self.port, **login) as client:
            await client.publish(topic, text, retain=retain, qos=1)


@asynccontextmanager
async def broker(folder: Path, *lines: str) -> AsyncIterator[Broker]:
    port = free_port()
    login = () if any("password_file" in line for line in lines) else ("allow_anonymous true",)
    (folder / "mosquitto.conf").write_text(
        "\n".join([f"listener {port} 127.0.0.1", "user root", *login, *lines]), encoding="ascii"
    )
    made = Broker(folder, port)
    await made.start()
    try:
        yield made
    finally:
        made.stop()


def meter_for(server: Broker, **keys: Any) -> MqttMeter:
    settings = {"host": "127.0.0.1", "port": server.port, "topic": TOPIC, "power_w": "power", "timeout_s": 5, **keys}
    return MqttMeter(section(kind="mqtt", **settings), clock)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "FIRST_PAUSE_S", 0.02)


async def listening(meter: MqttMeter) -> asyncio.Task[Reading]:
    """A reading under way, with the subscription made."""
    reading = asyncio.create_task(meter.read())
    await until(lambda: meter._trouble.startswith("connected") or reading.done())
    return reading


async def test_a_message_is_a_reading_at_once(tmp_path: Path) -> None:
    async with broker(tmp_path) as server:
        meter = meter_for(server)
        for power_w in (-500, 0, 1234.5):
            reading = await listening(meter)
            await server.publish(TOPIC, {"power": power_w})
            assert (await reading).power_w == power_w
            assert asyncio.get_running_loop().time() - reading.result().taken_at < 1
        await meter.close()
        await meter.close()


async def test_the_newest_message_between_two_readings_counts(tmp_path: Path) -> None:
    async with broker(tmp_path) as server:
        meter = meter_for(server)
        reading = await listening(meter)
        await server.publish(TOPIC, {"power": 1})
        await reading
        for power_w in (2, 3, 4):
            await server.publish(TOPIC, {"power": power_w})
        await until(lambda: '"power": 4' in meter._newest[TOPIC].answer.text)
        assert (await meter.read()).power_w == 4
        await meter.close()


async def test_topics_are_put_together(tmp_path: Path) -> None:
    async with broker(tmp_path) as server:
        meter = meter_for(
            server,
            topic="house/import",
            power_w=[{}, {"topic": "house/export", "scale": -1}],
            soc_percent={"topic": "house/soc", "regex": "([0-9.]+) ?%"},
        )
        reading = await listening(meter)
        await server.publish("house/soc", "64.5 %")
        await server.publish("house/import", "0")
        assert not reading.done()
        await server.publish("house/export", "450.5")
        got = await reading
        await meter.close()
    assert (got.power_w, got.soc_percent) == (-450.5, 64.5)


async def test_a_message_with_its_own_time_has_that_age(tmp_path: Path) -> None:
    async with broker(tmp_path) as server:
        hour_ago = (NOON - timedelta(hours=1)).timestamp()
        await server.publish(TOPIC, {"power": 7, "at": hour_ago}, retain=True)
        meter = meter_for(server, taken_path="at")
        reading = await meter.read()
        await meter.close()
        now = asyncio.get_running_loop().time()
    assert reading.power_w == 7
    assert 3600 <= now - reading.taken_at < 3601


async def test_a_retained_message_of_unknown_age_is_no_reading(tmp_path: Path) -> None:
    async with broker(tmp_path) as server:
        await server.publish(TOPIC, {"power": 7}, retain=True)
        meter = meter_for(server, timeout_s=0.3)
        with pytest.raises(MeterError, match="retained message of unknown age"):
            await meter.read()
        await meter.close()


async def test_a_broker_that_restarts_is_found_again(tmp_path: Path) -> None:
    async with broker(tmp_path) as server:
        meter = meter_for(server)
        reading = await listening(meter)
        await server.publish(TOPIC, {"power": 1})
        await reading
        server.stop()
        await until(lambda: not meter._trouble.startswith("connected"))
        await server.start()
        again = await listening(meter)
        await server.publish(TOPIC, {"power": 2})
        assert (await again).power_w == 2
        await meter.close()


@pytest.mark.parametrize(
    "keys, payload, words",
    [
        ({}, None, ["no message on house/grid. Check the topic"]),
        ({}, {"power": None}, ["house/grid: at 'power' stands null"]),
        ({}, "offline", ["not JSON but offline"]),
        ({}, "", ["not JSON but nothing"]),
        ({}, b"\xff\xfe", ["not JSON"]),
        ({"power_w": {}}, "NaN", ["at '@' stands NaN"]),
        ({"power_w": ["power", {"topic": "house/other"}]}, {"power": 1}, ["nothing came on house/other"]),
        ({"taken_path": "at"}, {"power": 1}, ["time at 'at' is null"]),
    ],
)
async def test_a_useless_message_says_what_came(
    tmp_path: Path, keys: dict[str, Any], payload: object, words: list[str]
) -> None:
    async with broker(tmp_path) as server:
        meter = meter_for(server, timeout_s=0.5, **keys)
        reading = await listening(meter)
        if payload is not None:
            await server.publish(TOPIC, payload)
        with pytest.raises(MeterError) as failure:
            await reading
        await meter.close()
    assert str(failure.value).startswith(f"grid: listening to {TOPIC} at mqtt 127.0.0.1: ")
    assert [word for word in words if word not in str(failure.value)] == []


async def test_a_broker_that_is_off_says_so() -> None:
    meter = meter_for(Broker(Path(), free_port()), timeout_s=0.3)
    with pytest.raises(MeterError, match=r"refused.*Check host, port, username and password"):
        await meter.read()
    await meter.close()


@pytest.mark.usefixtures("nothing_escapes")
@pytest.mark.parametrize(
    "confirmation, words",
    [
        (b"\x90\x01\x00", "Protocol error"),  # cut short
        (b"", "timed out"),
    ],
)
async def test_a_broker_that_confirms_nothing_says_so(
    monkeypatch: pytest.MonkeyPatch, confirmation: bytes, words: str
) -> None:
    monkeypatch.setattr(mqtt, "_CONNECT_TIMEOUT_S", 0.2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"\x20\x02\x00\x00", confirmation):
            await reader.read(1000)
            writer.write(answer)
        await reader.read()

    async with tcp_server(serve) as port:
        meter = meter_for(Broker(Path(), port), timeout_s=0.5)
        with pytest.raises(MeterError, match=rf"{words}\. Check host, port, username and password"):
            await meter.read()
        await meter.close()


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    """A password file for "me"."""
    path = tmp_path / "passwords"
    subprocess.run([tool("mosquitto_passwd"), "-b", "-c", str(path), "me", "hunter2"], check=True)
    return path


async def test_a_login_is_used_and_never_shown(tmp_path: Path, passwords: Path) -> None:
    async with broker(tmp_path, f"password_file {passwords}") as server:
        stranger = meter_for(server, username="me", password="hunter3", timeout_s=0.5)
        with pytest.raises(MeterError, match="Not authorized") as failure:
            await stranger.read()
        assert "hunter" not in str(failure.value)
        await stranger.close()
        meter = meter_for(server, username="me", password="hunter2")
        reading = await listening(meter)
        await server.publish(TOPIC, {"power": 1}, username="me", password="hunter2")
        assert (await reading).power_w == 1
        await meter.close()


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_tls_is_checked_unless_told_otherwise(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=made.certificate)
    async with broker(tmp_path, f"certfile {made.certificate}", f"keyfile {made.key}") as server:
        stranger = meter_for(server, tls=True, timeout_s=0.5)
        with pytest.raises(MeterError, match="certificate"):
            await stranger.read()
        await stranger.close()
        for keys in ({"ca_file": made.certificate}, {"verify_tls": False}):
            meter = meter_for(server, tls=True, **keys)
            reading = await listening(meter)
            await server.publish(TOPIC, {"power": 1}, tls_context=context)
            assert (await reading).power_w == 1
            await meter.close()


async def test_closing_ends_a_reading_under_way(tmp_path: Path) -> None:
    async with broker(tmp_path) as server:
        meter = meter_for(server)
        reading = await listening(meter)
        await meter.close()
        with pytest.raises(MeterError, match="the meter was closed"):
            await reading


async def test_a_mistake_in_the_listening_task_comes_out_of_read() -> None:
    meter = meter_for(Broker(Path(), free_port()))

    async def broken() -> None:
        raise ZeroDivisionError

    meter._listening = asyncio.create_task(broken())
    with pytest.raises(ZeroDivisionError):
        await meter.read()
    await meter.close()
