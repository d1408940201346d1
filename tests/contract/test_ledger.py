"""One behaviour of the ledger, on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError, StatementError

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.declaration import Declaration, Text, Window
from annotation.domain.judgement import Judgement, Outcome
from annotation.domain.label import Label, Source
from annotation.domain.prediction import Prediction
from annotation.domain.task import Component, Task
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.errors import ConflictError, InstallationError, InvalidInputError, NotFoundError, UnreachableError
from annotation.ledger import unit_of_work
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.repositories.texts import Arrival
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger, UnitOfWork
from annotation.nomenclature.correspondence import Correspondence
from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts import writers

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
NAF = Nomenclature(
    key="naf",
    title="NAF",
    codes=[Code("01.1", 1, None, "Cultures", leaf=False), Code("01.11Z", 2, "01.1", "Céréales"),
           Code("01.12Z", 2, "01.1", "Riz", includes="Le riz", excludes="Le blé")],
)  # fmt: skip
NEW = Nomenclature(key="naf-2025", title="NAF 2025", codes=[Code("01.11Y", 1, None, "Céréales et riz")])

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]


@pytest.fixture(scope="module", params=BACKENDS)
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes an empty database."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    make: Callable[[], str] = request.getfixturevalue("postgres_url")
    return make


@pytest.fixture(scope="module")
def url(new_url: Callable[[], str]) -> str:
    address = new_url()
    with closing(Ledger.open(address)) as ledger:
        ledger.migrate()
    return address


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Migrated, with one nomenclature, two texts, a campaign, a draw and a task on each text."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    with closing(Ledger.open(url)) as opened:
        with opened.begin() as work:
            fill(work)
        yield opened


def fill(work: UnitOfWork) -> None:
    work.nomenclatures.add(NAF, origin="by hand", sha256="0" * 64, now=NOW)
    work.texts.add([declared("a"), declared("b")], now=NOW)
    work.campaigns.add(Campaign("main", "Main", "naf", "fr", NOW))
    work.coders.pseudonym("fake", "7", email="seven@demo.example", now=NOW)
    draw = work.draws.add(Draw("draw-1", "main", 1, "m/1", "w0", "w1", {"budget": {"audit": 2}}, NOW))
    work.tasks.add([task("task-a", draw.id, "a"), task("task-b", draw.id, "b", component=Component.UNCERTAIN)])


def declared(key: str, **variables: str) -> Text:
    return Text(key, f"g-{key}", f"culture de {key}", variables)


def task(key: str, draw_id: int, text_key: str, *, component: Component = Component.AUDIT, chance: float = 0.5) -> Task:
    return Task(
        key, draw_id, text_key, component, "all", chance, 1, "Tirée au hasard.", ("01.11Z", "01.12Z"), (0.6, 0.3), "m/1"
    )


def judgement(name: str = "1", code: str | None = "01.11Z", *, task_key: str = "task-a", **changes: Any) -> Judgement:
    outcome = Outcome.CODED if code else Outcome.UNCLASSIFIABLE
    said = Judgement(task_key, "fake", name, "C001", outcome, code, NOW, 42.5, raw={"result": [{"é": None}]})
    return replace(said, **changes)


def label(text_key: str = "a", code: str | None = "01.11Z", **changes: Any) -> Label:
    return replace(Label(text_key, "naf", code, Source.IMPORT, 1.0, NOW, evidence="from the register"), **changes)


def run(*calls: tuple[Callable[..., None], tuple[object, ...]]) -> list[int | None]:
    """The exit codes of processes that run at the same time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([writers.__name__])
    processes = [context.Process(target=target, args=arguments, daemon=True) for target, arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def record(ledger: Ledger, *judgements: Judgement) -> list[bool]:
    with ledger.begin() as work:
        return [work.judgements.record(one, now=LATER) for one in judgements]


# Migrations and opening.


def test_migrate__from_nothing_gives_the_tables_of_the_program(new_url: Callable[[], str]) -> None:
    address = new_url()
    with closing(Ledger.open(address)) as ledger:
        assert ledger.revision() is None
        assert ledger.migrate() == unit_of_work.newest_revision() == ledger.migrate()
        ledger.require_migrated()

    engine = create_engine(address)
    with engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata
        )
    engine.dispose()
    assert differences == []


def test_migrate__the_first_tables_keep_their_rows(new_url: Callable[[], str]) -> None:
    address = new_url()
    with closing(Ledger.open(address)) as ledger:
        ledger.migrate("0001")
        engine = create_engine(address)
        with engine.begin() as connection:
            for statement in _FIRST_ROWS:
                connection.execute(text(statement))
        engine.dispose()
        ledger.migrate()

        with ledger.read() as work:
            (kept,) = work.tasks.of_campaign("main")
    assert (kept.key, kept.frequency, kept.confidence) == ("k", 1, None)


_FIRST_ROWS = (
    "INSERT INTO nomenclature VALUES ('naf', 'NAF', 'by hand', '0', '2026-01-01 00:00:00')",
    "INSERT INTO campaign VALUES ('main', 'Main', 'naf', 'fr', '2026-01-01 00:00:00', NULL)",
    "INSERT INTO text VALUES ('t', 'g', 'culture', '{}', '2026-01-01 00:00:00')",
    "INSERT INTO draw VALUES (1, 'd', 'main', 1, NULL, '', '', '{}', '2026-01-01 00:00:00')",
    "INSERT INTO task VALUES ('k', 1, 't', 'audit', 's', 0.5, 1, '', '[]', '[]', NULL)",
)


def test_migrate__programs_that_start_at_once(new_url: Callable[[], str]) -> None:
    address = new_url()

    assert run(*((writers.migrate, (address,)) for _ in range(3))) == [0, 0, 0]
    with closing(Ledger.open(address)) as ledger:
        ledger.require_migrated()


def test_migrate__refuses_a_ledger_of_a_later_program(new_url: Callable[[], str]) -> None:
    address = new_url()
    with closing(Ledger.open(address)) as ledger:
        ledger.migrate()
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        engine.dispose()

        with pytest.raises(InstallationError, match="a later version of this program"):
            ledger.migrate()
        with pytest.raises(InstallationError, match="9999"):
            ledger.require_migrated()


def test_open__without_tables(new_url: Callable[[], str]) -> None:
    with closing(Ledger.open(new_url())) as ledger:
        with pytest.raises(InstallationError, match="awb init"):
            ledger.require_migrated()
        with pytest.raises(InstallationError, match="has no tables"), ledger.read() as work:
            work.events.latest()


@pytest.mark.parametrize(
    "address",
    ["nonsense", "mysql://u:secret@host/x", "oracle://u:secret@host/x", "postgresql+psycopg://u:secret@h:port/x"],
)
def test_open__wrong_address(address: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read") as error:
        Ledger.open(address)
    assert "secret" not in str(error.value)


def test_open__dead_server() -> None:
    with closing(Ledger.open("postgresql+psycopg://me:topsecret@127.0.0.1:1/x")) as ledger:
        with pytest.raises(UnreachableError) as error, ledger.begin() as work:
            work.events.latest()
        assert "topsecret" not in str(error.value) + ledger.address
        assert "127.0.0.1:1" in str(error.value)
        with pytest.raises(UnreachableError):
            ledger.migrate()


def test_open__file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("hello " * 500)
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    with pytest.raises(InvalidInputError, match="no SQLite database"):
        ledger.migrate()
    ledger.close()


def test_open__folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnreachableError, match="cannot be made"):
        Ledger.open(f"sqlite:///{tmp_path / 'file' / 'deeper' / 'ledger.db'}")


def test_sqlite__is_prepared(tmp_path: Path) -> None:
    """The pragmas hold for every connection: readers beside a writer, foreign keys, and waiting for a busy file."""
    with closing(Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        ledger.migrate()
        with ledger._engine.connect() as connection:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                     ("journal_mode", "foreign_keys", "busy_timeout")}  # fmt: skip
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 60_000}


# Transactions.


def test_begin__an_error_leaves_nothing(ledger: Ledger) -> None:
    def write() -> None:
        with ledger.begin() as work:
            work.texts.add([declared("z")], now=NOW)
            work.labels.record([label()])
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write()

    with ledger.read() as work:
        assert work.texts.get(["z"]) == {}
        assert work.labels.current("naf") == []


def test_read__writes_nothing(ledger: Ledger) -> None:
    with ledger.read() as work:
        work.texts.add([declared("z")], now=NOW)
        work.campaigns.close("main", now=NOW)

    with ledger.read() as work:
        assert work.texts.get(["z"]) == {}
        assert work.campaigns.get("main").closed_at is None


def test_read__shows_one_moment(ledger: Ledger) -> None:
    with ledger.read() as work:
        before = work.labels.current("naf")
        with ledger.begin() as other:
            other.labels.record([label()])

        assert work.labels.current("naf") == before == []


def test_begin__foreign_keys_hold(ledger: Ledger) -> None:
    wrong: list[Callable[[UnitOfWork], object]] = [
        lambda work: work.labels.record([label("no such text")]),
        lambda work: work.labels.record([label(code="99.99Z")]),
        lambda work: work.judgements.record(judgement(task_key="no such task"), now=NOW),
        lambda work: work.judgements.record(judgement(coder="C999"), now=NOW),
        lambda work: work.texts.declare([Declaration("s", "1", "no such text", NOW)], now=NOW),
        lambda work: work.campaigns.add(Campaign("other", "", "no such nomenclature", "fr", NOW)),
        lambda work: work.turns.record("main", 1, "score", {}, now=NOW),
    ]
    for write in wrong:
        with pytest.raises(IntegrityError), ledger.begin() as work:
            write(work)


@pytest.mark.parametrize("chance", [0.0, 1.5])
def test_tasks__refuse_an_impossible_chance(ledger: Ledger, chance: float) -> None:
    with pytest.raises(IntegrityError), ledger.begin() as work:
        work.tasks.add([replace(task("x", work.draws.of_campaign("main")[0].id, "a", chance=chance), seat=2)])


def test_moments__come_back_in_utc(ledger: Ledger) -> None:
    paris = timezone(timedelta(hours=2))
    with ledger.begin() as work:
        work.judgements.record(judgement(judged_at=NOW.astimezone(paris)), now=NOW.astimezone(paris))
    with ledger.read() as work:
        (found,) = work.judgements.current("main")

    assert found.judgement.judged_at == NOW
    assert found.judgement.judged_at.utcoffset() == timedelta(0)


def test_moments__without_a_zone_are_refused(ledger: Ledger) -> None:
    with pytest.raises((StatementError, ValueError), match="no time zone"), ledger.begin() as work:
        work.judgements.record(judgement(judged_at=NOW.replace(tzinfo=None)), now=NOW)


def test_begin__threads_that_write_at_once_lose_nothing(ledger: Ledger) -> None:
    """Each reads what is there and adds to it, as a coder's number is found."""

    def write(number: int) -> None:
        for turn in range(4):
            with ledger.begin() as work:
                work.texts.add([declared(f"{number}-{turn}")], now=NOW)
                work.coders.pseudonym("fake", f"{number}-{turn}", email=None, now=NOW)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))

    with ledger.begin() as work:
        assert work.texts.counts()["texts"] == 2 + 24
        names = {work.coders.pseudonym("fake", f"{n}-{t}", email=None, now=NOW) for n in range(6) for t in range(4)}
    assert len(names) == 24


def test_begin__processes_that_write_at_once_lose_nothing(ledger: Ledger, url: str) -> None:
    assert run(*((writers.write, (url, number, 15)) for number in range(3))) == [0, 0, 0]
    with ledger.read() as work:
        assert work.texts.counts()["texts"] == 2 + 3 * 15


def test_begin__waits_for_a_busy_file(tmp_path: Path) -> None:
    address = tmp_path / "ledger.db"
    with closing(Ledger.open(f"sqlite:///{address}")) as ledger:
        ledger.migrate()
        busy = sqlite3.connect(address, isolation_level=None, check_same_thread=False)
        busy.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.5, busy.rollback)
        release.start()

        with ledger.begin() as work:
            work.texts.add([declared("z")], now=NOW)

        release.join()
        busy.close()
        with ledger.read() as work:
            assert list(work.texts.get(["z"])) == ["z"]


# Nomenclatures.


def test_nomenclatures__round_trip(ledger: Ledger) -> None:
    with ledger.begin() as work:
        again = work.nomenclatures.add(NAF, origin="another file", sha256="1" * 64, now=LATER)
        found = work.nomenclatures.get("naf")

    assert not again
    assert found == NAF
    assert list(found.codes) == list(NAF.codes)


def test_nomenclatures__a_key_never_changes_its_codes(ledger: Ledger) -> None:
    other = Nomenclature(key="naf", title="NAF", codes=[Code("01.11Z", 1, None, "Autre")])
    with pytest.raises(ConflictError, match="other codes"), ledger.begin() as work:
        work.nomenclatures.add(other, origin="", sha256="", now=NOW)


def test_nomenclatures__unknown(ledger: Ledger) -> None:
    with ledger.read() as work:
        with pytest.raises(NotFoundError, match="known: naf"):
            work.nomenclatures.get("sic")
        with pytest.raises(NotFoundError, match="known: none"):
            work.nomenclatures.correspondence("naf-to-2025")


def test_correspondences__round_trip_and_never_change(ledger: Ledger) -> None:
    table = Correspondence("to-2025", "naf", "naf-2025", (("01.12Z", "01.11Y"), ("01.11Z", "01.11Y")))
    with ledger.begin() as work:
        work.nomenclatures.add(NEW, origin="", sha256="", now=NOW)
        first = work.nomenclatures.add_correspondence(table, origin="", sha256="", now=NOW)
        again = work.nomenclatures.add_correspondence(table, origin="", sha256="", now=NOW)
        found = work.nomenclatures.correspondence("to-2025")

    assert (first, again, found) == (True, False, table)
    with pytest.raises(ConflictError, match="other pairs"), ledger.begin() as work:
        work.nomenclatures.add_correspondence(replace(table, pairs=table.pairs[:1]), origin="", sha256="", now=NOW)


# Texts.


def test_texts__the_first_wording_of_a_key_stays(ledger: Ledger) -> None:
    with ledger.begin() as work:
        added = work.texts.add([Text("a", "g-a", "CULTURE DE A"), declared("c", cj="1000"), declared("c")], now=LATER)
        found = work.texts.get(["a", "c", "unknown"])

    assert added == 1
    assert found == {"a": declared("a"), "c": declared("c", cj="1000")}


def test_texts__more_keys_than_one_statement_takes(ledger: Ledger) -> None:
    many = [declared(f"{number:05d}") for number in range(1_234)]
    with ledger.begin() as work:
        assert work.texts.add(many, now=NOW) == len(many)
        assert work.texts.add(many, now=NOW) == 0
        assert len(work.texts.get([one.key for one in many])) == len(many)


def test_declarations__by_window(ledger: Ledger) -> None:
    days = [("1", "a", 1), ("2", "a", 2), ("3", "b", 3), ("3", "a", 9)]
    arrivals = [
        Declaration("s", number, key, datetime(2026, 1, day, tzinfo=UTC), "01.11Z") for number, key, day in days
    ]
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))
    with ledger.begin() as work:
        assert work.texts.declare(arrivals, now=NOW) == 3
        assert work.texts.declare(arrivals, now=LATER) == 0

        assert work.texts.declared_in(window) == {"a": 2}
        assert work.texts.span() == Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC))


def test_predictions__one_per_text_and_model(ledger: Ledger) -> None:
    first = Prediction("a", "m/1", ("01.11Z", "01.12Z"), (0.7, 0.2), 0.6, 1.0)
    unscored = Prediction("b", "m/1", (), (), 0.0, 0.0)
    with ledger.begin() as work:
        assert [one.key for one in work.texts.without_prediction("m/1")] == ["a", "b"]
        assert [one.key for one in work.texts.without_prediction("m/1", keys={"b"})] == ["b"]
        assert work.texts.add_predictions([first, unscored], now=NOW) == 2
        assert work.texts.add_predictions([replace(first, codes=("01.12Z",))], now=NOW) == 0

        assert work.texts.predictions("m/1", ["a", "b"]) == {"a": first, "b": unscored}
        assert work.texts.without_prediction("m/1") == []
        assert [one.key for one in work.texts.without_prediction("m/2")] == ["a", "b"]


def test_arrivals__each_text_of_the_window_with_what_the_model_said_of_it(ledger: Ledger) -> None:
    said = Prediction("a", "m/1", ("01.11Z", "01.12Z"), (0.7, 0.2), 0.6, 1.0)
    with ledger.begin() as work:
        work.texts.declare([Declaration("flow", f"{n}", "b" if n else "a", LATER) for n in range(4)], now=LATER)
        work.texts.add_predictions([said, replace(said, text_key="b", model_version="m/0")], now=NOW)
        texts = work.texts.get(["a", "b"])
        found = list(work.texts.arrivals(Window(LATER, LATER + timedelta(days=1)), "m/1"))
        none = list(work.texts.arrivals(Window(LATER + timedelta(days=1), LATER + timedelta(days=2)), "m/1"))

    assert found == [Arrival(texts["a"], 1, said), Arrival(texts["b"], 3, None)]
    assert none == []


# Campaigns, draws, tasks.


def test_campaigns__add_get_close(ledger: Ledger) -> None:
    with ledger.begin() as work:
        assert not work.campaigns.add(Campaign("main", "Another title", "naf", "en", LATER))
        assert work.campaigns.get("main") == Campaign("main", "Main", "naf", "fr", NOW)
        assert work.campaigns.close("main", now=NOW).closed_at == NOW
        assert work.campaigns.close("main", now=LATER).closed_at == NOW
        with pytest.raises(NotFoundError, match="known: main"):
            work.campaigns.get("other")


def test_campaigns__keep_their_nomenclature(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.nomenclatures.add(NEW, origin="", sha256="", now=NOW)
    with pytest.raises(ConflictError, match="codes into naf"), ledger.begin() as work:
        work.campaigns.add(Campaign("main", "Main", "naf-2025", "fr", NOW))


def test_draws__round_trip(ledger: Ledger) -> None:
    with ledger.begin() as work:
        stored = work.draws.add(Draw("draw-2", "main", 2**40, None, "", "", {"strata": {"a": [1, 2.5]}}, LATER))
        found = work.draws.find("draw-2"), work.draws.get(stored.id), work.draws.of_campaign("main")[-1]

    assert set(map(repr, found)) == {repr(stored)}
    with pytest.raises(IntegrityError), ledger.begin() as work:
        work.draws.add(replace(stored, id=0))


def test_tasks__round_trip(ledger: Ledger) -> None:
    with ledger.begin() as work:
        draw = work.draws.of_campaign("main")[0]
        again = work.tasks.add([task("task-a", draw.id, "a", chance=0.25)])
        found = work.tasks.of_campaign("main")

        assert again == 0
        assert found == work.tasks.of_draw(draw.id) == list(work.tasks.get(["task-a", "task-b"]).values())
        assert found[0] == task("task-a", draw.id, "a")
        assert work.tasks.page_of_draw(draw.id, limit=1, offset=1) == found[1:]
        assert work.tasks.asked_texts("main") == {"a", "b"}
        assert work.tasks.asked_texts("other") == set()
        assert work.tasks.asked_groups("main") == {text.group_key for text in work.texts.get(["a", "b"]).values()}
        assert work.tasks.asked_groups("other") == set()
        assert work.tasks.count_by_component(draw.id) == {"audit": 1, "uncertain": 1}
        assert [mark.key for mark in work.tasks.marks("main")] == ["task-a", "task-b"]
        assert work.tasks.example_reasons("main")[draw.id, Component.AUDIT] == "Tirée au hasard."


# Judgements.


def test_judgements__round_trip(ledger: Ledger) -> None:
    assert record(ledger, judgement()) == [True]
    with ledger.read() as work:
        (found,) = work.judgements.current("main")

    assert found.judgement == judgement()


def test_judgements__the_same_again_is_not_written(ledger: Ledger) -> None:
    assert record(ledger, judgement(), judgement(), judgement(raw={"other": "payload"})) == [True, False, False]


def test_judgements__an_edit_supersedes_and_the_history_keeps_both(ledger: Ledger) -> None:
    edit = judgement(code="01.12Z", judged_at=LATER)
    assert record(ledger, judgement(), edit, edit) == [True, True, False]

    with ledger.read() as work:
        assert [r.judgement for r in work.judgements.current("main")] == [edit]
        assert [r.judgement for r in work.judgements.history("main")] == [judgement(), edit]


def test_judgements__an_edit_back_is_an_edit(ledger: Ledger) -> None:
    assert record(ledger, judgement(), judgement(code="01.12Z"), judgement()) == [True, True, True]

    with ledger.read() as work:
        assert [r.judgement.code for r in work.judgements.current("main")] == ["01.11Z"]


def test_judgements__a_tombstone_takes_away(ledger: Ledger) -> None:
    gone = judgement(deleted=True, judged_at=LATER)
    assert record(ledger, judgement(), judgement("2", None), gone, gone) == [True, True, True, False]

    with ledger.read() as work:
        assert [r.judgement.external_id for r in work.judgements.current("main")] == ["2"]
        assert [mark.outcome for mark in work.judgements.marks("main")] == [Outcome.UNCLASSIFIABLE]
        assert len(work.judgements.history("main")) == 3


def test_judgements__a_tombstone_of_the_unknown_is_not_written(ledger: Ledger) -> None:
    assert record(ledger, judgement(deleted=True)) == [False]


def test_judgements__may_come_back_after_a_deletion(ledger: Ledger) -> None:
    assert record(ledger, judgement(), judgement(deleted=True), judgement()) == [True, True, True]

    with ledger.read() as work:
        assert len(work.judgements.current("main")) == 1


def test_judgements__by_task_and_campaign(ledger: Ledger) -> None:
    record(ledger, judgement(), judgement("2", "01.12Z"), judgement("3", task_key="task-b"))

    with ledger.read() as work:
        found = work.judgements.current_of_tasks(["task-a"], platform="fake")
        assert [one.external_id for one in found["task-a"]] == ["1", "2"]
        assert work.judgements.current_of_tasks(["task-a"], platform="other") == {}
        assert len(work.judgements.marks_of_tasks(["task-a", "task-b"])["task-a"]) == 2
        assert work.judgements.ids("main") == {r.id for r in work.judgements.history("main")}
        assert work.judgements.current("other") == []
        assert work.judgements.ids("other") == set()


def test_coders__one_pseudonym_for_life(ledger: Ledger) -> None:
    with ledger.begin() as work:
        first = work.coders.pseudonym("fake", "7", email="other@demo.example", now=LATER)
        second = work.coders.pseudonym("other platform", "7", email=None, now=LATER)

    assert first == "C001"
    assert second != first


# Labels and the evaluation set.


def test_labels__the_latest_wins(ledger: Ledger) -> None:
    with ledger.begin() as work:
        assert work.labels.record([label(), label("b", "01.12Z")]) == 2
        assert work.labels.record([label(settled_at=LATER), label("b")]) == 1
        found = work.labels.current("naf")

    assert [(r.label.text_key, r.label.code) for r in found] == [("a", "01.11Z"), ("b", "01.11Z")]


@pytest.mark.parametrize(
    "change",
    [{"code": None}, {"source": Source.CODER}, {"weight": 0.5}, {"coder": "C001"}],
    ids=lambda c: next(iter(c)),
)
def test_labels__what_differs_is_appended(ledger: Ledger, change: dict[str, Any]) -> None:
    with ledger.begin() as work:
        work.labels.record([label()])
        assert work.labels.record([label(**change)]) == 1
        assert work.labels.record([label(**change)]) == 0
        assert [r.label for r in work.labels.history("naf", "a")] == [label(), label(**change)]


def test_labels__wordings_of_all_that_ever_had_one(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.labels.record([label()])
        work.labels.record([label(code=None, weight=0.0)])
        text = work.texts.get(["a"])["a"]

        assert list(work.labels.wordings("naf")) == [(text.group_key, text.text)]
        assert list(work.labels.wordings("other")) == []


def test_labels__counts_and_examples_of_what_may_be_learnt(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.texts.add([declared("c"), declared("d"), declared("e")], now=NOW)
        work.labels.record([label(), label("b"), label("c"), label("d", "01.12Z"), label("e", None)])
        work.labels.record([label("c", "01.12Z")])
        work.evaluation.add("naf", [EvaluationMember("d", "g-d", "task-b", "all", 0.5)], now=NOW)
        texts = {key: one.text for key, one in work.texts.get(["a", "b", "c"]).items()}

        assert work.labels.counts("naf") == {"01.11Z": 2, "01.12Z": 1}
        assert work.labels.examples("naf", ["01.11Z", "01.12Z"], each=1) == {
            "01.11Z": [texts["a"]],
            "01.12Z": [texts["c"]],
        }
        assert work.labels.examples("naf", ["01.12Z"], each=5) == {"01.12Z": [texts["c"]]}


def test_labels__as_they_stood_at_a_watermark(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.labels.record([label()])
        mark = work.labels.last_id()
        work.labels.record([label(code="01.12Z"), label("b")])

        assert [r.label for r in work.labels.current("naf", up_to=mark)] == [label()]
        assert len(work.labels.current("naf")) == 2
        assert work.labels.current("naf", up_to=0) == []


def test_evaluation__who_entered_stays_as_entered(ledger: Ledger) -> None:
    first = EvaluationMember("a", "g-a", "task-a", "1: low", 0.25)
    with ledger.begin() as work:
        assert work.evaluation.add("naf", [first], now=NOW) == 1
        mark = work.evaluation.last_id()
        second = EvaluationMember("b", "g-b", "task-b", "1: low", 0.25)
        assert work.evaluation.add("naf", [replace(first, stratum="2: high"), second], now=LATER) == 1

        assert work.evaluation.members("naf") == [first, second]
        assert work.evaluation.members("naf", up_to=mark) == [first]
        assert work.evaluation.members("sic") == []


def test_texts__what_the_register_holds_for_them(ledger: Ledger) -> None:
    arrivals = [
        ("register", "a", "01.11Z"),
        ("register", "a", "01.12Z"),
        ("claims", "a", "01.12Z"),
        ("claims", "b", None),
    ]
    with ledger.begin() as work:
        work.texts.declare(
            [Declaration(source, f"x{n}", key, NOW, code) for n, (source, key, code) in enumerate(arrivals)], now=NOW
        )
        window = Window(NOW, LATER)

        assert work.texts.codes_declared(window) == {"a": "01.12Z"}
        assert work.texts.declared_by(["claims"], window) == {"a": 1, "b": 1}
        assert work.texts.declared_by(["claims"], Window(LATER, LATER)) == {}


def test_texts__versions_that_scored_the_latest_first(ledger: Ledger) -> None:
    with ledger.begin() as work:
        for key, version in (("a", "m/1"), ("a", "m/2"), ("b", "m/1")):
            work.texts.add_predictions([Prediction(key, version, ("01.11Z",), (0.9,), 0.1, 1.0)], now=NOW)

        assert work.texts.versions_scored() == ["m/1", "m/2"]


# Our own work.


def test_leases__one_holder_at_a_time(ledger: Ledger) -> None:
    minute = timedelta(minutes=1)
    with ledger.begin() as work:
        work.leases.take("turn", holder="one", now=NOW, lasting=minute)
        work.leases.take("turn", holder="one", now=NOW + minute / 2, lasting=minute)
    with pytest.raises(ConflictError, match="one has held turn"), ledger.begin() as work:
        work.leases.take("turn", holder="two", now=NOW + minute, lasting=minute)
    with ledger.begin() as work:
        work.leases.take("turn", holder="two", now=NOW + 2 * minute, lasting=minute)
        work.leases.release("turn", holder="one")
        held = work.leases.held("turn")

    assert held is not None
    assert (held.holder, held.expires_at) == ("two", NOW + 3 * minute)


def test_leases__released(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.leases.take("turn", holder="one", now=NOW, lasting=timedelta(hours=1))
        work.leases.release("turn", holder="one")
        work.leases.take("turn", holder="two", now=NOW, lasting=timedelta(hours=1))


def test_leases__of_many_who_ask_at_once_one_gets_it(ledger: Ledger, url: str) -> None:
    ended = run(*((writers.take_lease, (url, f"p{number}")) for number in range(3)))

    assert sorted(code or 0 for code in ended) == [0, writers.CONFLICT, writers.CONFLICT]


def test_leases__taken_and_released_by_many(ledger: Ledger) -> None:
    """A lease that goes away between asking and looking is taken, not stumbled over."""

    def use(number: int) -> int:
        taken = 0
        while taken < 5:
            try:
                with ledger.begin() as work:
                    work.leases.take("busy", holder=str(number), now=NOW, lasting=timedelta(hours=1))
            except ConflictError:
                sleep(0.002)
                continue
            taken += 1
            with ledger.begin() as work:
                work.leases.release("busy", holder=str(number))
        return taken

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(4))) == [5] * 4


def test_leases__a_watermark_has_nothing_behind_it(ledger: Ledger) -> None:
    """Who has read the last id under the lock never sees a lower one appear."""
    seen: list[int] = []

    def append(text_key: str) -> None:
        for number in range(10):
            with ledger.begin() as work:
                work.leases.serialise("labels")
                work.labels.record([label(text_key, ("01.11Z", "01.12Z")[number % 2])])

    def watch() -> None:
        for _ in range(10):
            with ledger.begin() as work:
                work.leases.serialise("labels")
                mark = work.labels.last_id()
                rows = len([r for key in "ab" for r in work.labels.history("naf", key)])
            with ledger.begin() as work:
                late = [r for key in "ab" for r in work.labels.history("naf", key) if r.id <= mark]
                seen.append(len(late) - rows)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda run: run(), [lambda: append("a"), lambda: append("b"), watch]))

    assert seen == [0] * 10


def test_turns__open_resume_finish(ledger: Ledger) -> None:
    with ledger.begin() as work:
        assert (work.turns.open_number("main"), work.turns.last_number("main")) == (None, 0)
        work.turns.begin("main", 1, now=NOW)
        work.turns.begin("main", 1, now=LATER)
        work.turns.record("main", 1, "score", {"scored": 3}, now=NOW)
        work.turns.record("main", 1, "draw", {"tasks": 2}, now=LATER)
        work.turns.record("main", 1, "score", {"scored": 99}, now=LATER)

        assert work.turns.open_number("main") == 1
        assert work.turns.started_at("main", 1) == NOW
        assert list(work.turns.results("main", 1).items()) == [("score", {"scored": 3}), ("draw", {"tasks": 2})]
        work.turns.finish("main", 1, now=LATER)
        assert (work.turns.open_number("main"), work.turns.last_number("main")) == (None, 1)


def test_inbox__until_processed(ledger: Ledger) -> None:
    with ledger.begin() as work:
        for number in range(3):
            work.inbox.add(action="ANNOTATION_CREATED", project_id=number, payload={"n": number}, now=NOW)
        waiting = work.inbox.waiting()
        assert work.inbox.waiting(project_id=1) == waiting[1:2]
        work.inbox.mark_processed([waiting[0].id, waiting[2].id], now=LATER)

        assert [webhook.payload for webhook in waiting] == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert [webhook.project_id for webhook in work.inbox.waiting()] == [1]


def test_events__newest_first(ledger: Ledger) -> None:
    with ledger.begin() as work:
        for number in range(3):
            work.events.add("draw", str(number), now=NOW, payload={"tasks": number})

        assert [event.subject for event in work.events.latest(limit=2)] == ["2", "1"]


def test_platforms__references_come_and_go(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.platforms.add_project(campaign="main", platform="fake", external_id=5, now=NOW)
        work.platforms.add_project(campaign="main", platform="fake", external_id=6, now=LATER)
        project = work.platforms.project("main", "fake")
        assert project is not None
        assert (project.external_id, project.cursor) == (5, None)
        assert [t.key for t in work.platforms.unpushed("main", "fake")] == ["task-a", "task-b"]

        added = work.platforms.add_references({"task-a": 11}, platform="fake", project_id=5, now=NOW)
        again = work.platforms.add_references({"task-a": 11}, platform="fake", project_id=5, now=NOW)
        work.platforms.move_cursor("main", "fake", LATER)

        assert (added, again) == (1, 0)
        assert work.platforms.references("main", "fake") == {11: "task-a"}
        assert [t.key for t in work.platforms.unpushed("main", "fake")] == ["task-b"]
        assert [one.cursor for one in work.platforms.projects("main")] == [LATER]

        work.platforms.mark_vanished("fake", [11], now=LATER)
        assert work.platforms.references("main", "fake") == {}
        assert len(work.platforms.unpushed("main", "fake")) == 2


# Versions and decisions.


def version(tag: str, *, parent: str | None = None, built_at: datetime = NOW) -> TrainingSetVersion:
    return TrainingSetVersion("set", tag, parent, 2**60, 10, f"d-{tag}", {"seed": 1, "sources": ["coder"]}, built_at)


def test_trainingsets__round_trip(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.trainingsets.add(version("v1"))
        work.trainingsets.add(replace(version("v1"), digest="other"))
        work.trainingsets.add(version("v2", parent="v1", built_at=LATER))

        assert work.trainingsets.all("set") == [version("v1"), version("v2", parent="v1", built_at=LATER)]
        with pytest.raises(NotFoundError, match="known: v1, v2"):
            work.trainingsets.get("set", "v3")


def test_calibrations__the_newest_of_a_model_holds(ledger: Ledger) -> None:
    with ledger.begin() as work:
        assert work.calibrations.current("m/1") is None
        assert work.calibrations.add("m/1", {"temperature": 2.0}, {"labels": 40}, now=NOW)
        assert not work.calibrations.add("m/1", {"temperature": 2.0}, {"labels": 41}, now=LATER)
        assert work.calibrations.add("m/1", {"temperature": 1.5}, {"labels": 80}, now=LATER)
        assert work.calibrations.add("m/2", {"temperature": 3.0}, {}, now=LATER)

    with ledger.read() as work:
        assert work.calibrations.current("m/1") == {"temperature": 1.5}
        assert work.calibrations.figures("m/1") == {"labels": 80}


def test_tasks__frequency_and_confidence_are_kept(ledger: Ledger) -> None:
    with ledger.begin() as work:
        draw = work.draws.add(Draw("draw-f", "main", 1, "m/1", "w0", "w1", {}, NOW))
        work.tasks.add([replace(task("task-f", draw.id, "a"), frequency=17, confidence=0.25)])

    with ledger.read() as work:
        (stored,) = work.tasks.of_draw(draw.id)
    assert (stored.frequency, stored.confidence) == (17, 0.25)


def test_models__one_per_training(ledger: Ledger) -> None:
    model = ModelVersion("m", "1", "naf", "v1", "d", "key", "run", "0", {"dim": 50}, {"accuracy": 0.7}, NOW)
    with ledger.begin() as work:
        work.models.add(model)
        work.models.add(replace(model, metrics={}))

        assert (
            work.models.all("m") == [work.models.find("m", "1")] == [work.models.find_by_training_key("key")] == [model]
        )
        assert work.models.find("m", "2") is None
        assert work.models.find_by_training_key("other") is None
    with pytest.raises(IntegrityError), ledger.begin() as work:
        work.models.add(replace(model, version="2"))


def test_decisions__are_all_kept(ledger: Ledger) -> None:
    decisions: Sequence[Decision] = [
        Decision("promote", "m/1", True, "First.", {}, NOW),
        Decision("promote", "m/2", False, "Worse.", {"difference": -0.1}, LATER),
        Decision("retrain", "m", True, "Enough labels.", {}, LATER),
    ]
    with ledger.begin() as work:
        for decision in decisions:
            work.decisions.add(decision)

        assert work.decisions.all() == list(decisions)
        assert work.decisions.all("promote", since=LATER) == [decisions[1]]
        assert work.decisions.latest("promote", subject="m/1") == decisions[0]
        assert work.decisions.latest("relabel") is None


def test_tables__every_one_is_made_by_the_migrations(url: str) -> None:
    engine = create_engine(url)
    tables = set(inspect(engine).get_table_names())
    engine.dispose()

    assert set(Base.metadata.tables) <= tables
