"""Reads the recorded exchanges, sends them to the sandbox, and tells in which the two answers differ in shape."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from lxml import etree

from sandbox.prestashop.world import World
from tests.sandbox.prestashop.client import client_of

DATA = Path(__file__).parents[2] / "data"
FOLDERS = {"8.2": DATA / "prestashop-recordings", "9.0": DATA / "prestashop-recordings-9"}
# Schemas of resources that belong to orders and customers: not part of the catalogue.
NOT_CATALOGUE = {*range(54, 60), *range(63, 69)}
_COMPARED_HEADERS = ("content-type", "location", "www-authenticate", "x-powered-by", "vary")
_PRESENT_HEADERS = ("psws-version", "execution-time", "access-time", "content-sha1")


@dataclass(frozen=True)
class Recording:
    number: int
    name: str
    shop: str
    method: str
    target: str
    headers: dict[str, str]
    request_body: bytes
    status: int
    response_headers: dict[str, str]
    body: bytes
    cut: bool
    binary: bool

    @property
    def base_url(self) -> str:
        # Recording 129 asks with another host on purpose.
        location = self.response_headers.get("location", "")
        return location.partition("/?")[0] if location else f"http://{self.headers['host']}"


def read_recording(path: Path) -> Recording:
    notes, _, rest = path.read_bytes().partition(b"=== REQUEST\n")
    request, _, response = rest.partition(b"\n=== RESPONSE\n")
    request_line, headers, body = _message(request)
    status_line, response_headers, answer = _message(response)
    method, target, _ = request_line.split(" ")
    text = notes.decode()
    shop = re.search(r"# shop: (\w+)", text)
    assert shop is not None
    return Recording(
        int(path.name[:3]),
        path.stem,
        shop[1],
        method,
        target,
        headers,
        body,
        int(status_line.split(" ")[1]),
        response_headers,
        answer,
        "body cut" in text,
        "not text" in text,
    )


def _message(raw: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = raw.partition(b"\n\n")
    first, *lines = head.decode().splitlines()
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return first, {name.lower(): value for name, value in headers.items()}, body


def recordings(version: str) -> dict[int, Recording]:
    """The catalogue's recordings of a version by number."""
    found = (read_recording(path) for path in sorted(FOLDERS[version].glob("*.http")))
    return {recording.number: recording for recording in found if recording.number not in NOT_CATALOGUE}


@dataclass
class Replay:
    """A shop per recorded one, asked everything in the recorded order so that later answers see earlier writes."""

    version: str
    answers: dict[int, httpx.Response] = field(default_factory=dict)

    def run(self) -> dict[int, httpx.Response]:
        requests = recordings("8.2")
        own = recordings(self.version)
        worlds: dict[str, World] = {}
        for number, asked in sorted(requests.items()):
            base_url = own.get(number, asked).base_url if number in own else f"http://{asked.headers['host']}"
            world = worlds.get(asked.shop)
            if world is None:
                world = World.fixtures(asked.shop, version=self.version, base_url=base_url)  # type: ignore[arg-type]
                worlds[asked.shop] = world
            world.webservice_enabled = number != 127
            headers = {
                name: value for name, value in own.get(number, asked).headers.items() if name != "content-length"
            }
            if number != 129:
                headers["host"] = world.base_url.partition("://")[2]
            with client_of(world, auth=None) as client:
                self.answers[number] = client.request(
                    asked.method, world.base_url + asked.target, headers=headers, content=asked.request_body or None
                )
        return self.answers


def differences(recorded: Recording, answer: httpx.Response) -> list[str]:
    """Where status, headers and shape of the body differ; values may, but not their type nor whether they are empty."""
    found = []
    if answer.status_code != recorded.status:
        found.append(f"status {recorded.status} != {answer.status_code}")
    for name in _COMPARED_HEADERS:
        left, right = recorded.response_headers.get(name), answer.headers.get(name)
        if left != right:
            found.append(f"header {name}: {left} != {right}")
    for name in _PRESENT_HEADERS:
        if (name in recorded.response_headers) != (name in answer.headers):
            found.append(f"header {name} only on one side")
    if recorded.binary:
        return found
    if recorded.cut:
        left, right = (_without_values(text) for text in (recorded.body, answer.content))
        for one, other in zip(left.splitlines()[:-1], right.splitlines(), strict=False):
            if one != other:
                return [*found, f"line {one!r} != {other!r}"]
        return found
    left_body, right_body = recorded.body.strip(), answer.content.strip()
    if left_body[:1] in (b"{", b"[") and right_body[:1] in (b"{", b"["):
        _compare_json(json.loads(left_body), json.loads(right_body), "$", found)
    elif left_body[:1] == b"<" and right_body[:1] == b"<":
        _compare_xml(etree.fromstring(left_body), etree.fromstring(right_body), "", found)
    elif left_body != right_body:
        found.append("body")
    return found


def _without_values(body: bytes) -> str:
    """XML with every value but the empty one replaced by a mark; a value that was cut in two is left as it is."""
    return re.sub(r"<!\[CDATA\[.+?\]\]>", "…", body.decode(errors="ignore"), flags=re.DOTALL)


def _compare_json(left: Any, right: Any, path: str, found: list[str]) -> None:
    if type(left) is not type(right):
        found.append(f"{path}: {type(left).__name__} != {type(right).__name__}")
    elif isinstance(left, dict):
        if list(left) != list(right):
            found.append(f"{path}: fields {_odd(list(left), list(right))}")
        for name in left.keys() & right.keys():
            if path.endswith("errors[]") and name == "code":
                if left[name] != right[name]:
                    found.append(f"{path}.{name}: {left[name]} != {right[name]}")
            else:
                _compare_json(left[name], right[name], f"{path}.{name}", found)
    elif isinstance(left, list):
        if len(left) != len(right):
            found.append(f"{path}: {len(left)} != {len(right)} entries")
        for one, other in zip(left, right, strict=False):
            _compare_json(one, other, f"{path}[]", found)
    elif isinstance(left, str) and bool(left) != bool(right):
        found.append(f"{path}: emptiness of {left!r} and {right!r}")


def _compare_xml(left: Any, right: Any, path: str, found: list[str]) -> None:
    here = f"{path}/{left.tag}"
    if left.tag != right.tag:
        found.append(f"{here}: {left.tag} != {right.tag}")
        return
    if list(left.attrib.items()) != list(right.attrib.items()):
        found.append(f"{here}: attributes {dict(left.attrib)} != {dict(right.attrib)}")
    if bool((left.text or "").strip()) != bool((right.text or "").strip()):
        found.append(f"{here}: emptiness of {left.text!r} and {right.text!r}")
    if left.tag == "code" and left.text != right.text:
        found.append(f"{here}: {left.text} != {right.text}")
    names = [child.tag for child in left], [child.tag for child in right]
    if names[0] != names[1]:
        found.append(f"{here}: children {_odd(*names)}")
    for one, other in zip(left, right, strict=False):
        _compare_xml(one, other, here, found)


def _odd(left: list[str], right: list[str]) -> str:
    missing = [name for name in left if name not in right]
    extra = [name for name in right if name not in left]
    return f"missing {missing}, extra {extra}" if missing or extra else "in another order or number"
