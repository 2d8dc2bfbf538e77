"""Both simulated shops on real ports, and the faults of the transport as a client meets them."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from sandbox.server import Sandbox


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(products=5) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    running.faults.clear()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def consent_page(sandbox: Sandbox) -> str:
    return f"{sandbox.tiktok_url}/open/authorize?service_id={sandbox.service_id}"


def test_both_shops_answer(sandbox: Sandbox, client: httpx.Client) -> None:
    assert client.get(f"{sandbox.prestashop_url}/api/", auth=(sandbox.prestashop_key, "")).status_code == 200
    assert client.get(consent_page(sandbox)).status_code == 200


def test_settings_name_what_a_connection_needs(sandbox: Sandbox) -> None:
    settings = sandbox.settings()
    assert settings["prestashop_url"] == sandbox.prestashop_url
    assert settings["prestashop_key"] == sandbox.prestashop_key
    assert settings["shop_cipher"] == sandbox.tiktok.shop_cipher
    assert all(settings.values())


def test_a_code_of_the_sandbox_can_be_exchanged(sandbox: Sandbox, client: httpx.Client) -> None:
    query = {
        "app_key": sandbox.app_key,
        "app_secret": sandbox.app_secret,
        "auth_code": sandbox.auth_code(),
        "grant_type": "authorized_code",
    }
    assert client.get(f"{sandbox.auth_url}/api/v2/token/get", params=query).json()["code"] == 0


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_reset_cuts_the_connection(sandbox: Sandbox, client: httpx.Client, kind: str) -> None:
    sandbox.faults.set(f"{kind}=1x2")
    for url in (consent_page(sandbox), f"{sandbox.prestashop_url}/api/"):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.get(url, auth=(sandbox.prestashop_key, ""))
    assert client.get(consent_page(sandbox)).status_code == 200


@pytest.mark.parametrize(("kind", "made"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_comes_before_or_after_the_work(sandbox: Sandbox, client: httpx.Client, kind: str, made: int) -> None:
    calls = sandbox.tiktok.calls
    before = calls["GET /api/v2/token/get"]
    sandbox.faults.set(f"{kind}=1x1")
    with pytest.raises(httpx.TransportError):
        client.get(f"{sandbox.auth_url}/api/v2/token/get")
    assert calls["GET /api/v2/token/get"] - before == made


def test_a_truncated_answer_ends_early(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.faults.set("truncated=1x1")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get(consent_page(sandbox))


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("throttle", 429, 36009002), ("throttle_retry_after", 429, 36009002), ("server_error", 500, 36009003)],
)
def test_faults_of_tiktok_shop_come_in_its_envelope(
    sandbox: Sandbox, client: httpx.Client, kind: str, status: int, code: int
) -> None:
    sandbox.faults.set(f"{kind}=1x1")
    answer = client.post(f"{sandbox.tiktok_url}/product/202309/products", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("retry-after") == ("1" if kind == "throttle_retry_after" else None)


@pytest.mark.parametrize(("kind", "status"), [("throttle", 429), ("html_503", 503), ("server_error", 500)])
def test_faults_before_prestashop_are_no_webservice_answers(
    sandbox: Sandbox, client: httpx.Client, kind: str, status: int
) -> None:
    sandbox.faults.set(f"{kind}=1x1")
    answer = client.get(f"{sandbox.prestashop_url}/api/", auth=(sandbox.prestashop_key, ""))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")


def test_slow_answers_are_whole(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.faults.slow_seconds = 0.01
    sandbox.faults.set("slow=1x1")
    assert client.get(consent_page(sandbox)).status_code == 200
    assert sandbox.faults.drawn["slow"] == 1


def test_the_control_surface_is_never_faulty(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.faults.set("reset_before=1")
    answer = client.post(f"{sandbox.tiktok_url}/_sandbox/faults", json={"rules": ""})
    assert answer.json() == {"rules": 0}


def test_serving_ends_with_a_signal(sandbox: Sandbox) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def end() -> None:
        while signal.getsignal(signal.SIGTERM) is before:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    ending = threading.Thread(target=end)
    ending.start()
    sandbox.serve_forever()
    ending.join()
    assert signal.getsignal(signal.SIGTERM) is before


def test_leaving_closes_the_ports(client: httpx.Client) -> None:
    with Sandbox(products=1) as sandbox:
        url = consent_page(sandbox)
    with pytest.raises(httpx.ConnectError):
        client.get(url)


def test_one_clock_moves_both_shops(sandbox: Sandbox, client: httpx.Client) -> None:
    before = sandbox.now(), sandbox.tiktok.now(), sandbox.prestashop.time()
    sandbox.advance(86_400)
    after = sandbox.now(), sandbox.tiktok.now(), sandbox.prestashop.time()
    for earlier, later in zip(before, after, strict=True):
        assert 86_400 <= (later - earlier).total_seconds() < 86_460
    # The signature window stays where it was.
    assert abs((sandbox.tiktok.clock() - before[0]).total_seconds()) < 60
