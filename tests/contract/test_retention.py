"""Texts that are kept no longer, on both databases: what goes, what stays, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from annotation.campaign import pull, push, retaining
from annotation.campaign.presenting import Shown
from annotation.domain.campaign import Campaign, Draw
from annotation.domain.declaration import Declaration, Text, Window
from annotation.domain.label import Label, Source
from annotation.domain.team import GoldText
from annotation.domain.version import TrainingSetVersion
from annotation.errors import InvalidInputError, NotFoundError
from annotation.ledger.repositories.labels import EvaluationMember
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.repositories.retention import Erased, Reason, Rest
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger
from tests.parts import campaigns
from tests.parts.campaigns import KEY, NAF
from tests.parts.fake_platform import FakePlatform

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEPT = timedelta(days=1000)
NAMED = "cabinet de Mme Aurélie d'Exemple"


@pytest.fixture(scope="module", params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database."""
    address = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("postgres_url")
        address = make()
    with closing(Ledger.open(address)) as opened:
        opened.migrate()
    return address


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """One text on which nothing rests, then one for each thing that may rest on a text; all declared long ago."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    with closing(Ledger.open(url)) as opened:
        fill(opened)
        yield opened


def text(key: str, wording: str = "", group: str = "") -> Text:
    return Text(key, group or f"g-{key}", wording or f"texte {key}", {"type": "C"})


def fill(ledger: Ledger) -> None:
    keys = ["free", *(rest.value for rest in Rest), "withdrawn"]
    with ledger.begin() as work:
        work.nomenclatures.add(NAF, origin="by hand", sha256="0" * 64, now=LONG_AGO)
        work.campaigns.add(Campaign(KEY, "Spring", NAF.key, "fr", LONG_AGO))
        work.texts.add([text(key) for key in keys], now=LONG_AGO)
        work.texts.declare([declared(key, LONG_AGO) for key in keys], now=LONG_AGO)
        work.labels.record([label("version")])
        work.labels.record([replace(label("version"), code=None, weight=0.0)])
        last = work.labels.last_id()
        recipe = {"nomenclature": NAF.key, "last_label": last}
        work.trainingsets.add(TrainingSetVersion("trainingset", "v1", None, 1, 1, "0", recipe, LONG_AGO))
        work.labels.record([label("label"), label("withdrawn")])
        work.labels.record([replace(label("withdrawn"), code=None, weight=0.0)])
        draw = work.draws.add(Draw("d", KEY, 1, "m/1", "", "", {}, LONG_AGO)).id
        work.tasks.add(campaigns.tasks_of("d", draw, [text("task")]))
        task = work.tasks.of_campaign(KEY)[0].key
        member = EvaluationMember("evaluation", "g-evaluation", task, "all", 0.5)
        work.evaluation.add(NAF.key, [member], now=LONG_AGO)
        work.gold.record([GoldText(NAF.key, "gold", "01.11Z", "", "by hand", LONG_AGO)])


def declared(key: str, moment: datetime, number: int = 1) -> Declaration:
    return Declaration("register", f"liasse-{key}-{number}", key, moment)


def label(key: str) -> Label:
    return Label(key, NAF.key, "01.11Z", Source.IMPORT, 1.0, LONG_AGO)


def sweep(ledger: Ledger, *, dry_run: bool = False) -> retaining.Sweep:
    return retaining.erase_old(ledger=ledger, texts_after=KEPT, quarantine_after=KEPT, now=NOW, dry_run=dry_run)


def erase(ledger: Ledger, key: str, *, dry_run: bool = False) -> retaining.ErasedText:
    with ledger.begin() as work:
        return retaining.erase_text(work, key, now=NOW, dry_run=dry_run)


def get(ledger: Ledger, key: str) -> Text:
    with ledger.read() as work:
        return work.texts.get([key])[key]


def everything(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Every row of every table."""
    engine = create_engine(ledger.url)
    with engine.connect() as connection:
        found = [tuple(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    return found


def test_erase_old__takes_only_what_nothing_rests_on(ledger: Ledger) -> None:
    done = sweep(ledger)

    assert done.erased == Erased(texts=2, declarations=2)
    assert done.old.resting == dict.fromkeys(Rest, 1)
    for key in ("free", "withdrawn"):
        assert get(ledger, key) == Text(key, f"g-{key}", "", {}, erased=True)
    assert "liasse-free-1" not in str(everything(ledger))
    for rest in Rest:
        assert get(ledger, rest.value).text == f"texte {rest.value}"


def test_erase_old__a_dry_run_counts_the_same_and_changes_nothing(ledger: Ledger) -> None:
    before = everything(ledger)

    done = sweep(ledger, dry_run=True)

    assert (done.old.due, done.erased) == (2, Erased())
    assert everything(ledger) == before


def test_erase_old__a_second_time_there_is_nothing_left(ledger: Ledger) -> None:
    sweep(ledger)
    before = everything(ledger)

    assert sweep(ledger).erased == Erased()
    assert everything(ledger) == before


def test_erase_old__the_last_declaration_counts(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.texts.declare([declared("free", NOW - timedelta(days=1), 2)], now=NOW)

    assert sweep(ledger).erased.texts == 1
    assert get(ledger, "free").text == "texte free"


def test_erase_old__without_a_declaration_the_first_sight_counts(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.texts.add([text("lately")], now=NOW)
        work.texts.add([text("formerly")], now=LONG_AGO)

    sweep(ledger)

    assert not get(ledger, "lately").erased
    assert get(ledger, "formerly").erased


def test_erase_old__what_a_collected_version_held_may_go(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.trainingsets.mark_collected("trainingset", ["v1"], at=NOW)

    sweep(ledger)

    assert get(ledger, Rest.VERSION.value).erased


def test_erase_old__tasks_of_a_closed_campaign_hold_nothing(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.campaigns.close(KEY, now=NOW)

    sweep(ledger)

    assert get(ledger, Rest.TASK.value).erased


def test_erase_old__empties_the_quarantine_and_keeps_why(ledger: Ledger) -> None:
    row = Quarantined("text", "file.csv", 7, {"libelle": NAMED}, "no date")
    with ledger.begin() as work:
        work.quarantine.add(row, now=LONG_AGO)
        work.quarantine.add(replace(row, row=8, raw={"libelle": "lately"}), now=NOW)

    assert sweep(ledger).quarantine == 1
    assert sweep(ledger).quarantine == 0
    written = str(everything(ledger))
    assert NAMED not in written
    assert "lately" in written and "no date" in written and "file.csv" in written


def test_erase_old__without_an_age_is_refused(ledger: Ledger) -> None:
    with pytest.raises(InvalidInputError, match="No age"):
        retaining.erase_old(ledger=ledger, texts_after=None, quarantine_after=None, now=NOW)


def test_add__an_old_text_comes_back_one_erased_on_request_does_not(ledger: Ledger) -> None:
    sweep(ledger)
    erase(ledger, "withdrawn")

    with ledger.begin() as work:
        added = work.texts.add([text("free"), text("withdrawn"), text("label", "other words")], now=NOW)

    assert added == 1
    assert get(ledger, "free") == text("free")
    assert get(ledger, "withdrawn").erased
    assert get(ledger, "label") == text("label")


def test_erase_text__leaves_the_wording_nowhere(ledger: Ledger) -> None:
    with ledger.begin() as work:
        work.texts.add([text("a", NAMED, "g"), text("b", NAMED, "g"), text("c", "un autre", "h")], now=NOW)
        work.texts.declare([declared("a", NOW)], now=NOW)
        draw = work.draws.add(Draw("e", KEY, 1, "m/1", "", "", {}, NOW)).id
        (task,) = campaigns.tasks_of("e", draw, [text("a", NAMED, "g")])
        work.tasks.add([replace(task, reason=f"Mot nouveau « {NAMED} »")])
        work.quarantine.add(Quarantined("text", "f.csv", 1, {"rows": [{"libelle": f" {NAMED}"}]}, "bad"), now=NOW)
        work.quarantine.add(Quarantined("text", "f.csv", 2, {"libelle": "aurelie"}, "bad"), now=NOW)
        report = {"findings": [{"check": "conflict", "rows": [{"text": NAMED, "code": "01.11Z"}]}]}
        version = TrainingSetVersion("trainingset", "v2", "v1", 1, 1, "0", {"nomenclature": "x"}, NOW)
        work.trainingsets.add(replace(version, report=report))
    platform = FakePlatform()
    send(ledger, platform)
    said(ledger, platform, about=NAMED, comment=f"je connais {NAMED}")

    done = erase(ledger, "a")

    written = str(everything(ledger))
    assert "Aurélie" not in written
    assert "aurelie" in written
    assert done.keys == ("a", "b")
    assert done.erased == Erased(texts=2, declarations=1, tasks=1, judgements=1)
    assert (done.quarantine, len(done.shown["fake"])) == (1, 1)
    assert not get(ledger, "c").erased


def test_erase_text__what_was_said_of_it_does_not_come_back_by_a_pull(ledger: Ledger) -> None:
    platform = FakePlatform()
    send(ledger, platform)
    said(ledger, platform, about="texte task", comment=NAMED)
    erase(ledger, Rest.TASK.value)
    rows = len(everything(ledger))

    again = pull.pull(ledger=ledger, platform=platform, campaign_key=KEY, clock=lambda: NOW, full=True)

    assert (again.new, again.edited, again.deleted) == (0, 0, 0)
    assert NAMED not in str(everything(ledger))
    assert len(everything(ledger)) <= rows + 1  # the mark of the pull


def test_erase_text__is_sent_to_nobody_and_scored_no_more(ledger: Ledger) -> None:
    erase(ledger, Rest.TASK.value)

    assert send(ledger, FakePlatform()) == 0
    with ledger.read() as work:
        whole = Window(LONG_AGO, NOW)
        assert Rest.TASK.value not in {one.key for one in work.texts.without_prediction("m/2")}
        assert Rest.TASK.value not in work.texts.declared_in(whole)
        assert Rest.TASK.value not in {one.text.key for one in work.texts.arrivals(whole, "m/2")}


def test_erase_text__a_dry_run_changes_nothing_and_says_what_rests_on_it(ledger: Ledger) -> None:
    before = everything(ledger)

    done = erase(ledger, "gold", dry_run=True)

    assert done.rested == (Rest.GOLD,)
    assert everything(ledger) == before


def test_erase_text__unknown(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="no text nobody"):
        erase(ledger, "nobody")


def test_erase__a_request_holds_against_age(ledger: Ledger) -> None:
    with ledger.begin() as work:
        assert work.retention.erase(["free"], reason=Reason.REQUEST, now=NOW).texts == 1
        assert work.retention.erase(["free"], reason=Reason.REQUEST, now=NOW) == Erased()
        assert work.retention.erase(["free"], reason=Reason.AGE, now=NOW) == Erased()
        assert work.texts.add([text("free")], now=NOW) == 0


def send(ledger: Ledger, platform: FakePlatform) -> int:
    shown = Shown({})
    return push.push(ledger=ledger, platform=platform, campaign_key=KEY, shown=shown, clock=lambda: NOW).pushed


def said(ledger: Ledger, platform: FakePlatform, *, about: str, comment: str) -> None:
    """Every task is answered and pulled, the one about a text with a comment."""
    coder = platform.sign_up("ann@office.example", "a-long-passphrase")
    for number, task in list(platform.stored.items()):
        told = comment if task.payload and about in task.payload.text else ""
        platform.annotate(number, coder, campaigns.answer(str(number), "01.11Z", comment=told))
    pull.pull(ledger=ledger, platform=platform, campaign_key=KEY, clock=lambda: NOW)
