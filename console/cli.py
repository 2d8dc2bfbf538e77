"""The command line: `connector …`. Commands import what they need when they run, so that --help answers at once."""

from __future__ import annotations

import os

import typer

from console import (
    backup,
    brands,
    carriers,
    connections,
    cron,
    doctor,
    door_command,
    links,
    order_actions,
    orders,
    parked,
    products,
    runs,
    sandbox_command,
    service,
    settings_commands,
    setup_command,
    statuses,
    templates,
    webhooks,
)
from console.errors import Commands

app = typer.Typer(
    name="connector",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps a PrestaShop store and a TikTok Shop in step.",
    epilog="Exit status: 0 all done, 1 something parked or failed, 2 wrong use, 3 not authorized or not reachable.",
)
service.register(app)
setup_command.register(app)
backup.register(app)
runs.register(app)
doctor.register(app)
sandbox_command.register(app)
door_command.register(app)
app.add_typer(connections.app, name="connection")
app.add_typer(settings_commands.app, name="settings")
app.add_typer(templates.app, name="templates")
app.add_typer(brands.app, name="brands")
app.add_typer(links.app, name="links")
app.add_typer(products.app, name="products")
order_actions.register(orders.app)
app.add_typer(orders.app, name="orders")
app.add_typer(parked.app, name="parked")
app.add_typer(cron.app, name="cron")
app.add_typer(carriers.app, name="carriers")
app.add_typer(statuses.app, name="statuses")
app.add_typer(webhooks.app, name="webhooks")


def main() -> None:
    """Entry point of the `connector` script."""
    # Logs, exports and settings files are their owner's alone, like the home folder.
    os.umask(0o077)
    app()
