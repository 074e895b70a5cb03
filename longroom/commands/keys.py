"""`longroom keys`: who may call the backend, and for what."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir, duration, known_name

if TYPE_CHECKING:
    from retrieval.store.api_keys import ApiKey, NewKey

app = typer.Typer(
    no_args_is_help=True,
    help="Keys of callers of the backend, each with scopes.",
    rich_markup_mode=None,
)

KeyName = Annotated[
    str, typer.Argument(metavar="NAME", callback=known_name, help="Whose key it is.")
]
ExpiresIn = Annotated[
    timedelta | None,
    typer.Option(
        "--expires-in",
        metavar="TIME",
        parser=duration,
        help="As 90d, 12h or 30m; without it never.",
    ),
]


@app.command()
def create(
    name: KeyName,
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="SCOPE", help="agent, search, backfill, operator or admin; may be repeated."
        ),
    ],
    expires_in: ExpiresIn = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make a key and print it, this once.

    A backend asks for keys where it has BACKEND_SERVICE_KEY, or BACKEND_KEYS_REQUIRED=true.
    """
    from functools import partial
    from typing import get_args

    from longroom.database import on_database
    from longroom.errors import clear_errors
    from retrieval.store import api_keys

    known: tuple[api_keys.Scope, ...] = get_args(api_keys.Scope)
    unknown = sorted(set(scope) - set(known))
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is none of {', '.join(known)}", param_hint="--scope"
        )
    scopes = [one for one in known if one in scope]
    work = partial(api_keys.create_key, name=name, scopes=scopes, expires_in=expires_in)
    with clear_errors():
        key = on_database(work, data_dir=data_dir)
    _print_new(key)


@app.command()
def rotate(
    name: KeyName, expires_in: ExpiresIn = None, data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Make a second key of a name, with the same scopes; the first stays valid until revoked."""
    from functools import partial

    from longroom.database import on_database
    from longroom.errors import clear_errors
    from retrieval.store import api_keys

    work = partial(api_keys.rotate_key, name=name, expires_in=expires_in)
    with clear_errors():
        key = on_database(work, data_dir=data_dir)
    _print_new(key)


@app.command()
def revoke(
    name_or_id: Annotated[
        str, typer.Argument(metavar="NAME|ID", help="All keys of a name, or one by its id.")
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Revoke keys; backends refuse them within 5 seconds. Exit code 1 if there is none."""
    from functools import partial

    from longroom.database import on_database
    from longroom.errors import clear_errors
    from retrieval.store import api_keys

    work = partial(api_keys.revoke_keys, name_or_id=name_or_id)
    with clear_errors():
        revoked = on_database(work, data_dir=data_dir)
    for key_id in revoked:
        typer.echo(f"revoked {key_id}")
    if not revoked:
        typer.echo(f"no key of the name or id {name_or_id}", err=True)
        raise typer.Exit(1)


@app.command("list")
def list_keys(
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List keys: id, name, scopes, state, and since when and until when. No secrets."""
    import json

    from longroom.database import on_database
    from longroom.errors import clear_errors
    from retrieval.store import api_keys

    with clear_errors():
        told = [_told(key) for key in on_database(api_keys.keys, data_dir=data_dir)]
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    for key in told:
        typer.echo("  ".join(value or "-" for value in key.values()))
    typer.echo(f"{len(told)} keys", err=True)


def _print_new(key: "NewKey") -> None:
    typer.echo(key.text)
    typer.echo(f"key {key.key_id}; keep it now, it is not shown again", err=True)


def _told(key: "ApiKey") -> dict[str, str | None]:
    return {
        "id": key.key_id,
        "name": key.name,
        "scopes": ",".join(key.scopes),
        "state": "revoked" if key.revoked_at else "valid" if key.valid else "expired",
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "expires_at": key.expires_at.isoformat(timespec="seconds") if key.expires_at else None,
    }
