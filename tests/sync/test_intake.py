from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotation.domain.label import Label, Source
from annotation.domain.text import text_key
from annotation.ledger.unit_of_work import Ledger
from sync import intake
from sync.intake import Arrival, IntakeResult
from tests.parts import pools


def arrival(number: int, text: str = "Culture de blé", code: str = "01.11Z", **changes: object) -> Arrival:
    row = Arrival("july.csv", number, str(number), text, pools.START, {"cj": "1000"}, code)
    return replace(row, **changes)  # type: ignore[arg-type]


def take(ledger: Ledger, *rows: Arrival, coded: bool = True, source: str = "register") -> IntakeResult:
    return intake.take(
        ledger=ledger,
        batches=[rows[:1], rows[1:]],
        source=source,
        coded=coded,
        nomenclature=pools.NAF,
        now=pools.NOW,
        model_version="office/1",
    )


def codes(ledger: Ledger) -> dict[str, str | None]:
    with ledger.read() as work:
        labels = work.labels.current("naf")
        texts = work.texts.get([r.label.text_key for r in labels])
    return {texts[r.label.text_key].text: r.label.code for r in labels}


def set_aside(ledger: Ledger) -> dict[int | None, str]:
    with ledger.read() as work:
        return {one.item.row: one.reason for one in work.quarantine.list()}


def test_take__coded_rows_become_labels(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    result = take(ledger, arrival(1), arrival(2, "Culture du riz", "0112Z"))

    assert result == IntakeResult(rows=2, texts=2, declarations=2, labels=2)
    assert codes(ledger) == {"Culture de blé": "01.11Z", "Culture du riz": "01.12Z"}
    with ledger.read() as work:
        (label, _) = (r.label for r in work.labels.current("naf"))
    assert (label.source, label.weight, label.evidence) == (Source.IMPORT, 1.0, "from register")


def test_take__again_adds_nothing(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    rows = [arrival(1), arrival(2, code="99.99Z"), arrival(3, "riz", "01.12Z"), arrival(4, "RIZ !", "56.10A")]
    first = take(ledger, *rows)

    assert (first.rows, first.labels, first.quarantined) == (4, 1, 2)
    assert take(ledger, *rows) == IntakeResult(rows=4)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (arrival(1, code="99.99Z"), "is not a code of naf"),
        (arrival(1, code="01.11z"), "is not in the case of the published code"),
        (arrival(1, code=""), "no code"),
        (arrival(1, "...", "01.11Z"), "no word to learn it from"),
        (arrival(1, problem="The date '32' is no ISO date."), "The date '32' is no ISO date."),
    ],
    ids=["unknown", "lower case", "none", "empty text", "bad date"],
)
def test_take__a_coded_row_that_cannot_be_learnt_is_set_aside(tmp_path: Path, row: Arrival, reason: str) -> None:
    ledger = pools.ledger(tmp_path)
    result = take(ledger, row)

    assert result == IntakeResult(rows=1, quarantined=1)
    assert reason in set_aside(ledger)[1]
    assert codes(ledger) == {}


def test_take__in_the_flow_an_unknown_code_does_not_stop_the_text(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    result = take(ledger, arrival(1, code="99.99Z"), arrival(2, "", code=""), coded=False)

    assert result == IntakeResult(rows=2, texts=2, declarations=2, quarantined=1)
    assert codes(ledger) == {}


def test_take__the_code_that_most_rows_carry(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    take(ledger, arrival(1), arrival(2, "CULTURE DE BLE", "01.12Z"), arrival(3, code="01.12Z"))

    assert list(codes(ledger).values()) == ["01.12Z"]


def test_take__a_tie_is_set_aside(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    result = take(ledger, arrival(1), arrival(2, code="01.12Z"))

    assert (result.labels, result.quarantined) == (0, 1)
    assert "several ways" in set_aside(ledger)[None]


def test_take__other_variables_make_another_text(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    result = take(ledger, arrival(1), arrival(2, code="01.12Z", variables={"cj": "5499"}))

    assert (result.texts, result.labels) == (2, 2)


def test_take__a_coders_word_stands_above_the_register(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    take(ledger, arrival(1))
    key = text_key("Culture de blé", {"cj": "1000"})
    with ledger.begin() as work:
        work.labels.record([Label(key, "naf", "01.12Z", Source.CODER, 1.0, pools.NOW, coder="C001")])

    assert take(ledger, arrival(1)).labels == 0
    assert list(codes(ledger).values()) == ["01.12Z"]


def test_take__predictions_that_came_along(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    predicted = arrival(1, code="", codes=("01.11Z", "01.12Z"), probabilities=(0.6, 0.3))
    result = take(ledger, predicted, arrival(2, "riz", ""), coded=False)
    with ledger.read() as work:
        (found,) = work.texts.predictions("office/1", [text_key("Culture de blé", {"cj": "1000"})]).values()

    assert result.predictions == 1
    assert (found.codes, round(found.margin, 6)) == (("01.11Z", "01.12Z"), 0.3)


def test_take__predicted_codes_are_parsed_like_all_others(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    undotted = arrival(1, code="", codes=("0111Z", "01.12Z"), probabilities=(0.6, 0.3))
    unknown = arrival(2, "riz", "", codes=("99.99Z",), probabilities=(0.6,))
    result = take(ledger, undotted, unknown, coded=False)
    with ledger.read() as work:
        (found,) = work.texts.predictions("office/1", [text_key("Culture de blé", {"cj": "1000"})]).values()

    assert (result.texts, result.predictions, result.quarantined) == (2, 1, 1)
    assert found.codes == ("01.11Z", "01.12Z")
    assert "The prediction is left out: '99.99Z' is not a code of naf" in set_aside(ledger)[2]


@pytest.mark.parametrize("changed", [{"text": "Culture du riz"}, {"variables": {}}], ids=["text", "variables"])
def test_take__an_id_that_comes_back_changed_is_set_aside(tmp_path: Path, changed: dict[str, object]) -> None:
    """Else its text would be learnt twice, under two keys."""
    ledger = pools.ledger(tmp_path)
    take(ledger, arrival(1))

    again = take(ledger, replace(arrival(2, **changed), external_id="1"))

    assert again == IntakeResult(rows=1, quarantined=1)
    assert "is known with another text" in set_aside(ledger)[2]
    assert codes(ledger) == {"Culture de blé": "01.11Z"}
