"""A ledger of each released revision comes up to this program's with every row, whole or not at all, and never back."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from annotation.domain.account import Role
from annotation.domain.declaration import Window
from annotation.domain.label import Source
from annotation.domain.task import Component
from annotation.errors import InstallationError, InvalidInputError, NotFoundError
from annotation.ledger import revisions
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from tests.parts import awb, released_schemas, writers
from tests.parts.released_schemas import FIRST_ID, MIDNIGHT, NOON, PLATFORM, RELEASED, Rows

HEAD = revisions.newest()
BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]

NewUrl = Callable[[], str]


@pytest.fixture(params=BACKENDS)
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Makes an empty database."""
    if request.param == "sqlite":
        names = iter(range(1000))
        return lambda: f"sqlite:///{tmp_path / f'ledger-{next(names)}.db'}"
    make: NewUrl = request.getfixturevalue("postgres_url")
    return make


@pytest.fixture
def url(new_url: NewUrl) -> str:
    return new_url()


def migrated(url: str, revision: str = revisions.HEAD) -> str:
    with closing(Ledger.open(url)) as ledger:
        return ledger.migrate(revision)


def revision_of(url: str) -> str | None:
    with closing(Ledger.open(url)) as ledger:
        return ledger.revision()


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def differences(url: str) -> list[Any]:
    """What a migration would still have to change."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
    engine.dispose()
    return list(found)


def run(*calls: tuple[Callable[..., None], tuple[object, ...]]) -> list[int | None]:
    """The exit codes of processes that run at the same time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([writers.__name__])
    processes = [context.Process(target=target, args=arguments, daemon=True) for target, arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def kept(before: Rows, url: str) -> bool:
    """Whether every row stands as it was written; columns that came since hold what they hold by default."""
    after = released_schemas.read(url)
    return all(
        [{name: row[name] for name in rows[0]} for row in after[table]] == sorted(rows, key=repr)
        for table, rows in before.items()
    )


# Every row kept, and usable


@pytest.mark.parametrize("revision", RELEASED)
def test_migrate__from_each_release_with_rows_in_every_table(revision: str, url: str) -> None:
    before = released_schemas.fill(url, revision)

    assert migrated(url) == HEAD

    assert kept(before, url)
    assert differences(url) == []
    with closing(Ledger.open(url)) as ledger, ledger.read() as work:
        usable_since_the_first(work)
        if revision >= "0002":
            assert work.calibrations.current("old/1") == {"kind": "temperature", "value": 1.5}
        if revision >= "0003":
            usable_since_the_third(work)


def test_fill__every_table_of_this_program_has_rows(url: str) -> None:
    """A table that a new revision brings must get rows here, too."""
    assert set(released_schemas.fill(url, revisions.HEAD)) == set(Base.metadata.tables)


def usable_since_the_first(work: UnitOfWork) -> None:
    assert work.nomenclatures.get("nace").title == "NACE rév. 2"
    assert work.nomenclatures.correspondence("old-new").pairs == (("01.11", "01.1A"),)
    assert work.texts.get(["w1"])["w1"].variables == {"surface": "2", "cj": ""}
    assert work.texts.declared_in(Window(NOON, MIDNIGHT)) == {"w1": 1}
    assert work.texts.predictions("old/1", ["w1"])["w1"].codes == ("01.11", "01.1A")
    assert work.campaigns.get("first").created_at == NOON
    assert work.draws.get(FIRST_ID).seed == released_schemas.BIG
    (task,) = work.tasks.of_campaign("first")
    assert (task.component, task.inclusion_probability) == (Component.AUDIT, 1 / 3)
    assert [project.cursor for project in work.platforms.projects("first")] == [MIDNIGHT]
    assert work.platforms.references("first", PLATFORM) == {345: "task-old"}
    assert work.coders.on(PLATFORM) == {"C901": "9", "C902": "10"}
    assert work.judgements.get([FIRST_ID])[FIRST_ID].raw == {"result": [{"é": None, "n": 2**53 + 1}]}
    (label,) = work.labels.history("nace", "w1")
    assert (label.label.source, label.label.weight, label.label.judgement_id) == (Source.CODER, 0.7, FIRST_ID)
    assert [member.task_key for member in work.evaluation.members("nace")] == ["task-old"]
    (aside,) = work.quarantine.list()
    assert aside.item.raw == {"code": "99.99Z"}
    version = work.trainingsets.get("old-set", "v1")
    assert (version.snapshot_id, version.built_at, version.collected_at) == (released_schemas.BIG, NOON, None)
    assert [model.metrics for model in work.models.all()] == [{"accuracy": None}]
    assert [decision.reason for decision in work.decisions.newest(5)] == ["Mieux."]
    assert [hook.payload["emoji"] for hook in work.inbox.waiting()] == ["🙂"]
    assert [found.payload for found in work.events.latest()] == [{"new": 2, "list": [[], {}, ""]}]
    assert work.turns.open_number("first") == 1
    assert work.turns.results("first", 1) == {"draw": {"tasks": 1}}
    assert work.leases.held("turn") is not None


def usable_since_the_third(work: UnitOfWork) -> None:
    assert work.policies.current("first").seats == 3
    assert work.enrolments.current("first")["C901"].skills == ("G", "47")
    assert work.assignments.queues("first") == {"task-old": "C901"}
    assert work.gold.current("nace")["w2"].code == "01.11"
    account = work.accounts.get("ada@example.org")
    assert (account.role, account.epoch) == (Role.ADMIN, 2)
    assert [token.expires_at for token in work.tokens.of(account.id)] == [MIDNIGHT]
    assert [row.subject for row in work.audit.latest()] == ["C901"]


# Whole, or not at all


def test_migrate__killed_between_any_statements_leaves_the_former_tables(tmp_path: Path) -> None:
    """SQLite keeps each statement's changes at once if it is not told that they belong together."""
    before = released_schemas.fill(f"sqlite:///{tmp_path / 'former.db'}", "0001")
    for number in range(1, 1000, 2):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        shutil.copyfile(tmp_path / "former.db", tmp_path / f"{number}.db")
        assert run((writers.migrate_and_die, (url, number))) == [-signal.SIGKILL]
        if revision_of(url) == HEAD:
            break
        assert revision_of(url) == "0001"
        assert released_schemas.read(url) == {name: sorted(rows, key=repr) for name, rows in before.items()}
        if number % 10 == 1:
            assert migrated(url) == HEAD
            assert kept(before, url)

    assert number > 30
    assert kept(before, url)


@pytest.mark.integration
@pytest.mark.parametrize("number", [6, 20, 35])
def test_migrate__killed_on_postgresql_and_run_again(number: int, postgres_url: NewUrl) -> None:
    url = postgres_url()
    before = released_schemas.fill(url, "0001")

    assert run((writers.migrate_and_die, (url, number))) == [-signal.SIGKILL]

    assert revision_of(url) == "0001"
    assert released_schemas.read(url) == {name: sorted(rows, key=repr) for name, rows in before.items()}
    assert migrated(url) == HEAD
    assert kept(before, url)


def test_migrate__programs_that_start_at_once_on_a_former_ledger(url: str) -> None:
    before = released_schemas.fill(url, "0001")

    assert run(*((writers.migrate, (url,)) for _ in range(3))) == [0, 0, 0]

    assert revision_of(url) == HEAD
    assert kept(before, url)


# Refusals


@pytest.mark.parametrize("wanted", ["0001", "0003"])
def test_migrate__never_goes_back(wanted: str, url: str) -> None:
    released_schemas.fill(url, revisions.HEAD)
    before = released_schemas.read(url)

    with pytest.raises(InvalidInputError, match=rf"at revision {HEAD} and cannot go back to {wanted}.*awb restore"):
        migrated(url, wanted)

    assert revision_of(url) == HEAD
    assert released_schemas.read(url) == before


def test_migrate__to_a_revision_that_there_is_not(url: str) -> None:
    with pytest.raises(NotFoundError, match=r"no revision 0042\. There are 0001, "):
        migrated(url, "0042")

    assert released_schemas.read(url) == {}


def test_migrate__a_later_ledger_is_refused(url: str) -> None:
    released_schemas.fill(url, revisions.HEAD)
    execute(url, "UPDATE alembic_version SET version_num = '9999'", "ALTER TABLE text ADD COLUMN later INTEGER")
    before = released_schemas.read(url)

    with closing(Ledger.open(url)) as ledger:
        for refused in (ledger.migrate, ledger.require_migrated):
            with pytest.raises(InstallationError, match="revision 9999: a later version of this program wrote it"):
                refused()

    assert released_schemas.read(url) == before


STRANGERS: Mapping[str, tuple[str, ...]] = {
    "another program's tables": ("CREATE TABLE orders (id INTEGER)", "CREATE TABLE event (id INTEGER)"),
    "another program's revision": (
        "CREATE TABLE runs (id INTEGER)",
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "INSERT INTO alembic_version VALUES ('0003')",
    ),
    "a part of a ledger": ("CREATE TABLE text (id INTEGER)", "CREATE TABLE label (id INTEGER)"),
    "a ledger's tables without a revision": tuple(
        f"CREATE TABLE {name} (id INTEGER)" for name in sorted(revisions.CORE)
    ),
}


@pytest.mark.parametrize("strangers", STRANGERS)
def test_migrate__tables_of_somebody_else_are_not_mixed_with_ours(strangers: str, url: str) -> None:
    execute(url, *STRANGERS[strangers])
    before = released_schemas.read(url)

    with closing(Ledger.open(url)) as ledger:
        for refused in (ledger.migrate, ledger.require_migrated, ledger.revision):
            with pytest.raises(InvalidInputError, match="tables that are not those of a ledger: .*a database of its"):
                refused()

    assert released_schemas.read(url) == before


def test_migrate__views_and_tables_that_came_beside_a_ledger_are_left(url: str) -> None:
    before = released_schemas.fill(url, "0003")
    execute(url, "CREATE TABLE reports (id INTEGER)", "INSERT INTO reports VALUES (7)")

    migrated(url)

    assert kept(before | {"reports": [{"id": 7}]}, url)


REFUSED_BY = (
    "init", "push", "pull", "turn", "train", "campaign list", "campaign show", "campaign create x",
    "campaign close first", "coder list", "coder pause C901", "coder export C901 --to x.json",
    "coder forget C901 --yes", "gold list", "gold propose", "account add a@example.org --role admin", "account list",
    "token list", "trainingset build", "trainingset log", "trainingset show v1", "trainingset diff v1 v2",
    "trainingset rollback v1", "nomenclature show nace", "correspondence show old-new", "texts import known.csv",
    "relabel plan --correspondence old-new", "relabel apply --correspondence old-new", "serve", "backup b.zip",
)  # fmt: skip


def test_commands__refuse_a_later_ledger_and_leave_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    url = f"sqlite:///{home / 'ledger.db'}"
    released_schemas.fill(url, revisions.HEAD)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    before = released_schemas.read(url)
    (tmp_path / "known.csv").write_text("libelle\nboulangerie\n")
    monkeypatch.chdir(tmp_path)

    results = {line: awb.call(*line.split(), "--home", str(home), "-o", "json") for line in REFUSED_BY}

    told = {line: (result.code, "later version" in result.stderr) for line, result in results.items()}
    assert told == dict.fromkeys(REFUSED_BY, (InstallationError.exit_code, True))
    assert released_schemas.read(url) == before
    assert not (tmp_path / "b.zip").exists()
