"""A ledger of an office's size, written in bulk: a year's campaign with tens of thousands of tasks and answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, create_engine, event, insert
from sqlalchemy.orm import Session

from annotation.domain.campaign import Campaign, Draw
from annotation.domain.judgement import Outcome
from annotation.domain.policy import Policy
from annotation.domain.task import Component
from annotation.domain.version import Decision, ModelVersion, TrainingSetVersion
from annotation.ledger import tables
from annotation.ledger.tables import Base
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Code, Nomenclature
from tests.parts.filled_ledger import NOW

CODES: Final = tuple(f"{number // 100:02}.{number % 100:02}Z" for number in range(100, 847))
MODELS: Final = 4
_DRAWS: Final = 12
_AUDITED: Final = 0.1
_SECOND: Final = 0.1
_CODERS: Final = 25
_OUTCOMES: Final = (Outcome.CODED, Outcome.UNCLASSIFIABLE, Outcome.LATER, Outcome.EXPERT)
_COMPONENTS: Final = (Component.UNCERTAIN, Component.DRIFTING, Component.RARE)


def fill(ledger: Ledger, *, tasks: int = 100_000, judgements: int = 60_000, seed: int = 0) -> None:
    """One campaign, ``main``, over a year; a tenth of the texts is asked twice and a tenth audited."""
    _frame(ledger)
    random = np.random.default_rng(seed)
    texts = round(tasks / (1 + _SECOND))
    with _session(ledger) as session:
        _insert(session, tables.TextRow, _texts(texts))
        asked = list(_tasks(random, texts, tasks))
        _insert(session, tables.TaskRow, asked)
        _insert(session, tables.EvaluationMemberRow, _members(asked))
        _insert(session, tables.CoderRow, _coders())
        chosen = np.sort(random.choice(len(asked), judgements, replace=False)).tolist()
        answered = list(_judgements(random, [asked[place] for place in chosen]))
        _insert(session, tables.JudgementRow, answered)
        _insert(session, tables.PredictionRow, _predictions(random, asked))
        _insert(session, tables.DeclarationRow, _declarations(random, texts))
        session.commit()


def _frame(ledger: Ledger) -> None:
    codes = [Code(code, 1, None, f"Activity {code}") for code in CODES]
    with ledger.begin() as work:
        work.nomenclatures.add(Nomenclature(key="naf", title="NAF", codes=codes), origin="test", sha256="0", now=NOW)
        work.campaigns.add(Campaign("main", "Codage de l’année", "naf", "fr", NOW - timedelta(days=365)))
        work.policies.set("main", Policy(hourly_rate=32.0), by="test", now=NOW)
        for number in range(_DRAWS):
            recipe = {"budget": {"audit": 900, "uncertain": 7000}, "candidates": 5}
            drawn_at = NOW - timedelta(days=360 - 30 * number)
            work.draws.add(Draw(f"draw-{number}", "main", number, "activity/1", "w0", "w1", recipe, drawn_at))
        for number in range(1, MODELS + 1):
            trained_at = NOW - timedelta(days=370 - 90 * number)
            tag, rows = f"v{number}", 40_000 + 9_000 * number
            work.trainingsets.add(TrainingSetVersion("trainingset", tag, None, 1, rows, tag, {}, trained_at))
            version = ModelVersion("activity", str(number), "naf", tag, tag, f"k{number}", "r", "0", {}, {}, trained_at)
            work.models.add(version)
            work.decisions.add(Decision("promote", f"activity/{number}", True, "Better.", {}, trained_at))


def _texts(number: int) -> Iterator[dict[str, Any]]:
    for place in range(number):
        key = _key(place)
        text = f"fabrication et vente de produits numero {place} pour les particuliers et les entreprises"
        variables = {"surface": "2", "type": "01"}
        yield {"key": key, "group_key": key, "text": text, "variables": variables, "first_seen_at": NOW}


def _tasks(random: np.random.Generator, texts: int, tasks: int) -> Iterator[dict[str, Any]]:
    """In the order of drawing; the second seats come among the first ones."""
    audited = random.random(texts) < _AUDITED
    twice = np.zeros(texts, dtype=bool)
    twice[random.choice(texts, tasks - texts, replace=False)] = True
    for place in range(texts):
        component = Component.AUDIT if audited[place] else _COMPONENTS[place % 3]
        first = random.integers(len(CODES) - 9)
        for seat in (1, 2) if twice[place] else (1,):
            yield {
                "key": f"k{place:08}-{seat}",
                "draw_id": 1 + place * _DRAWS // texts,
                "text_key": _key(place),
                "component": component.value,
                "stratum": f"s{place % 6}",
                "inclusion_probability": 0.05,
                "seat": seat,
                "reason": "The model hesitates between two codes that are near to each other (41 % and 38 %).",
                "candidates": list(CODES[first : first + 8]),
                "probabilities": [0.41, 0.38, 0.05, 0.04, 0.03, 0.02, 0.01, 0.01],
                "model_version": "activity/1",
                "frequency": 3,
                "confidence": 0.5,
                "kind": "coding",
                "blind": False,
            }


def _members(asked: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in asked:
        if task["component"] == Component.AUDIT and task["seat"] == 1:
            yield {
                "nomenclature": "naf",
                "text_key": task["text_key"],
                "group_key": task["text_key"],
                "task_key": task["key"],
                "stratum": f"{task['draw_id']}: {task['stratum']}",
                "inclusion_probability": task["inclusion_probability"],
                "added_at": NOW,
            }


def _coders() -> Iterator[dict[str, Any]]:
    for number in range(_CODERS):
        yield {
            "pseudonym": f"C{number + 1:03}",
            "platform": "labelstudio",
            "external_id": str(number),
            "email": f"coder{number}@example.org",
            "seen_at": NOW,
        }


def _judgements(random: np.random.Generator, asked: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Spread over the year; one in fifty was edited."""
    chosen = random.choice(len(_OUTCOMES), len(asked), p=[0.9, 0.05, 0.03, 0.02])
    seconds = random.lognormal(3.7, 0.6, len(asked))
    seconds[random.random(len(asked)) < 0.02] += 1800
    right = random.random(len(asked)) < 0.8
    for place, task in enumerate(asked):
        outcome = _OUTCOMES[chosen[place]]
        judged_at = NOW - timedelta(days=350 * (1 - place / len(asked)), seconds=1)
        row = {
            "task_key": task["key"],
            "platform": "labelstudio",
            "external_id": str(place),
            "coder": f"C{1 + (place + task['seat']) % _CODERS:03}",
            "outcome": outcome.value,
            "code": task["candidates"][0 if right[place] else 1] if outcome is Outcome.CODED else None,
            "judged_at": judged_at,
            "lead_time": float(seconds[place]),
            "comment": "",
            "difficulty": place % 6,
            "detail": "",
            "deleted": False,
            "raw": {"id": place, "result": [{"type": "choices", "value": {"choices": ["x"]}}], "lead_time": 40.0},
            "digest": f"{place}",
            "recorded_at": judged_at,
        }
        if place % 50 == 0:
            yield row | {"outcome": Outcome.LATER.value, "code": None, "digest": f"{place}-first"}
        yield row


def _predictions(random: np.random.Generator, asked: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of the evaluation set's texts alone, by every model, each better than the one before."""
    for task in asked:
        if task["component"] != Component.AUDIT or task["seat"] != 1:
            continue
        for number in range(1, MODELS + 1):
            right = random.random() < 0.66 + 0.05 * number
            codes = task["candidates"][:5] if right else task["candidates"][1:6]
            yield {
                "text_key": task["text_key"],
                "model_version": f"activity/{number}",
                "codes": codes,
                "probabilities": [0.7, 0.1, 0.05, 0.02, 0.01],
                "margin": float(random.beta(8, 2) if right else random.beta(2, 3)),
                "entropy": 0.9,
                "known": 1.0,
                "predicted_at": NOW,
            }


def _declarations(random: np.random.Generator, texts: int) -> Iterator[dict[str, Any]]:
    for number, days in enumerate(random.random(3 * texts) * 365):
        yield {
            "source": "register",
            "external_id": str(number),
            "text_key": _key(number % texts),
            "declared_at": NOW - timedelta(days=float(days)),
            "code": None,
            "imported_at": NOW,
        }


def _key(place: int) -> str:
    # Spread like the hashes that real keys are.
    return f"{place * 2_654_435_761 % 2**48:012x}{place:08}"


def _insert(session: Session, table: type[Base], rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> None:
    many: list[dict[str, Any]] = []
    for row in rows:
        many.append(row)
        if len(many) == 5_000:
            session.execute(insert(table), many)
            many = []
    if many:
        session.execute(insert(table), many)


def _session(ledger: Ledger) -> Session:
    return Session(_engine(ledger.url))


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    return engine
