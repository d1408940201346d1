"""The way into the ledger: a transaction that commits on clean exit and leaves nothing behind on error."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from annotation.errors import ConflictError, InstallationError, InvalidInputError, UnreachableError
from annotation.ledger import revisions
from annotation.ledger.repositories.accounts import Accounts, Tokens
from annotation.ledger.repositories.answers import Answers
from annotation.ledger.repositories.audit import Audit
from annotation.ledger.repositories.campaigns import Campaigns, Draws, Tasks
from annotation.ledger.repositories.edits import Edits
from annotation.ledger.repositories.extracts import Extracts
from annotation.ledger.repositories.flow_figures import FlowFigures
from annotation.ledger.repositories.gauges import Gauges
from annotation.ledger.repositories.judgements import Coders, Judgements
from annotation.ledger.repositories.labels import EvaluationSet, Labels
from annotation.ledger.repositories.nomenclatures import Nomenclatures
from annotation.ledger.repositories.operations import Events, Leases, Turns
from annotation.ledger.repositories.origins import Origins
from annotation.ledger.repositories.people import People
from annotation.ledger.repositories.platforms import Inbox, Platforms
from annotation.ledger.repositories.provenance import Provenance
from annotation.ledger.repositories.quarantine import Quarantine
from annotation.ledger.repositories.questions import Questions
from annotation.ledger.repositories.retention import Retention
from annotation.ledger.repositories.tallies import Tallies
from annotation.ledger.repositories.teams import Assignments, Enrolments, Gold, Policies
from annotation.ledger.repositories.texts import Texts
from annotation.ledger.repositories.versions import Calibrations, Decisions, ModelVersions, TrainingSetVersions

BUSY_SECONDS = 60
_AWAY_CURE = "Check ledger.url, and that the database runs, is not locked and has room."
_DISTRUST_CURE = "Name the PEM file of the authority that signed its certificate by sslrootcert in ledger.url."
# Of PostgreSQL.
UNDEFINED_TABLE = "42P01"
NO_PRIVILEGE = "42501"
CROSSED = ("40P01", "40001")  # of PostgreSQL: a deadlock, or transactions that cannot be put in an order
# libpq would wait for minutes for a connection, and for hours for an answer over one that a firewall has forgotten.
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


class UnitOfWork:
    """One transaction's repositories."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def nomenclatures(self) -> Nomenclatures:
        return Nomenclatures(self._session)

    @cached_property
    def texts(self) -> Texts:
        return Texts(self._session)

    @cached_property
    def campaigns(self) -> Campaigns:
        return Campaigns(self._session)

    @cached_property
    def draws(self) -> Draws:
        return Draws(self._session)

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self._session)

    @cached_property
    def gauges(self) -> Gauges:
        return Gauges(self._session)

    @cached_property
    def tallies(self) -> Tallies:
        return Tallies(self._session)

    @cached_property
    def policies(self) -> Policies:
        return Policies(self._session)

    @cached_property
    def enrolments(self) -> Enrolments:
        return Enrolments(self._session)

    @cached_property
    def assignments(self) -> Assignments:
        return Assignments(self._session)

    @cached_property
    def gold(self) -> Gold:
        return Gold(self._session)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self._session)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self._session)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self._session)

    @cached_property
    def judgements(self) -> Judgements:
        return Judgements(self._session)

    @cached_property
    def people(self) -> People:
        return People(self._session)

    @cached_property
    def retention(self) -> Retention:
        return Retention(self._session)

    @cached_property
    def answers(self) -> Answers:
        return Answers(self._session)

    @cached_property
    def coders(self) -> Coders:
        return Coders(self._session)

    @cached_property
    def platforms(self) -> Platforms:
        return Platforms(self._session)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self._session)

    @cached_property
    def labels(self) -> Labels:
        return Labels(self._session)

    @cached_property
    def evaluation(self) -> EvaluationSet:
        return EvaluationSet(self._session)

    @cached_property
    def trainingsets(self) -> TrainingSetVersions:
        return TrainingSetVersions(self._session)

    @cached_property
    def models(self) -> ModelVersions:
        return ModelVersions(self._session)

    @cached_property
    def calibrations(self) -> Calibrations:
        return Calibrations(self._session)

    @cached_property
    def decisions(self) -> Decisions:
        return Decisions(self._session)

    @cached_property
    def flow_figures(self) -> FlowFigures:
        return FlowFigures(self._session)

    @cached_property
    def questions(self) -> Questions:
        return Questions(self._session)

    @cached_property
    def provenance(self) -> Provenance:
        return Provenance(self._session)

    @cached_property
    def origins(self) -> Origins:
        return Origins(self._session)

    @cached_property
    def edits(self) -> Edits:
        return Edits(self._session)

    @cached_property
    def extracts(self) -> Extracts:
        return Extracts(self._session)

    @cached_property
    def quarantine(self) -> Quarantine:
        return Quarantine(self._session)

    @cached_property
    def events(self) -> Events:
        return Events(self._session)

    @cached_property
    def leases(self) -> Leases:
        return Leases(self._session)

    @cached_property
    def turns(self) -> Turns:
        return Turns(self._session)


class Ledger:
    """The database behind the loop, SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # PostgreSQL would show each statement another moment, SQLite holds one from the first statement on.
        isolation = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        self._reading = engine.execution_options(awb_reads=True, **isolation)

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Connect lazily to ``sqlite:///file`` or ``postgresql+psycopg://…``; the folder of a file is made."""
        try:
            parsed = _patient(make_url(url))
            # Parameters are texts, comments and hashes of passwords: no error shall repeat them.
            engine = create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
            raise _unreadable_address() from error
        if engine.dialect.name not in ("sqlite", "postgresql"):
            raise _unreadable_address()
        if engine.dialect.name == "sqlite" and parsed.database not in (None, "", ":memory:"):
            _make_folder(Path(str(parsed.database)).parent)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        return cls(engine)

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """A transaction that may write. SQLite lets one in at a time; the others wait."""
        with self._session(self._engine) as session, session.begin():
            yield UnitOfWork(session)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A consistent view that hinders no writer; what it writes is thrown away."""
        with self._session(self._reading) as session:
            try:
                yield UnitOfWork(session)
            finally:
                session.rollback()

    def migrate(self, revision: str = revisions.HEAD) -> str:
        """Bring the tables up to a revision, by default that of this installation, and return where they are."""
        newest = newest_revision()
        # Most programs find the newest tables; they need not wait for whoever is writing.
        if revision in (revisions.HEAD, newest) and self.revision() == newest:
            return newest
        with self.connected(writes=True) as connection:
            revisions.upgrade(connection, revision, address=self.address)
        return self.revision() or ""

    def revision(self) -> str | None:
        with self.connected(writes=False) as connection:
            return revisions.current(connection, address=self.address)

    def require_migrated(self) -> None:
        revision, head = self.revision(), newest_revision()
        revisions.require_known(revision, address=self.address)
        if revision != head:
            raise InstallationError(
                f"The ledger at {self.address} is at revision {revision or 'none'}, this program wants {head}.",
                cure="Run: awb init",
            )

    @contextmanager
    def connected(self, *, writes: bool) -> Iterator[Connection]:
        """A transaction without repositories, for what concerns the tables as such."""
        with self._translated(), (self._engine if writes else self._reading).begin() as connection:
            yield connection

    @property
    def address(self) -> str:
        """The URL without its password and options."""
        return self._engine.url.set(query={}).render_as_string(hide_password=True)

    @property
    def url(self) -> str:
        return self._engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        with self._translated(), Session(engine) as session:
            yield session

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError as error:
            raise UnreachableError(
                f"The ledger at {self.address} is busy: all our connections to it wait for answers.",
                cure="Try again; if it goes on, check that the database answers.",
            ) from error
        except OperationalError as error:
            if "no such table" in str(error.orig):
                raise self._without_tables() from error
            reason = str(error.orig).partition("\n")[0]
            if getattr(error.orig, "sqlstate", None) in CROSSED:
                raise ConflictError(
                    f"Another command changed the same rows of the ledger at the same moment ({reason}).",
                    cure="Nothing was written. Run the command again.",
                ) from error
            raise UnreachableError(
                f"The ledger at {self.address} does not answer: {reason}.",
                cure=_DISTRUST_CURE if "certificate verify failed" in reason else _AWAY_CURE,
            ) from error
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE:
                raise self._without_tables() from error
            if getattr(error.orig, "sqlstate", None) == NO_PRIVILEGE:
                reason = str(error.orig).partition("\n")[0]
                raise UnreachableError(
                    f"The ledger at {self.address} refuses: {reason}.",
                    cure="This command wants a login with another role; see configs/security/postgres-roles.sql.",
                ) from error
            if getattr(error.orig, "sqlite_errorname", None) == "SQLITE_NOTADB":
                raise InvalidInputError(
                    f"The file of the ledger at {self.address} is no SQLite database.", cure="Check ledger.url."
                ) from error
            if isinstance(error, DataError):
                reason = str(error.orig).partition("\n")[0]
                raise InvalidInputError(f"The ledger cannot hold a value: {reason}.", cure="Shorten it.") from error
            if error.connection_invalidated:
                raise UnreachableError(
                    f"The connection to the ledger at {self.address} was cut.", cure="Run the command again."
                ) from error
            raise

    def _without_tables(self) -> InstallationError:
        return InstallationError(f"The ledger at {self.address} has no tables.", cure="Run: awb init")


def _patient(url: URL) -> URL:
    """With an end to the waiting for a server that is gone without a word, where the address says nothing of it."""
    if url.get_backend_name() != "postgresql":
        return url
    return url.update_query_dict({name: value for name, value in PATIENCE.items() if name not in url.query})


def _unreadable_address() -> InvalidInputError:
    return InvalidInputError(
        "The address of the ledger cannot be read.",
        cure="Write ledger.url like sqlite:///folder/ledger.db or postgresql+psycopg://user:password@host/name.",
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnreachableError(
            f"The folder {folder} of the ledger cannot be made ({error.strerror}).", cure="Check ledger.url, or --home."
        ) from error


def newest_revision() -> str:
    return revisions.newest()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own BEGIN comes too late (at the first write), where waiting for another writer cannot help any more.
    connection.isolation_level = None
    waiting = f"busy_timeout={BUSY_SECONDS * 1000}"
    # What is erased shall not lie on in the file's free pages.
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", waiting, "synchronous=NORMAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("awb_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
