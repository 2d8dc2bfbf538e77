"""Connections that bring no whole request: closed in time, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from console.door import app as door_module
from console.door import protocol
from console.door.app import door_server

GET = b"GET / HTTP/1.1\r\nHost: door\r\n\r\n"


async def slowly(_: Request) -> PlainTextResponse:
    """An answer that takes longer than a head may."""
    await asyncio.sleep(2.5)
    return PlainTextResponse("done\n")


async def at_once(_: Request) -> PlainTextResponse:
    return PlainTextResponse("done\n")


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Of a server that waits one and a half seconds for a head and takes fewer than four connections."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 1.5)
    monkeypatch.setattr(door_module, "_MOST_CONNECTIONS", 4)
    server = door_server(Starlette(routes=[Route("/", at_once), Route("/slowly", slowly)]))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join(20)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def drip(connection: socket.socket, text: bytes) -> None:
    for byte in text:
        connection.sendall(bytes([byte]))
        time.sleep(0.2)


def said(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    answer = b""
    try:
        while some := connection.recv(4096):
            answer += some
    except ConnectionResetError:
        pass
    return answer


def test_one_that_says_nothing_is_closed(port: int) -> None:
    with connect(port) as silent:
        assert said(silent) == b""


def test_one_that_says_a_little_at_a_time_is_closed(port: int) -> None:
    with connect(port) as dripping, pytest.raises(ConnectionError):
        drip(dripping, GET)


@pytest.mark.parametrize("more", [b"G", b"GET / HTTP/1.1\r\nHost:"])
def test_one_that_falls_silent_in_its_second_request_is_closed(port: int, more: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(GET)
        assert b"200 OK" in connection.recv(4096)
        connection.sendall(more)
        said(connection)


def test_whoever_asked_is_answered_however_long_it_takes(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(GET.replace(b" / ", b" /slowly "))
        assert b"200 OK" in connection.recv(4096)


def test_silent_ones_keep_nobody_out(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # The last one has to come while the first ones are still waited for.
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 3.0)
    silent = [connect(port) for _ in range(6)]
    with connect(port) as connection:
        connection.sendall(GET)
        assert b"503" in connection.recv(4096)
    for one in silent:
        assert said(one) == b""
        one.close()
    with connect(port) as connection:
        connection.sendall(GET)
        assert b"200 OK" in connection.recv(4096)
