"""The daemon's local socket, on real sockets: who may ask, what comes back, and that nobody is held up."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from twcmaster.runtime import console as console_module
from twcmaster.runtime.console import (
    LONGEST_REQUEST,
    MOST_CLIENTS,
    AlreadyRunningError,
    Arguments,
    Console,
    ConsoleError,
    OperationError,
    Operations,
)


async def echo(arguments: Arguments) -> object:
    return dict(arguments)


async def refuse(_: Arguments) -> object:
    raise OperationError("not today", "Try tomorrow.")


async def fail(_: Arguments) -> object:
    return 1 / 0


async def count(arguments: Arguments) -> AsyncIterator[object]:
    for number in range(int(arguments.get("to", 3))):
        yield number
        await asyncio.sleep(0)


async def flood(_: Arguments) -> AsyncIterator[object]:
    while True:
        yield "x" * 100_000
        await asyncio.sleep(0)


OPERATIONS = Operations(
    {"echo": echo, "refuse": refuse, "fail": fail},
    {"count": count, "flood": flood},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "t.sock"


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, line: bytes) -> Any:
        self.writer.write(line + b"\n")
        return await self.hear()

    async def ask(self, do: str, **arguments: object) -> Any:
        return await self.say(json.dumps({"do": do} | arguments).encode())

    async def hear(self) -> Any:
        async with asyncio.timeout(5):
            line = await self.reader.readline()
        return json.loads(line) if line else None

    async def leave(self) -> None:
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()


class Served:
    """A console that answers, and its clients."""

    def __init__(self, path: Path) -> None:
        self.console = Console(path)
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        self.clients.append(Client(*await asyncio.open_unix_connection(self.console.path, limit=1_000_000)))
        return self.clients[-1]

    @property
    def attended(self) -> int:
        return len(self.console._clients)


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[Served]:
    here = Served(path)
    here.console.open()
    running = asyncio.ensure_future(here.console.run(OPERATIONS))
    try:
        yield here
    finally:
        for client in here.clients:
            await client.leave()
        running.cancel()
        await asyncio.wait([running])
        here.console.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the other side is a socket, which sets no event
            await asyncio.sleep(0.005)


async def asked(path: Path, question: Callable[[Client], Awaitable[Any]]) -> Any:
    async with served(path) as here:
        return await question(await here.connect())


async def test_a_question_is_answered(path: Path) -> None:
    answer = await asked(path, lambda client: client.ask("echo", amps=6.5, name="Über"))
    assert answer == {"ok": True, "result": {"amps": 6.5, "name": "Über"}}


async def test_one_connection_takes_many_questions(path: Path) -> None:
    async with served(path) as here:
        client = await here.connect()
        answers = [(await client.ask("echo", n=n))["result"]["n"] for n in range(20)]
    assert answers == list(range(20))


async def test_a_stream_goes_on_and_ends(path: Path) -> None:
    async with served(path) as here:
        client = await here.connect()
        answers = [await client.ask("count", to=3), await client.hear(), await client.hear(), await client.ask("echo")]
    assert [answer["result"] for answer in answers] == [0, 1, 2, {}]


@pytest.mark.parametrize(
    "line, error, hint",
    [
        (b'{"do": "refuse"}', "not today", "Try tomorrow."),
        (b'{"do": "dance"}', '"dance" is not', "echo, fail, flood, refuse"),
        (b'{"do": "dance"}', '"dance" is not', "count"),
        (b"status", "not JSON", '{"do": "status"}'),
        (b"\xff\xfe", "not JSON", ""),
        (b"[1]", 'no "do"', ""),
        (b'{"do": 1}', 'no "do"', ""),
        (b"[" * 50_000, "not JSON", ""),
        (b"{" + b" " * (LONGEST_REQUEST + 10) + b"}", "at most", ""),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(path: Path, line: bytes, error: str, hint: str) -> None:
    answer = await asked(path, lambda client: client.say(line))
    assert answer["ok"] is False
    assert error in answer["error"]
    for word in hint.split(", "):
        assert word in answer["hint"]


async def test_a_failed_operation_harms_nobody_else(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with served(path) as here:
        first, second = await here.connect(), await here.connect()
        assert await first.ask("fail") is None
        assert "ZeroDivisionError" in caplog.text
        assert (await second.ask("echo"))["ok"]


async def test_a_client_that_leaves_in_the_middle_is_forgotten(path: Path) -> None:
    async with served(path) as here:
        client = await here.connect()
        await client.ask("flood")
        client.writer.transport.abort()
        await until(lambda: here.attended == 0)


async def test_a_client_that_does_not_read_is_dropped_and_delays_nobody(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_module, "STUCK_S", 0.05)
    async with served(path) as here:
        stuck, other = await here.connect(), await here.connect()
        stuck.writer.write(b'{"do": "flood"}\n')
        assert (await other.ask("echo"))["ok"]
        await until(lambda: here.attended == 1)
        assert (await other.ask("echo"))["ok"]
        stuck.writer.transport.abort()


async def test_an_idle_client_is_dropped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "IDLE_S", 0.05)
    async with served(path) as here:
        client = await here.connect()
        assert await client.hear() is None


async def test_it_ends_when_told_to_whoever_is_still_watching(path: Path) -> None:
    console = Console(path)
    running = asyncio.ensure_future(console.run(OPERATIONS))
    await until(path.exists)
    watcher = Client(*await asyncio.open_unix_connection(path, limit=1_000_000))
    await watcher.ask("flood")
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=5)
    assert done
    assert not path.exists()
    await watcher.leave()


async def test_clients_beyond_the_most_are_turned_away(path: Path) -> None:
    async with served(path) as here:
        clients = [await here.connect() for _ in range(MOST_CLIENTS)]
        for client in clients:
            assert (await client.ask("echo"))["ok"]
        late = await here.connect()
        assert await late.hear() is None


async def test_only_the_owner_can_reach_it(path: Path) -> None:
    async with served(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


STRANGER = """
import os, socket, sys
peer = socket.socket(socket.AF_UNIX)
os.setuid(65534)
peer.connect(sys.argv[1])
print(peer.makefile().readline())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_the_kernel_is_asked_who_calls(tmp_path: Path) -> None:
    path = Path("/tmp") / f"twcmaster-test-{os.getpid()}.sock"
    async with served(path):
        path.chmod(0o666)
        stranger = await asyncio.create_subprocess_exec(
            sys.executable, "-c", STRANGER, str(path), stdout=subprocess.PIPE, cwd="/"
        )
        answer = json.loads((await stranger.communicate())[0])
    path.with_name(path.name + ".lock").unlink()
    assert answer["ok"] is False
    assert "own user and root" in answer["error"]


CRASH = """
import os, sys
from pathlib import Path
from twcmaster.runtime.console import Console
Console(Path(sys.argv[1])).open()
os._exit(9)
"""


async def test_a_second_daemon_is_told_of_the_first(path: Path) -> None:
    async with served(path) as here:
        with pytest.raises(AlreadyRunningError, match=rf"pid {os.getpid()}.*{path}.*Stop it first"):
            Console(path).open()
        client = await here.connect()
        assert (await client.ask("echo"))["ok"]


def test_what_a_crashed_daemon_left_behind_is_replaced(path: Path) -> None:
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)
    assert path.is_socket()
    console = Console(path)
    console.open()
    console.close()
    assert not path.exists()


def test_somebody_elses_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(ConsoleError, match="not a socket"):
        Console(path).open()
    assert path.read_text() == "precious"


def test_a_folder_that_others_may_write_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o777)
    with pytest.raises(ConsoleError, match="chmod 700"):
        Console(path).open()


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError, match="too long"):
        Console(tmp_path / ("x" * 120)).open()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConsoleError, match=r"no local socket here.*socket ="):
        Console(tmp_path / "file" / "t.sock").open()


def test_a_lock_that_is_a_symbolic_link_is_refused(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    (tmp_path / "victim").write_text("precious")
    path.with_name("t.sock.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(ConsoleError):
        Console(path).open()
    assert (tmp_path / "victim").read_text() == "precious"


async def test_it_can_be_opened_again_after_it_was_closed(path: Path) -> None:
    for _ in range(2):
        async with served(path) as here:
            client = await here.connect()
            assert (await client.ask("echo"))["ok"]
