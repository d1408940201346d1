"""Each part sick in its own way: the doctor names it, says what to do, and stays on its feet."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotation.campaign import imports
from annotation.settings import NomenclatureSource
from annotation.wiring import clock
from sync import doctor
from sync.configs_folder import configs_folder
from sync.doctor import Finding
from sync.settings import Settings
from sync.wiring import Workbench
from tests.parts.ports import free_port

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

PARTS = ["ledger", "storage", "label studio", "mlflow", "nomenclatures"]


def examined(home: Path, monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Finding]:
    for name, value in environment.items():
        monkeypatch.setenv(f"AWB_{name}", value)
    with Workbench(Settings.load(home=home)) as bench:
        findings = doctor.examine(bench)

    assert [one.part for one in findings] == PARTS
    return {one.part: one for one in findings}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One with a ledger and a nomenclature."""
    with Workbench(Settings.load(home=tmp_path / "home")) as bench:
        bench.migrate()
        source = NomenclatureSource(key="naf-rev2", path=str(configs_folder() / "demo" / "naf-rev2.csv"))
        imports.import_nomenclature(ledger=bench.ledger, source=source, folder=bench.home, now=clock())
    return tmp_path / "home"


def test_examine__finds_embedded_parts_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(home, monkeypatch)

    assert [part for part, one in found.items() if not one.healthy] == []
    assert "naf-rev2" in found["nomenclatures"].message
    assert "none yet" in found["mlflow"].message


def test_examine__starts_no_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examined(home, monkeypatch)

    assert not (home / "label-studio").exists()


def test_examine__a_fresh_home_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = examined(tmp_path / "home", monkeypatch)
    again = examined(tmp_path / "home", monkeypatch)

    assert "awb init" in first["ledger"].cure
    assert "awb init" in first["nomenclatures"].cure
    assert again == first


def test_examine__ledger_of_an_office_is_not_migrated(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        found = examined(home, monkeypatch, LEDGER__URL=f"sqlite:///{tmp_path / 'office.db'}")

        assert not found["ledger"].healthy
        assert "awb init" in found["ledger"].cure
        assert not found["nomenclatures"].healthy


def test_examine__dead_servers_hide_no_other_finding(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    found = examined(
        home,
        monkeypatch,
        LABELSTUDIO__URL=address,
        LABELSTUDIO__TOKEN="0" * 40,
        MLFLOW__TRACKING_URI=address,
        STORAGE__URL="s3://bucket/prefix",
        STORAGE__ENDPOINT=address,
        STORAGE__KEY_ID="key",
        STORAGE__SECRET="secret-of-storage",
    )

    assert [part for part, one in found.items() if one.healthy] == ["ledger", "nomenclatures"]
    assert all(one.cure for one in found.values() if not one.healthy)
    assert "secret-of-storage" not in str(found)
    assert "0" * 40 not in str(found)


def test_examine__dead_database_hides_no_other_finding(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql+psycopg://me:hidden@127.0.0.1:{free_port()}/db"
    found = examined(home, monkeypatch, LEDGER__URL=url)

    assert [part for part, one in found.items() if one.healthy] == ["storage", "label studio", "mlflow"]
    assert "hidden" not in str(found)


def test_examine__label_studio_without_token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(home, monkeypatch, LABELSTUDIO__URL=f"http://127.0.0.1:{free_port()}")

    assert "AWB_LABELSTUDIO__TOKEN" in found["label studio"].cure


def test_examine__storage_that_cannot_be_written(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "blocked").write_text("a file")
    found = examined(home, monkeypatch, STORAGE__URL=str(tmp_path / "blocked" / "storage"))

    assert not found["storage"].healthy
    assert found["storage"].cure


def test_examine__nomenclature_of_the_campaign_is_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = examined(home, monkeypatch, CAMPAIGN__NOMENCLATURE="naf-2025")

    assert not found["nomenclatures"].healthy
    assert "awb nomenclature import naf-2025" in found["nomenclatures"].cure


def test_as_dict__is_healthy_when_every_part_is() -> None:
    well, sick = Finding("ledger", True, "fine"), Finding("mlflow", False, "down", "start it")

    assert doctor.as_dict([well])["healthy"] is True
    assert doctor.as_dict([well, sick]) == {
        "healthy": False,
        "parts": {
            "ledger": {"healthy": True, "message": "fine", "cure": ""},
            "mlflow": {"healthy": False, "message": "down", "cure": "start it"},
        },
    }


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://labels.office.example", True),
        ("http://10.0.0.7:8080", True),
        ("https://labels.office.example", False),
        ("http://127.0.0.1:8080", False),
        ("http://localhost:8080", False),
        ("", False),
    ],
)
def test_guarded__plain_connections_to_other_machines_are_told(address: str, warned: bool) -> None:
    found = doctor.guarded(Finding("mlflow", True, "fine"), address)

    assert found.healthy
    assert ("not encrypted" in found.message and "https" in found.cure) is warned


def test_guarded__a_sick_part_keeps_its_own_cure() -> None:
    sick = Finding("mlflow", False, "down", "start it")

    assert doctor.guarded(sick, "http://mlflow.office.example") == sick
