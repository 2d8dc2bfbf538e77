"""A listener for the one redirect that follows consent, on this machine only."""

from __future__ import annotations

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from console.errors import Refused
from console.output import say

_PAGE = b"<!doctype html><meta charset=utf-8><title>Connector</title><p>You can close this window now.</p>"


def wait_for_redirect(port: int, *, timeout: float = 600.0) -> Mapping[str, str]:
    """The query of the first request that carries a `code` or an `error`.

    Raises:
        Refused: the port is taken, or nobody came within `timeout` seconds.
    """
    received: dict[str, str] = {}

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            if "code" in query or "error" in query:
                received.update(query)
            self.send_response(200 if received else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_PAGE if received else b"")

        def log_message(self, *_: Any) -> None:
            """The request line holds the code."""

    class Listener(HTTPServer):
        def handle_timeout(self) -> None:
            raise Refused(f"Nobody came back from the consent page within {timeout:.0f} seconds. Open the link again.")

    try:
        server = Listener(("127.0.0.1", port), Redirect)
    except OSError:
        raise Refused(f"Port {port} is in use. Choose another with --listen, and set it as redirect.") from None
    with server:
        server.timeout = timeout
        say(f"Waiting for the redirect on http://127.0.0.1:{server.server_port}/ …")
        while not received:
            server.handle_request()
    return received
