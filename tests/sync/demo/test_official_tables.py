"""The demo's nomenclatures and correspondence say what the official tables say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from annotation.nomenclature import readers
from annotation.nomenclature.nomenclature import Nomenclature
from annotation.nomenclature.search import fold
from sync.configs_folder import configs_folder

DEMO = configs_folder() / "demo"


def demo(name: str) -> Nomenclature:
    return readers.read_nomenclature(DEMO / f"{name}.csv", key=name)


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def test_correspondence__stands_between_the_two_nomenclatures_with_multivocal_codes() -> None:
    pairs = readers.read_correspondence(
        DEMO / "naf-rev2-naf-2025.csv", key="demo", old=demo("naf-rev2"), new=demo("naf-2025")
    )

    assert len(pairs.univocal) == 29
    assert len(pairs.multivocal) == 35


@pytest.mark.real_data
def test_naf_rev2__codes_titles_and_parents_are_the_official_ones(shared_data: Path) -> None:
    official = readers.read_nomenclature(shared_data / "naf" / "naf_extended.csv", key="naf-rev2")

    for code in demo("naf-rev2"):
        same = official[code.code]
        assert (code.level, code.parent, fold(code.title)) == (same.level, same.parent, fold(same.title))


@pytest.mark.real_data
def test_naf_2025__given_codes_titles_and_parents_are_the_official_ones(shared_data: Path) -> None:
    official = readers.read_nomenclature(shared_data / "naf" / "data_naf.xlsx", key="naf-2025")
    given = set(table(DEMO / "naf-2025.csv")["code"])

    for code in demo("naf-2025"):
        same = official[code.code]
        assert (code.level, code.parent) == (same.level, same.parent)
        assert code.code not in given or fold(code.title) == fold(same.title)


@pytest.mark.real_data
def test_correspondence__has_every_official_pair_of_its_old_codes_and_no_other(shared_data: Path) -> None:
    pairs = table(DEMO / "naf-rev2-naf-2025.csv")
    official = table(shared_data / "naf" / "naf2008_naf2025_correspondance_insee_2026-01.csv")
    wanted = official[official["naf_rev2"].isin(pairs["old"])]

    assert set(zip(pairs["old"], pairs["new"], strict=True)) == set(
        zip(wanted["naf_rev2"], wanted["naf_2025"], strict=True)
    )
    assert set(pairs["old"]) == {code.code for code in demo("naf-rev2").leaves}
    assert set(pairs["new"]) == {code.code for code in demo("naf-2025").leaves}
