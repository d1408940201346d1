from __future__ import annotations

import re

import numpy as np
import pytest

from sampling.drift import drifting, page, report, wording
from sampling.drift.report import DriftReport
from sampling.settings import DriftSettings
from tests.parts import flows


@pytest.fixture(scope="module")
def found() -> DriftReport:
    random = np.random.default_rng(1)
    codes = [f"{number:02d}" for number in random.integers(0, 12, 1500)]
    texts = [
        f"{' '.join(random.choice(['bois', 'fer', 'cuir', 'pain', 'verre'], 3))} {flows.word(int(code))}"
        for code in codes
    ]
    one = flows.corpus(texts, codes, language="french", variables=[{"form": f"<{len(t) % 3}>"} for t in texts])
    drifted = flows.new_vocabulary(one, share=0.1, sizes=(1500, 1500), random=random)
    judged = one.judged(random.choice(len(one.texts), 60), random.choice(len(one.texts), 60))
    return report.compare(
        drifted.flow, windows=flows.WINDOWS, model_version="m/1", settings=DriftSettings(replicates=99), judged=judged
    )


@pytest.mark.parametrize(("language", "first"), [("fr", "Oui."), ("en", "Yes.")])
def test_render__stands_alone_and_gives_the_verdict_first(found: DriftReport, language: str, first: str) -> None:
    moved = drifting.most(found, number=5, language=language)
    drawn = page.render(found, moved, language=language, titles={"00": "Bois <dur>"})

    assert re.search(rf'<p class="verdict alarm">{first}', drawn)
    assert not re.findall(r'(?:src|href)="(?!#)|@import|url\((?!#)', drawn)
    assert all(moved_text.reason in drawn for moved_text in moved[:1] if "'" not in moved_text.reason)
    assert drawn.count("<svg") >= 3
    assert "built-in" not in drawn
    assert "<dur>" not in drawn


def test_words__the_same_keys_in_each_language() -> None:
    english, french = wording.LANGUAGES["en"], wording.LANGUAGES["fr"]

    assert english.keys() == french.keys()
    for key, value in english.items():
        places = [sorted(re.findall(r"{(\w+)}", " ".join([one] if isinstance(one, str) else one)))
                  for one in (value, french[key])]  # fmt: skip
        assert places[0] == places[1], key
