"""A home whose training set has versions that people's judgements made, for commands and notebooks to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.domain.task import Component, Task
from annotation.domain.version import ModelVersion
from annotation.ledger.unit_of_work import Ledger
from tests.parts import awb, filled_ledger
from tests.parts.awb import Result
from tests.parts.filled_ledger import NOW, RIGHT, WRONG, Answer

ENVIRONMENT = {"AWB_CAMPAIGN__NOMENCLATURE": "naf", "AWB_CAMPAIGN__LANGUAGE": "en"}

RULES = f"""
[[rules]]
id = "sold-only"
evidence = "Bread that is not baked here is sold only."
when = {{ codes = ["{RIGHT}"] }}
code = "{WRONG}"
expires_on = 2099-12-31

[[rules]]
id = "unclear"
evidence = "Nobody can tell what this is."
when = {{ codes = ["{WRONG}"] }}
exclude = true
"""


@dataclass(frozen=True)
class VersionedHome:
    """v1: C001 said RIGHT of the first and second text, C002 WRONG of the third. v2: C001 changed the first to WRONG,
    the third was withdrawn, C002 said RIGHT of the fourth. ``activity/1`` learnt from v1, which is called spring, too.
    """

    home: Path
    tasks: tuple[Task, ...]

    def __call__(self, *arguments: str, **environment: str) -> dict[str, Any]:
        return self.run(*arguments, **environment).succeeded()

    def run(self, *arguments: str, output: str = "json", **environment: str) -> Result:
        words = (*arguments, "--home", str(self.home), "--output", output)
        return awb.call(*words, environment=ENVIRONMENT | environment)

    def add_ruled(self) -> None:
        """v3: a rule makes WRONG of the second text and the fourth, another takes the first out, and checks find that
        too much comes from rules and that the codes are others.
        """
        rules = self.home.parent / "rules.toml"
        rules.write_text(RULES, encoding="utf-8")
        self(
            "trainingset", "build",
            AWB_TRAININGSET__RULES_PATH=str(rules),
            AWB_TRAININGSET__CHECKS='{"source_shares": "warn", "largest_shares": {"rule": 0.5}}',
        )  # fmt: skip

    def wording(self, number: int) -> str:
        return f"fabrication de pain {self.tasks[number].text_key}"


def make(home: Path) -> VersionedHome:
    ledger = filled_ledger.empty_ledger(home)
    filled_ledger.add_campaign(ledger, language="en")
    tasks = filled_ledger.add_draw(ledger, "2026-10", days_ago=9, tasks=[(Component.UNCERTAIN, 4)])
    made = VersionedHome(home, tasks)
    first, second, third, fourth = tasks
    _judge(ledger, (first, Answer("1", days_ago=8)), (second, Answer("1", days_ago=8)))
    _judge(ledger, (third, Answer("2", code=WRONG, days_ago=8)))
    digest = made("trainingset", "build")["version"]["digest"]
    _judge(ledger, (first, Answer("1", code=WRONG, days_ago=2)), (fourth, Answer("2", code=RIGHT, days_ago=1)))
    _judge(ledger, (third, Answer("2", code=WRONG, days_ago=1, deleted=True)))
    made("trainingset", "build")
    made("trainingset", "tag", "v1", "spring")
    with ledger.begin() as work:
        work.models.add(ModelVersion("activity", "1", "naf", "v1", digest, "key", "run-1", "0", {}, {}, NOW))
    ledger.close()
    return made


def _judge(ledger: Ledger, *answers: tuple[Task, Answer]) -> None:
    filled_ledger.judge(ledger, answers)
