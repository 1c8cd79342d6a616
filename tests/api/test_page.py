"""The built page: served whole, cached well, and nothing else from anywhere."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx2
import pytest

from tests.api.house import Served, served

INDEX = "<!doctype html><html><head><title>twcmaster</title></head><body></body></html>"


def built(folder: Path) -> Path:
    static = folder / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text(INDEX)
    (static / "assets" / "index-abc123.js").write_text("console.log(1)")
    (static / "assets" / "index-abc123.js.gz").write_bytes(gzip.compress(b"console.log(1)"))
    (static / "manifest.webmanifest").write_text("{}")
    (static / "sw.js").write_text("self.x = 1")
    (folder / "secret.txt").write_text("not for you")
    return static


@pytest.fixture
async def http(tmp_path: Path):  # type: ignore[no-untyped-def]
    async with served(tmp_path, static_dir=built(tmp_path)) as api, api.client() as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/index.html", "/history", "/bus/garage", "/some/deep/place"])
async def test_every_place_of_the_page_is_the_page(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert '<head><base href="/">' in answer.text
    again = await http.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path,media,cache",
    [
        ("/assets/index-abc123.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
    ],
)
async def test_files_have_their_types_and_their_times(
    http: httpx2.AsyncClient, path: str, media: str, cache: str
) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.headers["cache-control"] == cache


async def test_compressed_copies_go_to_those_who_take_them(http: httpx2.AsyncClient) -> None:
    path = "/assets/index-abc123.js"
    packed = await http.get(path, headers={"Accept-Encoding": "gzip, deflate"})
    plain = await http.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text == "console.log(1)"
    assert packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "//etc/passwd.txt",
        "/assets\\..\\secret.txt",
        "/secret.txt%00.js",
        "/./secret.txt",
        "/assets/index-abc123.js/../../secret.txt",
        "/index-abc123.js",
    ],
)
async def test_no_path_leads_out(http: httpx2.AsyncClient, path: str) -> None:
    request = http.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = await http.send(request)
    assert answer.status_code == 404
    assert "not for you" not in answer.text


async def test_the_page_is_only_looked_at(http: httpx2.AsyncClient) -> None:
    assert (await http.head("/")).status_code == 200
    answer = await http.post("/", content=b"x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_behind_a_prefix_the_page_knows_where_it_is(tmp_path: Path) -> None:
    async with served(tmp_path, static_dir=built(tmp_path), base_path="/charging") as api, api.client() as http:
        for path in ("/charging/", "/charging", "/charging/history", "/"):
            assert '<base href="/charging/">' in (await http.get(path)).text


async def test_a_page_built_anew_is_served_without_a_restart(http: httpx2.AsyncClient, tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "assets" / "index-abc123.js").unlink()
    assert (await http.get("/assets/index-abc123.js")).status_code == 404  # in the middle of it
    (static / "assets" / "index-def456.js").write_text("console.log(2)")
    (static / "index.html").write_text(INDEX.replace("twcmaster", "newer"))
    assert "newer" in (await http.get("/")).text
    assert (await http.get("/assets/index-def456.js")).text == "console.log(2)"
    (static / "index.html").unlink()
    assert (await http.get("/")).status_code == 503


async def test_a_build_that_cannot_be_read_yet_leaves_the_page_as_it_was(
    http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    index = tmp_path / "static" / "index.html"
    index.unlink()
    index.mkdir()
    assert "twcmaster" in (await http.get("/")).text
    index.rmdir()
    index.write_text(INDEX.replace("twcmaster", "newer"))
    assert "newer" in (await http.get("/")).text


async def test_a_page_that_is_not_built_says_how(api: Served) -> None:
    async with api.client() as http:
        answer = await http.get("/")
    assert answer.status_code == 503
    assert "make page" in answer.text
