"""Scoring of the ledger's texts: each batch is committed by itself, by one process, whoever scored it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from annotation.domain.declaration import Text
from annotation.domain.text import group_key, text_key
from annotation.ledger.unit_of_work import Ledger
from sampling import scoring, workers
from sampling.scoring import ScoringResult
from sampling.workers import ThisProcess, Workers
from tests.parts import new_ledgers
from tests.parts.spelling import SpellingModel

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MODEL = SpellingModel()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = new_ledgers.make(tmp_path)
    wordings = [f"texte {'abcdefghij'[n]}{'abcdefghij'[m]}" for n in range(5) for m in range(5)] + ["inconnu"]
    with opened.begin() as work:
        work.texts.add([Text(text_key(w), group_key(w), w, {}) for w in wordings], now=NOW)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "BATCH", 4)


def waiting(ledger: Ledger) -> list[Text]:
    with ledger.read() as work:
        return work.texts.without_prediction(MODEL.version)


def score(ledger: Ledger, crew: Workers | None = None, **more: object) -> ScoringResult:
    return scoring.score(
        ledger=ledger,
        texts=waiting(ledger),
        model=MODEL,
        workers=crew or ThisProcess(),
        now=NOW,
        **more,  # type: ignore[arg-type]
    )


def test_score__writes_a_prediction_for_each_text(ledger: Ledger) -> None:
    heard: list[tuple[int, int]] = []

    result = score(ledger, on_progress=lambda done, total: heard.append((done, total)))

    assert result == ScoringResult("spelling/1", 25, 1)
    assert heard[-1] == (26, 26)
    assert waiting(ledger) == []


def test_score__a_text_without_a_known_word_gets_no_code(ledger: Ledger) -> None:
    score(ledger)

    with ledger.read() as work:
        [prediction] = work.texts.predictions(MODEL.version, [text_key("inconnu")]).values()
    assert (prediction.codes, prediction.probabilities, prediction.known) == ((), (), 0)


def test_score__what_was_committed_before_a_kill_is_not_scored_again(ledger: Ledger) -> None:
    def killed(done: int, _total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(ledger, on_progress=killed)

    assert len(waiting(ledger)) == 18
    assert score(ledger).scored + score(ledger).scored >= 17
    assert waiting(ledger) == []


def test_score__several_processes_write_the_same(ledger: Ledger, tmp_path: Path) -> None:
    texts = waiting(ledger)
    score(ledger)
    with ledger.read() as work:
        here = work.texts.predictions(MODEL.version, [text.key for text in texts])
    other = Ledger.open(f"sqlite:///{tmp_path / 'other.db'}")
    other.migrate()
    with other.begin() as work:
        work.texts.add(texts, now=NOW)

    with workers.opened(size=2) as crew:
        result = score(other, crew)

    with other.read() as work:
        pooled = work.texts.predictions(MODEL.version, [text.key for text in texts])
    other.close()
    assert result == ScoringResult("spelling/1", 25, 1)
    assert pooled == here
