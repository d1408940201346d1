from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from annotation.nomenclature import readers
from sync.configs_folder import configs_folder
from sync.demo import register, wordings
from sync.demo.register import Register

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DEMO = configs_folder() / "demo"


@pytest.fixture(scope="module")
def made() -> Register:
    return register.make_register(seed=1, now=NOW)


@pytest.fixture(scope="module")
def everything(made: Register) -> pd.DataFrame:
    return pd.concat([made.history, made.stream], ignore_index=True)


def test_make_register__same_seed_gives_the_same_and_another_seed_another(made: Register) -> None:
    again = register.make_register(seed=1, now=NOW)
    other = register.make_register(seed=2, now=NOW)

    pd.testing.assert_frame_equal(again.history, made.history)
    pd.testing.assert_frame_equal(again.stream, made.stream)
    assert not other.stream.equals(made.stream)


def test_make_register__gives_the_counts_that_were_asked_for() -> None:
    small = register.make_register(seed=1, now=NOW, history=30, month=20)

    assert (len(small.history), len(small.stream)) == (30, 20)


def test_make_register__both_parts_have_the_columns_of_a_declaration(made: Register) -> None:
    assert tuple(made.history.columns) == tuple(made.stream.columns) == register.COLUMNS
    assert not made.history.isna().any(axis=None)
    assert not made.stream.isna().any(axis=None)


def test_make_register__ids_are_unique(everything: pd.DataFrame) -> None:
    assert everything["liasse_numero"].is_unique


def test_make_register__the_stream_is_the_last_month_and_the_history_the_year_before(made: Register) -> None:
    assert made.history["date_modification"].is_monotonic_increasing
    assert made.history["date_modification"].iloc[0].startswith("2025-10")
    assert made.history["date_modification"].iloc[-1] <= "2026-10-23"
    assert made.stream["date_modification"].iloc[0] >= "2026-10-23"
    assert made.stream["date_modification"].iloc[-1] <= "2026-11-22"


def test_make_register__only_the_history_is_coded(made: Register) -> None:
    assert (made.stream["ape"] == "").all()
    assert (made.history["ape"] != "").all()


def test_make_register__every_code_is_a_leaf_of_the_demo_nomenclature(everything: pd.DataFrame) -> None:
    naf = readers.read_nomenclature(DEMO / "naf-rev2.csv", key="naf-rev2")
    leaves = {code.code for code in naf.leaves}

    assert set(everything["ape"]) | set(everything["true_code"]) == leaves | {""}


def test_make_register__the_past_was_coded_with_some_errors_mostly_to_neighbours(made: Register) -> None:
    known = wordings.read(DEMO / "wordings.toml").sub_classes
    wrong = made.history[(made.history["true_code"] != "") & (made.history["ape"] != made.history["true_code"])]
    near = [given in known[true].neighbours for given, true in zip(wrong["ape"], wrong["true_code"], strict=True)]

    assert 0.015 < len(wrong) / len(made.history) < 0.045
    assert sum(near) > 0.7 * len(near)


def test_make_register__some_texts_mean_nothing_and_one_is_empty(everything: pd.DataFrame) -> None:
    meaningless = everything[everything["true_code"] == ""]

    assert 0.005 < len(meaningless) / len(everything) < 0.03
    assert {"", "-", "néant"} <= set(meaningless["libelle"])


def test_make_register__about_half_of_the_texts_are_in_capitals_without_accents(everything: pd.DataFrame) -> None:
    capitals = everything["libelle"][everything["libelle"].str.isupper()]

    assert 0.4 < len(capitals) / len(everything) < 0.6
    assert capitals.map(str.isascii).mean() > 0.9


def test_make_register__has_no_mojibake(everything: pd.DataFrame) -> None:
    assert not everything["libelle"].str.contains(r"Ã|Â|â€|\ufffd|[\x00-\x1f]", regex=True).any()
    assert everything["libelle"].str.contains("[éèêàçôœ]", regex=True).mean() > 0.1


def test_make_register__few_codes_are_common_and_many_are_rare(made: Register) -> None:
    shares = made.history["true_code"].value_counts(normalize=True)

    assert shares.iloc[0] > 0.06
    assert shares.iloc[-20:].max() < 0.01


def test_make_register__one_code_grows_in_the_last_month(made: Register) -> None:
    before = (made.history["true_code"] == register.GROWING_CODE).mean()
    after = (made.stream["true_code"] == register.GROWING_CODE).mean()

    assert before == pytest.approx(0.02, abs=0.01)
    assert after == pytest.approx(0.06, abs=0.015)


def test_make_register__recent_wordings_stand_in_the_last_month_only(made: Register) -> None:
    striking = "influenceu|trottinette|dropshipping|airbnb|ongles gel|micro-crèche|micro creche"
    history, stream = (part["libelle"].str.lower() for part in (made.history, made.stream))

    assert not history.str.contains(striking, regex=True).any()
    assert stream.str.contains(striking, regex=True).sum() > 20


def test_make_register__the_area_of_sale_tells_shops_from_others(made: Register) -> None:
    with_area = made.history["activ_surf_et"] != ""
    shops = made.history["true_code"].isin(["47.71Z", "10.71C", "47.11B"])

    assert with_area[shops].mean() > 0.6
    assert with_area[~shops].mean() < 0.3
    assert set(made.history["activ_surf_et"]) <= {"", "1", "2", "3", "4"}
