from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from annotation.domain.text import Normaliser
from sync.trainingset import checks as checking
from sync.trainingset import schema
from sync.trainingset.apart import Apart
from sync.trainingset.census import Census
from sync.trainingset.checks import BuildRefusedError, Checks, Example, Finding, Level
from sync.trainingset.inspection import Inspection
from sync.trainingset.policy import BuildPolicy
from sync.trainingset.recipe import Recipe
from sync.trainingset.wordings import Wordings
from tests.parts import pools, trainingrows

NORMALISER = Normaliser()
RECIPE = Recipe("naf", BuildPolicy(("coder",)), 0.1, 1, NORMALISER.to_json(), 9, 0, 0, datetime(2026, 4, 2))
CHECKS = Checks()
APART = Apart({"t1": ("g-t1", 77)}, NORMALISER)


def found(rows: pa.Table, *, checks: Checks = CHECKS) -> list[Finding]:
    looking = Inspection(checks=checks, nomenclature=pools.NAF, apart=APART, census=Census())
    list(looking.watch(rows.to_batches(max_chunksize=2)))
    return list(looking.findings(parent=None, recipe=RECIPE))


def rows(codes: dict[str, str], **columns: object) -> pa.Table:
    return trainingrows.rows(codes, **columns)


def test_findings__none_for_sound_rows() -> None:
    assert found(rows({"t2": "01.11Z", "t3": "01.12Z"})) == []


def test_findings__codes_that_the_nomenclature_lacks() -> None:
    (finding,) = found(rows({"t2": "3299y", "t3": "01.12Z"}))

    assert (finding.check, finding.level, finding.count) == ("unknown_codes", Level.STOP, 1)
    assert finding.rows == (Example("t2", "texte nº t2", "3299y", 5),)


@pytest.mark.parametrize("leak", [{"text_key": "t1"}, {"group_key": "g-t1"}, {"words_key": 77}])
def test_findings__a_leak_by_key_by_wording_or_by_words(leak: dict[str, object]) -> None:
    (finding,) = found(rows({"t9": "01.11Z"}, **leak))

    assert (finding.check, finding.level, len(finding.rows)) == ("leakage", Level.STOP, 1)


def test_findings__texts_of_which_nothing_is_left() -> None:
    (finding,) = found(rows({"t2": "01.11Z"}, words_key=schema.words_key("")))

    assert (finding.check, finding.level, finding.count) == ("empty_texts", Level.WARN, 1)


def test_findings__a_source_with_too_large_a_share_and_what_is_off_is_not_told() -> None:
    guessed = pa.concat_tables([rows({"t2": "01.11Z"}, source="model"), rows({"t3": "01.11Z"})])
    (finding,) = found(guessed)

    assert finding.message == "1 labels (50.0%, more than 20%) are of source model:"
    assert found(guessed, checks=Checks(source_shares=Level.OFF)) == []


def test_findings__twenty_examples_at_the_most() -> None:
    (finding,) = found(rows({f"t{number}": "3299y" for number in range(100, 150)}))

    assert (finding.count, len(finding.rows)) == (50, checking.EXAMPLES)


def test_wordings__rows_whose_wording_has_several_codes() -> None:
    several = rows({"t2": "01.11Z", "t3": "01.12Z", "t4": "01.11Z"}, group_key="g")
    batches = pa.concat_tables([several, rows({"t5": "01.11Z"})]).to_batches()
    with Wordings() as wordings:
        list(wordings.watch(batches))
        number, examples = wordings.conflicting()

    assert (number, [one.text_key for one in examples]) == (3, ["t2", "t3", "t4"])


def test_require__tells_what_stops_the_build_first() -> None:
    warning, stop = (
        Finding("a", Level.WARN, "A hint.", 1),
        Finding("b", Level.STOP, "A fault:", 7, (Example("t", "x", "c", 1),)),
    )

    with pytest.raises(
        BuildRefusedError, match=r"^A fault: t 'x' c \(label 1\); and 6 more\. Nothing was written"
    ) as caught:
        checking.require([warning, stop])
    assert caught.value.findings == (stop, warning)
    checking.require([warning])


def test_census__of_its_own_report() -> None:
    census = Census()
    census.count(rows({"t2": "01.11Z", "t3": "01.12Z"}, rule="r"))

    assert census.edited == 2
    assert Census.of(census.report(())) == census
    assert Census.of({}) is None
