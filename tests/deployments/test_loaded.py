"""What runs share with the process they are forks of."""

from __future__ import annotations

import subprocess
import sys

import pytest

SEEN = """
import ssl
import deployments.loaded
import certifi, httpx
one, other = (ssl.create_default_context(cafile=certifi.where()) for _ in range(2))
assert one is other, "one TLS context for all clients"
assert one.verify_mode is ssl.CERT_REQUIRED and one.check_hostname, "which verifies"
assert ssl.create_default_context() is not ssl.create_default_context(), "what may be changed is everybody's own"
assert ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certifi.where()) is not one
assert httpx.create_ssl_context() is httpx.create_ssl_context()
"""


@pytest.mark.slow
def test_clients_of_a_run_share_what_they_trust() -> None:
    subprocess.run([sys.executable, "-c", SEEN], check=True)
