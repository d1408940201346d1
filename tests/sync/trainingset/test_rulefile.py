from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from annotation.domain.text import Normaliser
from annotation.errors import InvalidInputError
from sync.storage import Storage
from sync.trainingset import rulefile
from sync.trainingset.rules import Rule, When
from tests.parts import pools

WHOLE = """
[[rules]]
id = "rice"
evidence = "Rice is a cereal of its own since 2008."
code = "0112Z"
from = 2026-01-01
expires_on = 2026-12-31
when.codes = ["01.11Z"]
when.words = ["culture riz"]
when.variables = { cj = ["1000"] }
when.sources = ["import"]

[[rules]]
id = "meals"
evidence = "Meals are coded elsewhere."
exclude = true
when.codes = ["56.10A"]
"""


def read(folder: Path, content: str) -> tuple[Rule, ...]:
    (folder / "rules.toml").write_text(content, encoding="utf-8")
    return rulefile.read(
        storage=Storage(str(folder)), path="rules.toml", nomenclature=pools.NAF, normaliser=Normaliser()
    )


def rule(**lines: str) -> str:
    given = {"id": '"r"', "evidence": '"It was decided so."', "code": '"01.12Z"', "when.codes": '["01.11Z"]'} | lines
    return "[[rules]]\n" + "\n".join(f"{name} = {value}" for name, value in given.items() if value)


def test_read__rules_in_the_order_of_the_file_with_published_codes(tmp_path: Path) -> None:
    rice, meals = read(tmp_path, WHOLE)

    assert rice == Rule(
        "rice",
        "Rice is a cereal of its own since 2008.",
        When(("01.11Z",), ("culture riz",), {"cj": ("1000",)}, ("import",)),
        "01.12Z",
        date(2026, 1, 1),
        date(2026, 12, 31),
    )
    assert (meals.id, meals.code, meals.when) == ("meals", None, When(("56.10A",)))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[[rules]", "rules.toml is no TOML"),
        (rule(code='"99.99Z"'), r"rules.toml, rule r: '99.99Z' .* naf"),
        (rule(**{"when.codes": '["99.99Z"]'}), r"rules.toml, rule r: '99.99Z'"),
        (rule(code=""), "rules.toml: rule r: .*either code or exclude"),
        (rule(exclude="true"), "rules.toml: rule r: .*either code or exclude"),
        (rule(evidence='""'), "rules.toml: rule r: evidence: .*10 characters"),
        (rule(id='"a b"'), "rules.toml: rule a b: id: "),
        (rule(sources='["import"]'), "rules.toml: rule r: sources: Extra inputs"),
        (rule(**{"when.sources": '["people"]'}), "rules.toml: rule r: when.sources.0: "),
        (rule(**{"when.codes": "[]"}), "rules.toml, rule r: it would edit every label"),
        (rule(**{"when.words": '["de la"]'}), "rules.toml, rule r: nothing is left of the words 'de la'"),
        (rule(**{"from": "2026-02-01", "expires_on": "2026-01-01"}), "rules.toml: rule r: .*expires before it begins"),
        (rule() + "\n" + rule(), "rules.toml: there are two rules r"),
    ],
)
def test_read__says_file_rule_and_cure(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told) as caught:
        read(tmp_path, content)

    assert caught.value.cure
