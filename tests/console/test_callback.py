"""The listener for the redirect after consent: this machine only, one answer."""

from __future__ import annotations

import socket
import threading

import httpx
import pytest

from benchmarks.installation import free_port
from console.callback import wait_for_redirect
from console.errors import Refused


def test_it_waits_for_the_request_that_carries_a_code() -> None:
    port = free_port()
    answers: list[int] = []

    def browse() -> None:
        with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as http:
            answers.append(http.get(f"http://127.0.0.1:{port}/favicon.ico").status_code)
            answers.append(http.get(f"http://127.0.0.1:{port}/?code=abc&state=xyz").status_code)

    browser = threading.Thread(target=browse)
    browser.start()
    assert wait_for_redirect(port, timeout=20) == {"code": "abc", "state": "xyz"}
    browser.join()
    assert answers == [404, 200]


def test_a_port_in_use_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Refused, match="in use"):
            wait_for_redirect(taken.getsockname()[1])


def test_nobody_coming_ends_the_wait() -> None:
    with pytest.raises(Refused, match="Nobody came back"):
        wait_for_redirect(free_port(), timeout=0.05)
