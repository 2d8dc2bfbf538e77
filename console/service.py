"""`connector up|demo|db upgrade|new-key|rotate-key`: running and maintaining the installation itself."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from console.errors import Refused
from console.output import AsJson, result, say

db = typer.Typer(no_args_is_help=True, help="The connector's own tables.")

Region = Annotated[str, typer.Option(help="TikTok Shop market of the sandbox.")]
Products = Annotated[int, typer.Option(min=1, max=200_000, help="Products of the sandbox's catalogue.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same shops.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(deploy)
    app.command()(demo)
    app.command("new-key")(new_key)
    app.command("rotate-key")(rotate_key)
    app.add_typer(db, name="db")


def up(
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Also simulate both shops, and connect to them.")] = False,
    products: Products = 200,
    seed: Seed = 1,
    region: Region = "GB",
    pace: Annotated[
        float, typer.Option(min=0, help="How fast the sandbox lives: 1 for an order a minute; 0: nothing by itself.")
    ] = 1.0,
    faults: Annotated[
        str, typer.Option(help='Faults of the sandbox and their rates, e.g. "throttle=0.1,reset_after=0.05".')
    ] = "",
    timing: Annotated[str, typer.Option(help="Of the sandbox: none, or measured: costs of a real shop.")] = "none",
) -> None:
    """Run everything on this machine: tables, Prefect server and UI, flows on their schedules. Ctrl-C ends it.

    With --sandbox in a home folder of its own, where no real shop is known.
    """
    from deployments.prefect_environment import enter_serving_environment

    reached = _enter_home_of_sandbox() if sandbox else ""
    enter_serving_environment()
    from deployments.up import up as serve

    if not sandbox:
        if faults or timing != "none":
            raise Refused("--faults and --timing are for the sandbox. Add --sandbox.")
        serve(say)
        return
    if timing not in ("none", "measured"):
        raise Refused("--timing is none or measured.")
    from console.installation import open_installation
    from console.sandbox_connection import connect
    from sandbox.faults import parse_rules
    from sandbox.life import Life
    from sandbox.server import Sandbox

    try:
        rules = parse_rules(faults)
    except ValueError as error:
        raise Refused(f"The sandbox cannot be made like that: {error}") from None
    open_installation()
    with Sandbox(products=products, seed=seed, region=region.upper(), timing=timing) as shops:
        connect(shops)
        # Only now: connecting is what a person would do again, the service has to cope by itself.
        shops.faults.set(rules)
        say(f"Sandbox: PrestaShop {shops.prestashop_url}, TikTok Shop {shops.tiktok_url}; connection sandbox is ready.")
        say(f"It has a home folder of its own. Commands on it: {reached} connector …")
        with Life(shops, pace, seed):
            serve(say)


def _enter_home_of_sandbox() -> str:
    """Below the home folder, with tables and a Prefect server of its own: real shops and the sandbox never meet.

    Returns:
        The variables with which commands reach it.
    """
    from config.settings import settings

    given = settings()
    home = given.home if given.home.name == "sandbox" else given.home / "sandbox"
    own = {"CONNECTOR_HOME": str(home), "CONNECTOR_DATABASE_URL": ""}
    os.environ.update(own)
    os.environ.pop("PREFECT_API_URL", None)
    settings.cache_clear()
    if not given.database_url:
        del own["CONNECTOR_DATABASE_URL"]
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in own.items())


def deploy(
    pool: Annotated[str, typer.Option(help="Work pool whose workers run the flows; made if missing.")],
    yaml: Annotated[
        Path | None, typer.Option("--yaml", help="Only write them to this file, for prefect deploy --all.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and register what changes: connections, schedules, authorizations.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Register every deployment in a work pool of the Prefect server at PREFECT_API_URL, for workers on many machines.

    Run it again after connections were added, started or stopped, or their schedules or authorizations changed; or have
    it stay with --watch. `connector up` does the same by itself.
    """
    import asyncio

    from deployments.prefect_environment import enter_prefect_environment

    enter_prefect_environment()
    if yaml is None and not os.environ.get("PREFECT_API_URL"):
        raise Refused("Set PREFECT_API_URL to the Prefect server that the workers use, e.g. http://prefect:4200/api")
    from console.installation import open_installation

    store = open_installation()
    from deployments.registration import keep_in_pool, register_in_pool
    from deployments.schedules import wanted_deployments
    from models.database import Busy

    if yaml is not None:
        from deployments.prefect_yaml import prefect_yaml

        yaml.write_text(prefect_yaml(wanted_deployments(), pool))
        say(f"Written to {yaml}. Next: prefect deploy --all --prefect-file {yaml}")
        return
    try:
        with store.exclusive("up", patience=0):
            if watch:
                asyncio.run(keep_in_pool(pool, say))
            outcome = asyncio.run(register_in_pool(wanted_deployments(), pool))
    except Busy:
        raise Refused("connector up runs for this installation and serves these deployments. Stop it first.") from None
    result(
        {"pool": pool, "deployments": len(outcome.ids), "changed": outcome.written, "deleted": outcome.deleted},
        as_json=as_json,
        text=f"{len(outcome.ids)} deployments in work pool {pool}: {outcome.written} changed, "
        f"{outcome.deleted} deleted. On each machine: prefect worker start --pool {pool}",
    )


def demo(products: Products = 200, seed: Seed = 1, region: Region = "GB") -> None:
    """Show the main job on the sandbox: mirror a catalogue, list it, and say for every product where it stands."""
    from console.demo import demo as show

    raise typer.Exit(show(products=products, seed=seed, region=region.upper()))


@db.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the tables to the newest form; safe at any time."""
    from console.installation import open_installation

    store = open_installation()
    result(
        {"database": "sqlite" if store.is_sqlite else "postgresql"}, as_json=as_json, text="The tables are up to date."
    )


def new_key() -> None:
    """Print a fresh key for CONNECTOR_SECRET_KEY."""
    from config.secret_box import new_key as make

    sys.stdout.write(make() + "\n")
    say(
        "Put it into CONNECTOR_SECRET_KEY; to rotate, first and followed by a comma and the old key; then: "
        "connector rotate-key"
    )


def rotate_key(as_json: AsJson = False) -> None:
    """Encrypt what is stored anew with the first key, so that the keys after it can go."""
    from console.installation import open_installation

    open_installation()
    from tasks.key_rotation import encrypt_anew

    done = encrypt_anew()
    result(
        dict(done),
        as_json=as_json,
        text=f"{sum(done.values())} secrets are encrypted with the first key. The keys after it can go once everything "
        "that runs was started with the first one. Backups made until now still want them.",
    )
