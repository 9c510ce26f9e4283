"""`python -m serve`: run the service, make keys."""

import errno
import signal
import socket
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import typer

from serve.app import create_app, prepare
from serve.claim import claim
from serve.commands import Home, add_commands, assembled, or_exit
from serve.errors import Conflict
from serve.logs import set_up_logging
from serve.outward.mqtt import check_broker
from serve.people.passwords import SHORTEST
from serve.people.roles import CITY_WIDE, Role, Scope
from serve.server import Server
from serve.services import Services
from serve.settings import Settings
from serve.trouble import told_in_words
from serve.trust import authorities

BACKLOG = 2048
SETUP_TIME = timedelta(days=1)

cli = typer.Typer(
    help="The Streetwarden event service.", add_completion=False, no_args_is_help=False
)
keys = typer.Typer(help="API keys.", no_args_is_help=True)
users = typer.Typer(help="People.", no_args_is_help=True)
cli.add_typer(keys, name="keys")
cli.add_typer(users, name="users")

add_commands(cli)


@cli.callback(invoke_without_command=True)
def serve(  # noqa: PLR0913 one argument per option
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="0 picks a free port")] = None,
    home: Home = None,
    open_reads: Annotated[
        bool, typer.Option("--open-reads", help="Reading needs no login (loopback)")
    ] = False,
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        typer.Option(case_sensitive=False, help="Least level that is logged"),
    ] = "INFO",
    log_text: Annotated[
        bool, typer.Option("--log-text", help="Plain log lines, not JSON")
    ] = False,
) -> None:
    """Run the service until it is told to stop."""
    if context.invoked_subcommand is not None:
        return
    services = assembled(host=host, port=port, home=home, open_reads=open_reads or None)
    settings = services.settings
    set_up_logging(log_level, as_json=not log_text)
    check_broker(settings)
    authorities()
    settings.home.mkdir(parents=True, exist_ok=True)
    with or_exit(lambda: claim(services.database)):
        or_exit(lambda: _first_start(services))
        _run(settings)


def _run(settings: Settings) -> None:
    listening = _listen(settings)
    address = _address(settings, listening)
    server = Server(create_app(settings))

    def ask(_signal: int, _frame: FrameType | None) -> None:
        # Also when uvicorn has not taken over the signals yet, or hands one on.
        server.should_exit = True

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, ask)
    typer.echo(f"Streetwarden event service: {address}")
    server.run(sockets=[listening])


@keys.command("create")
def create_key(
    *,
    scope: Annotated[list[Scope], typer.Option(help="May be repeated")],
    name: Annotated[str, typer.Option(help="Whose key it is")] = "unnamed",
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Lifetime")
    ] = None,
    district: Annotated[
        list[str] | None, typer.Option(help="Street it sees; may be repeated")
    ] = None,
    home: Home = None,
) -> None:
    """Print a new key; it cannot be read again."""
    _check_named(district)
    if district and Scope.INGEST in scope:
        typer.echo("an engine reports for the whole city: no --district", err=True)
        raise typer.Exit(2)
    services = _prepared(home)
    lifetime = None if days is None else timedelta(days=days)
    key = services.keys.create(name, scope, lifetime=lifetime, districts=district or [])
    typer.echo(key)


def _check_named(districts: list[str] | None) -> None:
    # A variable of a script that is not set: it would open the whole city.
    if districts and not all(one.strip() for one in districts):
        typer.echo("--district: got an empty name; expected a street", err=True)
        raise typer.Exit(2)


@keys.command("list")
def list_keys(*, home: Home = None) -> None:
    """Print every key's id, name, scopes and end; never the key."""
    for row in _prepared(home).keys.all():
        state = "revoked" if row.revoked_at else f"until {row.expires_at or 'revoked'}"
        typer.echo(f"{row.key_id}  {row.name}  [{row.scopes}]  {state}")


@keys.command("revoke")
def revoke_key(key_id: str, *, home: Home = None) -> None:
    """End a key."""
    if not _prepared(home).keys.revoke(key_id):
        typer.echo(f"no key {key_id} to revoke; see `keys list`", err=True)
        raise typer.Exit(1)


@users.command("create")
def create_user(
    name: str,
    *,
    role: Annotated[Role, typer.Option(help="What they may do")],
    district: Annotated[list[str] | None, typer.Option(help="May be repeated")] = None,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)
    ],
    home: Home = None,
) -> None:
    """Add a person; the password is asked for."""
    if len(password) < SHORTEST:
        typer.echo(f"password: expected at least {SHORTEST} characters", err=True)
        raise typer.Exit(2)
    _check_named(district)
    if role in CITY_WIDE and district:
        typer.echo(f"the role {role} is for the whole city: no --district", err=True)
        raise typer.Exit(2)
    try:
        _prepared(home).users.create(name, password, role, district or [])
    except Conflict as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(1) from None


def _prepared(home: Path | None) -> Services:
    services = assembled(home=home)
    or_exit(lambda: prepare(services))
    return services


def _first_start(services: Services) -> None:
    services.database.migrate()
    if services.keys.is_empty():
        # Shown once, on the terminal and not in the log: there is no default password.
        typer.echo("First start. Keep these keys; they are not shown again:")
        if services.settings.api_key is None:
            ingest = services.keys.create("first engine", [Scope.INGEST])
            typer.echo(f"  ingest key (for the engine): {ingest}")
        token = services.keys.create("setup", [Scope.SETUP], lifetime=SETUP_TIME)
        typer.echo(f"  one-time admin token:        {token}")
        typer.echo("  (make the first administrator with it at /setup within a day)")
    services.database.close()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        # From here on callers wait in the queue instead of being turned away.
        listening.listen(BACKLOG)
    except OSError as error:
        typer.echo(
            f"cannot listen on {settings.host} port {settings.port} "
            f"({error.strerror}); free it or name another with --port",
            err=True,
        )
        passing = error.errno in {errno.EADDRINUSE, errno.EADDRNOTAVAIL}
        raise typer.Exit(1 if passing else 2) from None
    return listening


def _address(settings: Settings, listening: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listening.getsockname()[1]}/"


def main() -> None:
    """Run a command; what an operator can mend ends in words."""
    with told_in_words():
        cli()


if __name__ == "__main__":
    main()
