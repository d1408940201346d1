"""A scikit-learn model that somebody else logged to MLflow is scored with and drawn from like our own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from annotation.ledger.unit_of_work import Ledger
from tests.parts import awb, tinycorpus

pytestmark = [
    pytest.mark.integration,
    # MLflow's tables on a SQLite file, which the commands open in this process.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SCRIPT = Path(__file__).parents[1] / "parts" / "log_sklearn_model.py"
MODEL = "tiny"


@dataclass
class Office:
    folder: Path

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.folder / 'home' / 'mlflow' / 'mlflow.db'}"

    def __call__(self, *arguments: str) -> awb.Result:
        where = ("--config", str(self.folder / "awb.toml"), "--home", str(self.folder / "home"), "--output", "json")
        return awb.call(*arguments, *where)

    def log(self, path: Path, kind: str) -> str:
        """The version that the script of somebody else registers."""
        self.folder.joinpath("home", "mlflow").mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            # -P: else the folder of the script would go before the packages, and has an mlflow of its own.
            [sys.executable, "-P", str(path), self.tracking_uri, MODEL, str(self.folder / "known.csv"), kind],
            capture_output=True,
            text=True,
            cwd=self.folder,
            # MLflow writes the addresses that it was told into the environment; somebody else has their own.
            env={name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def promote(self, version: str) -> None:
        client = mlflow.MlflowClient(self.tracking_uri, self.tracking_uri)
        client.set_registered_model_alias(MODEL, "champion", version)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = Office(tmp_path_factory.mktemp("office"))
    tinycorpus.write(office.folder, campaign=MODEL)
    office("init").succeeded()
    office("texts", "import", str(office.folder / "arriving.csv"), "--text", "text").succeeded()
    return office


@pytest.fixture(scope="module")
def ranking(office: Office) -> str:
    """Number of a version whose answers hold ranked lists."""
    return office.log(SCRIPT, "ranked")


@pytest.mark.parametrize("kind", ["ranked", "first"])
def test_score__the_ledger(office: Office, ranking: str, kind: str) -> None:
    version = ranking if kind == "ranked" else office.log(SCRIPT, kind)

    told = office("score", "--model", version).succeeded()

    truth = dict(tinycorpus.declarations())
    ledger = Ledger.open(f"sqlite:///{office.folder / 'home' / 'ledger.db'}")
    with ledger.read() as work:
        texts = {text.key: text for text in work.texts.without_prediction("nobody/0")}
        predictions = work.texts.predictions(f"{MODEL}/{version}", list(texts))
    ledger.close()
    right = [truth[texts[key].text] == prediction.code for key, prediction in predictions.items()]
    assert told == {"model_version": f"{MODEL}/{version}", "scored": 180, "unscored": 0}
    assert len(right) == 180 and sum(right) > 150
    assert {len(prediction.codes) for prediction in predictions.values()} == {3 if kind == "ranked" else 1}


def test_draw__as_of_a_model_of_ours(office: Office, ranking: str) -> None:
    office.promote(ranking)
    office("score").succeeded()

    drawn = office("draw", "--audit", "20", "--uncertain", "10", "--drifting", "0").succeeded()

    assert drawn["tasks"] >= 25


def test_score__files(office: Office, ranking: str) -> None:
    parts = office.folder / "parts"
    parts.mkdir(exist_ok=True)
    for number in range(3):
        texts = ["boulangerie bio", "taxi rapide", " "][number:]
        pd.DataFrame({"text": texts, "id": range(len(texts))}).to_parquet(parts / f"{number}.parquet")
    out = office.folder / "scores"
    where = ("--input", str(parts), "--text-column", "text", "--keep", "id", "--to", str(out))

    told = office("score", *where, "--model", ranking, "--workers", "2").succeeded()

    first = pd.read_parquet(out / "0.parquet")
    assert (told["scored"], told["rows"], told["unscored"], told["failed"]) == (3, 6, 3, [])
    assert first["code"].tolist()[:2] == ["A1", "C1"] and first["code"].isna().tolist() == [False, False, True]
    assert first["codes"].map(len).tolist() == [3, 3, 0]


def test_score__a_model_with_another_signature_is_told(office: Office, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(SCRIPT.read_text().replace('"code":', '"label":').replace('"margin":', '"gap":'))
    version = office.log(other, "first")

    result = office("score", "--model", version)

    assert result.code == 3
    assert "without code, margin" in result.error["message"]
    assert f"{MODEL}/{version}" in result.error["message"]
