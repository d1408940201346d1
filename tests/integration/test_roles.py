"""The roles of configs/security/postgres-roles.sql on a real PostgreSQL: each does its work and nothing else."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from annotation.campaign import managing, pull, push
from annotation.campaign.presenting import Shown
from annotation.domain.account import Role
from annotation.domain.campaign import Campaign
from annotation.domain.declaration import Declaration
from annotation.domain.label import Label, Source
from annotation.errors import UnreachableError
from annotation.ledger.repositories.quarantine import Quarantined
from annotation.ledger.repositories.retention import Reason
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger
from sync.configs_folder import configs_folder
from tests.annotation.api.conftest import NewClient, new_client
from tests.parts import awb, campaigns, filled_ledger, signing_in
from tests.parts.campaigns import KEY, NAF
from tests.parts.fake_platform import FakePlatform
from tests.parts.postgres import NewDatabase

pytestmark = pytest.mark.integration

__all__ = ["new_client"]

FILE = configs_folder() / "security" / "postgres-roles.sql"
DEMO = configs_folder() / "demo"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DENIED = "permission denied"


@dataclass(frozen=True, slots=True)
class Office:
    """A database with the roles applied, and a login for each of them."""

    url: str

    def url_of(self, role: str) -> str:
        database = self.url.rpartition("/")[2]
        return self.url.replace("//workbench@", f"//{role}_{database}@")

    def ledger(self, role: str) -> closing[Ledger]:
        return closing(Ledger.open(self.url_of(role)))

    def say(self, role: str, statement: str) -> list[tuple[object, ...]]:
        """As somebody with a database client; rolled back."""
        with psycopg.connect(self.url_of(role).replace("+psycopg", "")) as connection:
            try:
                done = connection.execute(statement)
                return done.fetchall() if done.description else []
            finally:
                connection.rollback()


@pytest.fixture(scope="module")
def office(postgres_url: NewDatabase) -> Office:
    found = Office(postgres_url())
    name = found.url.rpartition("/")[2]
    with closing(Ledger.open(found.url)) as ledger:
        ledger.migrate()
    with psycopg.connect(found.url.replace("+psycopg", ""), autocommit=True) as owner:
        for _ in range(2):
            owner.execute(FILE.read_text().encode())
        for role in ("loop", "web", "analyst", "text_analyst"):
            owner.execute(f"CREATE ROLE {role}_{name} LOGIN IN ROLE awb_{role}".encode())
        owner.execute(f"CREATE ROLE nobody_{name} LOGIN".encode())
    with found.ledger("loop") as ledger, ledger.begin() as work:
        work.nomenclatures.add(NAF, origin="by hand", sha256="0" * 64, now=NOW)
        work.campaigns.add(Campaign(KEY, "Spring", NAF.key, "fr", NOW))
    return found


def test_file__names_every_table_of_the_ledger() -> None:
    words = set(re.findall(r"\w+", FILE.read_text()))

    assert {table.name for table in Base.metadata.sorted_tables} - words == set()


def test_loop__does_all_its_work_by_the_commands(office: Office, tmp_path: Path) -> None:
    environment = {"AWB_LEDGER__URL": office.url_of("loop"), "AWB_CAMPAIGN__NOMENCLATURE": "naf-rev2"}

    def call(*words: str) -> dict[str, Any]:
        options = ("--home", str(tmp_path / "home"), "--output", "json")
        return awb.call(*words, *options, environment=environment).succeeded()

    call("nomenclature", "import", "naf-rev2", str(DEMO / "naf-rev2.csv"))
    call("campaign", "create", "main")
    built = []
    for number in (1, 2):
        file = tmp_path / f"known-{number}.csv"
        file.write_text(
            f"libelle,ape\nboulangerie {number},10.71C\nbad row,99.99Z\nsalon de coiffure {number},96.02A\n"
        )
        call("texts", "import", str(file), "--source", f"file-{number}", "--code", "ape", "--coded")
        built.append(call("trainingset", "build")["version"]["tag"])
    call("trainingset", "tag", "v2", "spring")
    call("trainingset", "rollback", "v1")

    assert built == ["v1", "v2"]
    assert call("trainingset", "rebuild", "v2")["equal"] is True


def test_loop__pushes_pulls_and_keeps_its_books(office: Office) -> None:
    platform = FakePlatform()
    with office.ledger("loop") as ledger:
        ledger.require_migrated()
        texts = campaigns.texts(3)
        with ledger.begin() as work:
            work.texts.add(texts, now=NOW)
            work.texts.declare([Declaration("r", text.key, text.key, NOW) for text in texts], now=NOW)
            draw = work.draws.add(replace(filled_draw(), campaign=KEY)).id
            work.tasks.add(campaigns.tasks_of("d", draw, texts))
            work.leases.take("turn", holder="me", now=NOW, lasting=timedelta(minutes=1))
            work.leases.take("turn", holder="me", now=NOW, lasting=timedelta(minutes=2))
            work.turns.begin(KEY, 1, now=NOW)
            work.turns.finish(KEY, 1, now=NOW)
            work.leases.release("turn", holder="me")
            work.quarantine.add(Quarantined("text", "f.csv", 1, {"a": 1}, "bad"), now=NOW)
        sent = push.push(ledger=ledger, platform=platform, campaign_key=KEY, shown=Shown({}), clock=lambda: NOW)
        coder = platform.sign_up("ann@office.example", "a-long-passphrase")
        for number in platform.stored:
            platform.annotate(number, coder, campaigns.answer(str(number), "01.11Z"))
        read = pull.pull(ledger=ledger, platform=platform, campaign_key=KEY, clock=lambda: NOW)
        with ledger.begin() as work:
            work.labels.record([Label(texts[0].key, NAF.key, "01.11Z", Source.CODER, 1.0, NOW)])

    assert (sent.pushed, read.new) == (3, 3)


def test_loop__an_old_text_comes_back_when_it_is_declared_again(office: Office) -> None:
    (text,) = campaigns.texts(5)[4:]
    with closing(Ledger.open(office.url)) as ledger, ledger.begin() as work:
        work.texts.add([text], now=NOW)
        work.retention.erase([text.key], reason=Reason.AGE, now=NOW)

    with office.ledger("loop") as ledger, ledger.begin() as work:
        assert work.texts.add([text], now=NOW) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE judgement SET code = '01.12Z'",
        "DELETE FROM judgement",
        "UPDATE label SET code = NULL",
        "DELETE FROM label",
        "UPDATE prediction SET margin = 0",
        "DELETE FROM text",
        "UPDATE declaration SET external_id = ''",
        "UPDATE trainingset_version SET digest = ''",
        "DELETE FROM trainingset_version",
        "UPDATE decision SET accepted = true",
        "UPDATE campaign SET title = ''",
        "TRUNCATE event",
        "SELECT * FROM account",
        "SELECT * FROM api_token",
        "SELECT * FROM audit",
        "UPDATE audit SET action = ''",
        "DROP TABLE label",
        "ALTER TABLE label ADD COLUMN mine text",
        "CREATE TABLE mine (id int)",
        "CREATE ROLE mine",
    ],
)
def test_loop__changes_nothing_that_was_said_and_reads_no_account(office: Office, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        office.say("loop", statement)


def test_loop__what_is_refused_is_told_with_the_cure(office: Office) -> None:
    with office.ledger("loop") as ledger, pytest.raises(UnreachableError, match="another role"), ledger.begin() as work:
        work.accounts.all()


def test_web__signs_in_runs_campaigns_and_takes_webhooks(office: Office, new_client: NewClient) -> None:
    signed = closing(Ledger.open(office.url_of("web")))
    with signed as ledger:
        signing_in.add_account(ledger, "ada@office.example", Role.ADMIN)
        client = new_client(ledger)
        entered = signing_in.sign_in(client, email="ada@office.example", password=signing_in.PASSWORD)
        pages = [client.get(path).status_code for path in ("/", f"/campaigns/{KEY}", "/accounts", "/me")]
        hook = {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "task": {"id": 7}}
        told = client.post("/webhooks/labelstudio", json=hook, headers={"X-AWB-Secret": "a-secret-of-this-test"})
        with ledger.begin() as work:
            managing.create(work, Campaign("second", "Second", NAF.key, "fr", NOW), by="ada", now=NOW)
            managing.pause(work, "second", by="ada", now=NOW)
            managing.close(work, "second", now=NOW)

    assert entered.status_code == 303
    assert set(pages) <= {200, 303}, pages
    assert told.status_code in (200, 202)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE judgement SET code = NULL",
        "INSERT INTO judgement SELECT * FROM judgement",
        "INSERT INTO label SELECT * FROM label",
        "UPDATE text SET text = ''",
        "DELETE FROM audit",
        "UPDATE audit SET detail = '{}'",
        "DELETE FROM account",
        "UPDATE iceberg_tables SET metadata_location = ''",
        "CREATE TABLE mine (id int)",
    ],
)
def test_web__changes_nothing_that_was_said(office: Office, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        office.say("web", statement)


@pytest.mark.parametrize("role", ["analyst", "text_analyst"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM coder",
        "SELECT email FROM account",
        "SELECT digest FROM api_token",
        "SELECT * FROM audit",
        "SELECT * FROM webhook_inbox",
        "SELECT raw FROM quarantine",
        "SELECT comment FROM judgement",
        "SELECT raw FROM judgement",
        "SELECT note FROM gold",
        "SELECT external_id FROM declaration",
        "SELECT * FROM judgement",
        "INSERT INTO decision SELECT * FROM decision",
        "UPDATE label SET code = ''",
        "CREATE TABLE mine (id int)",
    ],
)
def test_analyst__reads_no_person_and_writes_nothing(office: Office, role: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        office.say(role, statement)


def test_analyst__reads_figures_and_only_one_of_them_wordings(office: Office) -> None:
    figures = (
        "SELECT t.component, j.coder, j.code, l.source FROM task t JOIN judgement j ON j.task_key = t.key "
        "LEFT JOIN label l ON l.text_key = t.text_key"
    )

    assert len(office.say("analyst", figures)) == 3
    assert office.say("text_analyst", "SELECT text FROM text WHERE text LIKE 'culture%'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        office.say("analyst", "SELECT text FROM text")


@pytest.mark.parametrize("statement", ["SELECT 1 FROM label", "CREATE TABLE mine (id int)"])
def test_public__may_do_nothing(office: Office, statement: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.OperationalError), match=DENIED):
        office.say("nobody", statement)


def filled_draw() -> filled_ledger.Draw:
    return filled_ledger.Draw("d", KEY, 1, "m/1", "", "", {}, NOW)
