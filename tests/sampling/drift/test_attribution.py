from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from sampling.drift import attribution, drifting, report
from sampling.drift.attribution import Cause
from sampling.drift.detectors import Shift
from sampling.drift.report import DriftReport
from sampling.settings import DriftSettings
from tests.parts import flows
from tests.parts.flows import Corpus

WORDS = [flows.word(number) for number in range(300)]
SETTINGS = DriftSettings(replicates=99)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    random = np.random.default_rng(1)
    codes = [f"{number:02d}" for number in random.integers(0, 20, 4000)]
    texts = [" ".join(random.choice(WORDS, 4)) + f" {flows.word(500 + int(code))}" for code in codes]
    return flows.corpus(texts, codes, language="french", variables=[{"form": f"f{len(t) % 3}"} for t in texts])


@pytest.fixture(scope="module")
def new_words(corpus: Corpus) -> tuple[flows.Drifted, DriftReport]:
    drifted = flows.new_vocabulary(corpus, share=0.03, sizes=(6000, 5000), random=np.random.default_rng(2))
    return drifted, report.compare(drifted.flow, windows=flows.WINDOWS, model_version="m/1", settings=SETTINGS)


def attribute(drifted: flows.Drifted, found: DriftReport) -> tuple[np.ndarray, attribution.Attribution]:
    rows = np.flatnonzero(drifted.flow.after)
    return rows, attribution.attribute(
        found,
        words=[drifted.flow.words[row] for row in rows],
        codes=[drifted.flow.codes[row] for row in rows],
        variables=[drifted.flow.variables[row] for row in rows],
    )


def test_attribute__texts_with_new_words_come_first(new_words: tuple[flows.Drifted, DriftReport]) -> None:
    drifted, found = new_words
    rows, given = attribute(drifted, found)

    assert flows.first_injected(drifted, rows, given.scores) >= 0.6
    assert found.details is not None
    assert found.details.verdict.alarm


def test_attribute__says_why_in_both_languages(new_words: tuple[flows.Drifted, DriftReport]) -> None:
    _, found = new_words
    given = attribution.attribute(found, words=[f"{WORDS[1]} drone", WORDS[1]], codes=["00", None])

    assert given.causes[0] is not None
    assert (given.causes[0].kind, given.causes[0].value, given.causes[0].before) == ("word", "drone", 0.0)
    assert given.reason(0, "fr").startswith("Mot nouveau « drone » : 0,0 % des textes auparavant, 0,")
    assert given.reason(0, "en").endswith("since October 2026.")
    assert given.scores[0] > given.scores[1]


def test_attribute__a_code_that_grew(corpus: Corpus) -> None:
    drifted = flows.prior_shift(
        corpus, before=0.01, after=0.04, sizes=(10_000, 5000), rank=3, random=np.random.default_rng(4)
    )
    found = report.compare(drifted.flow, windows=flows.WINDOWS, model_version="m/1", settings=SETTINGS)
    rows, given = attribute(drifted, found)

    # Of the texts with the code three in four were put in, and nothing tells these from the others.
    assert flows.first_injected(drifted, rows, given.scores) >= 0.6


def test_attribute__without_drift_no_text_has_a_sign(corpus: Corpus) -> None:
    random = np.random.default_rng(5)
    calm = corpus.flow(flows.calm(corpus, 6000, random), flows.calm(corpus, 5000, random))
    found = report.compare(calm, windows=flows.WINDOWS, model_version="m/1", settings=SETTINGS)

    assert (
        drifting.most(found, number=500, language="en") == []
        or len(drifting.most(found, number=500, language="en")) < 50
    )
    assert found.details is not None
    assert not found.details.verdict.alarm


def test_attribute__a_report_of_shifts_alone() -> None:
    found = DriftReport(
        flows.WINDOWS, "m/1", 100, 100, 0.0, 0.0, 0.0, (Shift("A", 0.02, 0.04, 9, 0.01),),
        (Shift("vtc", 0.002, 0.019, 9, 0.01),),
    )  # fmt: skip
    given = attribution.attribute(found, words=["vtc paris", "taxi", "taxi"], codes=["B", "A", None])

    assert given.causes == (Cause("word", "vtc", 0.002, 0.019), Cause("code", "A", 0.02, 0.04), None)
    assert given.scores[0] > given.scores[1] > given.scores[2] == 0
    assert given.reason(2, "fr") == ""


def test_attribute__a_hundred_thousand_texts_take_seconds(new_words: tuple[flows.Drifted, DriftReport]) -> None:
    _, found = new_words
    said = [f"{WORDS[number % 300]} {WORDS[number % 271]} suite{number}" for number in range(100_000)]
    start = time.process_time()
    given = attribution.attribute(found, words=said, codes=["00"] * len(said))

    assert len(given.scores) == len(said)
    assert time.process_time() - start < 20


def test_most__one_text_per_wording(new_words: tuple[flows.Drifted, DriftReport]) -> None:
    drifted, found = new_words
    assert found.details is not None
    twice = replace(
        found, details=replace(found.details, flow=replace(drifted.flow, words=("drone",) * len(drifted.flow)))
    )

    assert len(drifting.most(twice, number=10, language="en")) == 1
