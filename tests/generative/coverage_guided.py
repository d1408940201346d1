"""Parsers under inputs that are led by coverage: run by tests/benchmarks/fuzzing.py in an environment with Atheris.

    python tests/generative/coverage_guided.py TARGET RUNS

Ends with a stack trace at the first error that is none of ours.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["annotation"]):
    from pydantic import BaseModel, ValidationError

    from annotation.domain import characters, text
    from annotation.errors import WorkbenchError
    from annotation.labelstudio import payload, results
    from annotation.nomenclature import readers
    from annotation.nomenclature.nomenclature import Code, Nomenclature

MOMENT = "2026-03-02T08:00:00Z"
FOLDER = Path(tempfile.mkdtemp())
NOMENCLATURE = Nomenclature(key="n", title="", codes=[Code(f"{n:02}.11Z", 1, None, f"Title {n}") for n in range(30)])
NORMALISERS = [text.Normaliser(text.Cleaning(stop_words="", stemmer=stemmer)) for stemmer in ("", "french")]


WORDS = ["code", "@other", "01.11Z", "tree", "choices", "value", "from_name", "taxonomy", "text"]
NAMES = ["from_name", "value", "choices", "taxonomy", "text", "id", "key", "odd"]


def document(data: atheris.FuzzedDataProvider, depth: int = 0) -> Any:
    """A JSON document out of bytes."""
    match data.ConsumeIntInRange(0, 7 if depth < 5 else 5):
        case 0:
            return None
        case 1:
            return True
        case 2:
            return data.ConsumeInt(9)
        case 3:
            return data.ConsumeFloat()
        case 4:
            return data.ConsumeUnicode(12)
        case 5:
            return data.PickValueInList(WORDS)
        case 6:
            return [document(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 4))]
        case _:
            inner = [document(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 4))]
            return {data.PickValueInList(NAMES): one for one in inner}


def results_parsing(raw: bytes) -> None:
    data = atheris.FuzzedDataProvider(raw)
    regions = [one for one in (document(data) for _ in range(data.ConsumeIntInRange(0, 4))) if isinstance(one, dict)]
    results.answer(regions)
    results.comment(regions)
    results.difficulty(regions)
    results.reason(regions)


def tasks(raw: bytes) -> None:
    data = atheris.FuzzedDataProvider(raw)
    annotation = {
        "id": 7,
        "result": document(data),
        "completed_by": document(data),
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    odd = document(data)
    annotation |= odd if isinstance(odd, dict) else {"lead_time": odd}
    read = payload.decode(
        {"id": 1, "updated_at": MOMENT, "data": document(data), "annotations": [annotation, document(data)]}
    )
    for one in read.annotations:
        written = json.dumps(dict(one.raw), allow_nan=False)
        if "\\u0000" in written:
            raise AssertionError(written)
        one.comment.encode()


def webhooks(raw: bytes) -> None:
    from annotation.api import webhooks as module

    try:
        module._parse(raw)
    except WorkbenchError:
        return


def tables(raw: bytes) -> None:
    file = FOLDER / "nomenclature.csv"
    file.write_bytes(raw)
    try:
        readers.collect_nomenclature(file, key="k")
    except WorkbenchError:
        return


def workbooks(raw: bytes) -> None:
    tables(b"PK\x03\x04" + raw)


def correspondences(raw: bytes) -> None:
    file = FOLDER / "correspondence.csv"
    file.write_bytes(b"old,new\n" + raw)
    try:
        readers.collect_correspondence(file, key="k", old=NOMENCLATURE, new=NOMENCLATURE)
    except WorkbenchError:
        return


def normaliser(raw: bytes) -> None:
    written = atheris.FuzzedDataProvider(raw).ConsumeUnicode(200)
    folded = text.fold(written)
    if text.fold(folded) != folded:
        raise AssertionError(repr(written))
    for one in NORMALISERS:
        line = one.line(written, {"type": written})
        if line != " ".join(line.split()) or "__label__" in line:
            raise AssertionError(repr(written))
        line.encode()
    characters.storable(characters.shown(written)).encode()


def codes(raw: bytes) -> None:
    try:
        NOMENCLATURE.parse(atheris.FuzzedDataProvider(raw).ConsumeUnicode(64), leaf=True)
    except WorkbenchError:
        return


def settings(raw: bytes) -> None:
    from annotation.settings import AnnotationSettings, CampaignSettings

    data = atheris.FuzzedDataProvider(raw)
    for section in (CampaignSettings, *(f.annotation for f in AnnotationSettings.model_fields.values())):
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            continue
        name = data.PickValueInList(sorted(section.model_fields) or [""])
        try:
            section.model_validate({name: document(data)})
        except (ValidationError, WorkbenchError):
            continue


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one
    for one in (results_parsing, tasks, webhooks, tables, workbooks, correspondences, normaliser, codes, settings)
}


def main() -> None:
    target, runs = sys.argv[1], sys.argv[2]
    if target == "webhooks":
        with atheris.instrument_imports(include=["annotation.api.webhooks"]):
            from annotation.api import webhooks as _  # noqa: F401
    options = [sys.argv[0], f"-runs={runs}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=3000", "-verbosity=1"]
    atheris.Setup(options, TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
