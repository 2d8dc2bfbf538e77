"""`connector sandbox`: both shops simulated on real ports, with fault injection (K23)."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from console.errors import Refused
from console.output import AsJson, result, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sandbox")(sandbox)


def sandbox(
    products: Annotated[int, typer.Option(min=1, max=200_000, help="Products of the generated catalogue.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shops.")] = 1,
    prestashop_version: Annotated[str, typer.Option(help="1.7.8, 8.2 or 9.0.")] = "8.2",
    region: Annotated[str, typer.Option(help="TikTok Shop market: GB, US, DE, …")] = "GB",
    timing: Annotated[str, typer.Option(help="none, or measured: costs as those of a real shop.")] = "none",
    faults: Annotated[str, typer.Option(help='Faults and rates, e.g. "throttle=0.1,reset_after=0.05".')] = "",
    life: Annotated[
        float, typer.Option(min=0, help="Pace of a world that lives by itself: 1 for an order a minute; 0 for none.")
    ] = 0,
    prestashop_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 0,
    tiktok_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Start a simulated PrestaShop and TikTok Shop, and print what a connection to them needs."""
    if prestashop_version not in ("1.7.8", "8.2", "9.0"):
        raise Refused("--prestashop-version is one of 1.7.8, 8.2 and 9.0.")
    if timing not in ("none", "measured"):
        raise Refused("--timing is none or measured.")
    from rules.market import market
    from sandbox.life import Life
    from sandbox.server import Sandbox

    market(region.upper())
    check_free(prestashop_port, "--prestashop-port")
    check_free(tiktok_port, "--tiktok-port")
    try:
        shops = Sandbox(
            products=products,
            seed=seed,
            prestashop_version=prestashop_version,
            region=region.upper(),
            timing=timing,
            faults=faults,
            prestashop_port=prestashop_port,
            tiktok_port=tiktok_port,
        )
    except (ValueError, KeyError) as error:
        raise Refused(f"The sandbox cannot be made like that: {error}") from None
    with shops:
        access = shops.settings()
        result(access, as_json=as_json, text=connection_recipe(access, shops.auth_code()))
        say("Running until Ctrl-C.")
        with Life(shops, life, seed):
            shops.serve_forever()


def check_free(port: int, option: str) -> None:
    """Refuse a port that something listens on; 0 stands for any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refused(f"Port {port} cannot be used ({error.strerror}). Choose another with {option}.") from None


def connection_recipe(access: dict[str, str], code: str) -> str:
    """The lines that connect to a sandbox. The secrets in them are the simulator's own, so they are shown."""
    rows = "\n".join(f"  {key:16}{value}" for key, value in access.items())
    return f"""The sandbox is up. What a connection to it needs:

{rows}

In another terminal, with a home folder where no real shop is known:

  export CONNECTOR_HOME=.connector/sandbox-alone
  export SANDBOX_KEY={access["prestashop_key"]} SANDBOX_SECRET={access["app_secret"]}
  connector connection add sandbox --region {access["region"]} \\
    --prestashop-url {access["prestashop_url"]} --prestashop-key-env SANDBOX_KEY \\
    --tiktok-url {access["tiktok_url"]} --auth-url {access["auth_url"]} \\
    --app-key {access["app_key"]} --app-secret-env SANDBOX_SECRET --service-id {access["service_id"]}
  connector connection authorize sandbox --code {code}
  connector run taxonomy_refresh
  connector connection start sandbox

The same as a file for connector settings import:

  connections:
    - name: sandbox
      region: {access["region"]}
      prestashop: {{url: "{access["prestashop_url"]}", key_env: SANDBOX_KEY}}
      tiktok: {{app_key: "{access["app_key"]}", app_secret_env: SANDBOX_SECRET, service_id: "{access["service_id"]}",
               api_url: "{access["tiktok_url"]}", auth_url: "{access["auth_url"]}"}}
"""
