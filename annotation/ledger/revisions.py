"""The revision of the ledger's tables, and the way up to a newer one.

Held here: a migration is one transaction, on SQLite as on PostgreSQL. Killed at any moment, it leaves the former
tables; and it never goes back, since the columns of a later revision hold what somebody said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from annotation.errors import InstallationError, InvalidInputError, NotFoundError

HEAD: Final = "head"
CATALOG: Final = frozenset({"iceberg_tables", "iceberg_namespace_properties"})
"""Tables of the training set's catalog, which lie in the ledger's database and are made by Iceberg."""
BOOKKEEPING: Final = "alembic_version"
CORE: Final = frozenset({"nomenclature", "text", "judgement", "label"})
"""Tables that every revision has: by these a ledger is told from somebody else's database."""
SHOWN: Final = 5


def newest() -> str:
    return known()[-1]


def known() -> list[str]:
    """The revisions of this program, oldest first."""
    script = ScriptDirectory.from_config(_alembic())
    return [found.revision for found in reversed(list(script.walk_revisions()))]


def current(connection: Connection, *, address: str) -> str | None:
    """The revision of the ledger in the database, known to this program or not; None where there is no table yet.

    Raises InvalidInputError for tables of somebody else, which the ledger's must not be mixed with.
    """
    names = set(inspect(connection).get_table_names())
    heads = MigrationContext.configure(connection).get_current_heads()
    if names >= CORE and len(heads) == 1:
        return heads[0]
    strangers = sorted(names - CATALOG - {BOOKKEEPING})
    if strangers or heads:
        shown = ", ".join(strangers[:SHOWN]) or BOOKKEEPING
        more = f" and {len(strangers) - SHOWN} more" if len(strangers) > SHOWN else ""
        raise InvalidInputError(
            f"The database at {address} holds tables that are not those of a ledger: {shown}{more}.",
            cure="Give the ledger a database of its own: change ledger.url.",
        )
    return None


def upgrade(connection: Connection, revision: str = HEAD, *, address: str) -> None:
    """Bring the tables up to a revision, within the transaction that the connection is in.

    Raises InstallationError for a ledger of a later program, InvalidInputError for a way back or somebody else's
    tables, NotFoundError for a revision that this program lacks; nothing is changed then.
    """
    if connection.dialect.name == "postgresql":
        # Two programs that start at once would both make the tables; SQLite has one writer at a time anyway.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('migrate'))")
    revisions = known()
    present, wanted = current(connection, address=address), revisions[-1] if revision == HEAD else revision
    require_known(present, address=address)
    if wanted not in revisions:
        raise NotFoundError(f"There is no revision {wanted}.", cure=f"There are {', '.join(revisions)}.")
    if present is not None and revisions.index(present) > revisions.index(wanted):
        raise InvalidInputError(
            f"The ledger at {address} is at revision {present} and cannot go back to {wanted}: what was written "
            "since would be lost.",
            cure="Restore a backup made at that revision into an empty place: awb restore FILE.",
        )
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, wanted)


def require_known(present: str | None, *, address: str) -> None:
    """InstallationError for a revision that only a later program can have."""
    revisions = known()
    if present is not None and present not in revisions:
        raise InstallationError(
            f"{address} is at revision {present}: a later version of this program wrote it "
            f"(this one knows revisions up to {revisions[-1]}).",
            cure="Install the newer version of annotation-workbench, or use another ledger.",
        )


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
