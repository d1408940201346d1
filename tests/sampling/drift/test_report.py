from __future__ import annotations

import json
from pathlib import Path

from sampling.drift import report
from sampling.settings import DriftSettings
from tests.parts import pools


def test_report__finds_a_code_and_a_word_on_the_rise(tmp_path: Path) -> None:
    ledger = pools.ledger(tmp_path)
    calm = pools.arrive(ledger, [f"culture numéro {n}" for n in range(200)], first_day=-29)
    more = pools.arrive(ledger, [f"culture suite {n}" for n in range(150)])
    new = pools.arrive(ledger, [f"livraison drone {n}" for n in range(48)], first_day=1)
    unscored = pools.arrive(ledger, ["...", "!!"], first_day=2)
    pools.predict(ledger, calm + more)
    pools.predict(ledger, new, code="56.10A")
    pools.predict(ledger, unscored, code=None)

    found = report.report(
        ledger=ledger,
        windows=pools.WINDOWS,
        model_version=pools.MODEL,
        normaliser=pools.NORMALISER,
        settings=DriftSettings(),
    )

    assert list(found.risen_codes) == ["56.10A"]
    assert found.risen_codes["56.10A"].after == 48 / 198
    assert {"drone", "livraison"} <= set(found.risen_words)
    assert (found.reference_declarations, found.current_declarations) == (200, 200)
    assert (found.unscored_before, found.unscored_after) == (0, 0.01)
    assert found.divergence > 0.05
    assert json.loads(json.dumps(found.as_dict()))["codes"][0]["value"] in ("01.11Z", "56.10A")
