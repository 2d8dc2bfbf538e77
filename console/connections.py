"""`connector connection …`: adding, looking at, checking, authorizing and removing connections (A1–A8)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.errors import Refused, Status
from console.output import AsJson, result, say, table

app = typer.Typer(no_args_is_help=True, help="Connections: one PrestaShop shop ↔ one TikTok Shop.")

Name = Annotated[str, typer.Argument(help="Name of the connection; may be left out when there is only one.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name of your choice, e.g. uk.")],
    prestashop_url: Annotated[str, typer.Option(help="Address of the shop's front page.")],
    app_key: Annotated[str, typer.Option(help="App key from the TikTok Shop Partner Center.")],
    region: Annotated[str, typer.Option(help="TikTok Shop market: GB, US, DE, …")],
    service_id: Annotated[str, typer.Option(help="Service id of the app, needed for the consent link.")] = "",
    prestashop_key_env: Annotated[str, typer.Option(help="Environment variable that holds the webservice key.")] = "",
    app_secret_env: Annotated[str, typer.Option(help="Environment variable that holds the app secret.")] = "",
    shop_id: Annotated[int, typer.Option(help="PrestaShop shop (multi-shop).")] = 1,
    tiktok_url: Annotated[str, typer.Option(help="Another server in place of TikTok Shop's API.")] = "",
    auth_url: Annotated[str, typer.Option(help="Another server in place of TikTok Shop's authorization.")] = "",
    contact_email: Annotated[str, typer.Option(help="E-mail address of the account (A5).")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a connection: PrestaShop is asked at once, credentials are stored encrypted.

    The webservice key and the app secret come from named environment variables or are asked for without echo.
    """
    from console.installation import open_installation
    from console.secrets_input import secret

    open_installation()
    from clients.tiktok.auth import AUTH_URL
    from clients.tiktok.transport import API_URL
    from tasks.connections import ConnectionDetails, add_connection

    status = add_connection(
        ConnectionDetails(
            name=name,
            region=region.upper(),
            prestashop_url=prestashop_url,
            prestashop_key=secret(prestashop_key_env, "PrestaShop webservice key"),
            app_key=app_key,
            app_secret=secret(app_secret_env, "TikTok Shop app secret"),
            service_id=service_id,
            shop_id=shop_id,
            tiktok_api_url=tiktok_url or API_URL,
            tiktok_auth_url=auth_url or tiktok_url or AUTH_URL,
            contact_email=contact_email,
        )
    )
    result(
        {"connection": name, "prestashop_version": status.version, "missing_rights": list(status.missing)},
        as_json=as_json,
        text=f"Connection {name} added: PrestaShop {status.version} {status.name!r}. "
        f"Next: connector connection authorize {name}",
    )
    if status.missing:
        say(f"The webservice key lacks rights (Advanced Parameters > Webservice): {', '.join(status.missing)}")


@app.command()
def change(
    name: Annotated[str, typer.Argument(help="Name of the connection.")],
    prestashop_url: Annotated[str, typer.Option(help="Another address of the shop's front page.")] = "",
    prestashop_key_env: Annotated[str, typer.Option(help="Environment variable that holds a new key.")] = "",
    region: Annotated[str, typer.Option(help="Another market, before the first authorization only.")] = "",
    app_key: Annotated[str, typer.Option(help="Another app key.")] = "",
    app_secret_env: Annotated[str, typer.Option(help="Environment variable that holds a new app secret.")] = "",
    service_id: Annotated[str, typer.Option(help="Another service id.")] = "",
    contact_email: Annotated[str, typer.Option(help="Another e-mail address of the account (A5).")] = "",
    as_json: AsJson = False,
) -> None:
    """Change what was entered for a connection; PrestaShop is asked first when its address or key changes."""
    from console.installation import open_installation
    from console.secrets_input import secret

    open_installation()
    from tasks.connection_changes import change_connection

    entered = {
        "prestashop_url": prestashop_url,
        "prestashop_key": secret(prestashop_key_env, "PrestaShop webservice key") if prestashop_key_env else "",
        "region": region.upper(),
        "app_key": app_key,
        "app_secret": secret(app_secret_env, "TikTok Shop app secret") if app_secret_env else "",
        "service_id": service_id,
        "contact_email": contact_email,
    }
    changed = change_connection(name, **{field: value for field, value in entered.items() if value})
    result(
        {"connection": name, "changed": changed},
        as_json=as_json,
        text=f"Changed: {', '.join(changed).replace('_', ' ')}" if changed else "Nothing changed.",
    )


@app.command("list")
def list_connections(as_json: AsJson = False) -> None:
    """List the connections with the state of both sides."""
    from console.installation import open_installation

    store = open_installation()
    from sqlmodel import col, select

    from models.connections import Connection
    from tasks.authorization import standing_of

    with store.read() as session:
        rows = [
            _row(connection, standing_of(session, connection))
            for connection in session.exec(select(Connection).order_by(col(Connection.name)))
        ]
    table(
        rows,
        ["name", "region", "prestashop", "version", "tiktok shop", "authorization", "days left", "runs"],
        as_json=as_json,
        empty="There is no connection yet. Make one with: connector setup",
    )


def _row(connection: Any, standing: Any) -> dict[str, Any]:
    return {
        "name": connection.name,
        "region": connection.region,
        "prestashop": connection.prestashop_url,
        "version": connection.prestashop_version,
        "tiktok shop": connection.shop_name,
        "authorization": standing.state.value,
        "days left": standing.days_left,
        "runs": "yes" if connection.is_running else "stopped" if connection.stopped_at else "no",
    }


@app.command()
def show(name: Name = "", as_json: AsJson = False) -> None:
    """Show what is stored about a connection; secrets as •••."""
    from console.installation import open_installation

    store = open_installation()
    from models.connections import find_connection
    from tasks.authorization import standing_of
    from tasks.connection_checks import tiktok_facts

    with store.read() as session:
        connection = find_connection(session, name)
        standing = standing_of(session, connection)
    facts = {
        "name": connection.name,
        "contact e-mail": connection.contact_email,
        "prestashop": connection.prestashop_url,
        "prestashop version": connection.prestashop_version,
        "prestashop checked": str(connection.prestashop_checked_at or "never"),
        "webservice key": "•••",
        "api": connection.tiktok_api_url,
        "app key": connection.app_key,
        "app secret": "•••",
        **tiktok_facts(connection),
        "authorization": standing.text,
        "runs by itself": _running(connection),
    }
    result(facts, as_json=as_json, text="\n".join(f"{key:24}{value}" for key, value in facts.items()))


def _running(connection: Any) -> str:
    if connection.stopped_at:
        return f"stopped since {connection.stopped_at:%Y-%m-%d %H:%M} UTC"
    return "yes" if connection.is_running else "as soon as TikTok Shop lets it in"


@app.command()
def check(name: Name = "", as_json: AsJson = False) -> None:
    """Ask both shops now: version, rights, clock, authorization, what is still missing, each with its fix."""
    from console.installation import open_installation

    open_installation()
    from tasks.connection_checks import check_connection

    found = check_connection(name)
    result({**found.model_dump(mode="json"), "ok": found.ok}, as_json=as_json)
    if not as_json:
        for title, side in (("PrestaShop", found.prestashop), ("TikTok Shop", found.tiktok)):
            say(f"{title}: {'reachable' if side.reachable else 'no access'}")
            for key, value in side.facts.items():
                say(f"  {key:30}{value}")
            for problem in side.problems:
                say(f"  ! {problem.object}: {problem.cause} {problem.fix}")
    if not found.reachable:
        raise typer.Exit(Status.NO_ACCESS)
    if not found.ok:
        raise typer.Exit(Status.FAILED)


@app.command()
def authorize(
    name: Name = "",
    code: Annotated[str, typer.Option(help="The address after the redirect, or the code in it.")] = "",
    listen: Annotated[int, typer.Option(help="Wait for the redirect on this local port.", min=0, max=65535)] = 0,
    shop: Annotated[str, typer.Option(help="Id or name of the shop when the consent covers several.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let TikTok Shop's merchant give consent, and store the tokens of the chosen shop.

    Prints the consent link and asks for the address the browser ends at; with --listen it waits for the redirect.
    """
    from console.installation import open_installation

    open_installation()
    from tasks.consent import authorize_connection, begin_consent, code_of, code_of_callback

    if code:
        code = code_of(name, code)
    elif not shop:
        link, _state = begin_consent(name)
        say(f"Open this link and approve:\n\n  {link}\n")
        if listen:
            from console.callback import wait_for_redirect

            code = code_of_callback(name, wait_for_redirect(listen))
        else:
            code = code_of(name, typer.prompt("Address after the redirect, or the code", err=True))
        if not code:
            raise Refused("No code was given.")
    outcome = authorize_connection(name, code, shop=shop)
    result(
        outcome.model_dump(mode="json"),
        as_json=as_json,
        text=f"Authorized: {outcome.shop_name} ({outcome.region}). "
        f"Next: connector run taxonomy_refresh --connection {outcome.connection}; what else is missing: "
        f"connector setup {outcome.connection} --status",
    )


@app.command()
def start(name: Name = "", as_json: AsJson = False) -> None:
    """Let a connection run by itself: schedules, messages of TikTok Shop, cron URLs. A new one waits for this."""
    from console.installation import open_installation

    open_installation()
    from tasks.connection_changes import start_connection

    connection = start_connection(name)
    text = (
        f"Connection {connection.name} runs by itself where connector up or connector deploy --watch does; without "
        "--watch, run connector deploy again."
        if connection.is_running
        else f"Connection {connection.name} runs by itself as soon as TikTok Shop lets it in: "
        f"connector connection authorize {connection.name}"
    )
    result({"connection": connection.name, "running": connection.is_running}, as_json=as_json, text=text)


@app.command()
def stop(name: Name = "", as_json: AsJson = False) -> None:
    """Let nothing of a connection run by itself any more; runs at work end, and people may still start some."""
    from console.installation import open_installation

    open_installation()
    from tasks.connection_changes import stop_connection

    connection = stop_connection(name)
    result(
        {"connection": connection.name, "running": False},
        as_json=as_json,
        text=f"Connection {connection.name} is stopped; what is at work ends as usual. "
        f"To let it run again: connector connection start {connection.name}",
    )


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of the connection.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a connection with its mirror, templates and history; listings on TikTok Shop stay as they are."""
    from console.installation import open_installation

    store = open_installation()
    from models.connections import find_connection
    from tasks.connections import remove_connection

    with store.read() as session:
        find_connection(session, name)
    if not yes:
        typer.confirm(f"Forget connection {name} with everything stored for it?", abort=True, err=True)
    remove_connection(name)
    result({"removed": name}, as_json=as_json, text=f"Connection {name} removed.")
