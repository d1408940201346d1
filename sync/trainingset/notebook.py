"""Training sets as data frames, for notebooks and scripts. Nothing is ever written, made or migrated here.

    from sync import trainingset

    df = trainingset.load("v12")

The parts are found as the command line finds them: by ``home`` or AWB_HOME (default ``.awb``) and by ``config`` or
AWB_CONFIG (default: awb.toml in the home folder); secrets come from the environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa

from annotation.errors import NotFoundError
from sync import homefile
from sync.trainingset import inventory, movement, schema, timeline
from sync.trainingset.movement import Filter
from sync.wiring import Workbench

Place = str | Path | None
_FILE: Final = "sqlite:///"
_BOTH: Final = ("code", "source", "weight", "coder", "rule", "split", "label_id", "judgement_id")


def load(
    version: str = "",
    *,
    columns: Sequence[str] | None = None,
    variables: bool = False,
    home: Place = None,
    config: Place = None,
) -> pd.DataFrame:
    """The rows of a version (default: the current one), in order of text key, one per text.

    Columns: text_key, group_key, words_key, text, variables (a JSON object), code, nomenclature, source, weight,
    coder (a pseudonym), judgement_id, label_id, rule, split (train or validation), added_in. ``columns`` chooses among
    them; with ``variables=True`` each auxiliary variable is a column of its own, called ``variables.NAME`` where NAME
    is taken. ``attrs`` says which version it is, in the words by which MLflow finds it again.

    Example:
        df = trainingset.load("v12", variables=True)
        train = df[df.split == "train"]
        model.fit(train.text, train.code, sample_weight=train.weight)
        mlflow.set_tags(df.attrs)
    """
    wanted = None if columns is None else list(dict.fromkeys([*columns, *(["variables"] if variables else [])]))
    with _opened(home, config) as bench:
        found = bench.version_of(version)
        table = bench.store.read(found.tag, wanted)
    frame: pd.DataFrame = table.to_pandas() if wanted is None else table.select(wanted).to_pandas()
    if variables:
        frame = _expanded(frame, table["variables"])
    frame.attrs = {
        "trainingset": found.tag,
        "trainingset_digest": found.digest,
        "trainingset_snapshot": str(found.snapshot_id),
    }
    return frame


def diff(
    old: str, new: str, *, code: str = "", coder: str = "", home: Place = None, config: Place = None
) -> pd.DataFrame:
    """One row per text in which two versions differ, in order of text key; the former state ends in ``_before``.

    ``kind`` is added, removed, recoded, reweighted (another source or weight) or otherwise (another split, coder or
    label). ``ruled``: a rule edits it since, or no longer. ``code`` (or the beginning of one) and ``coder`` restrict.

    Example:
        trainingset.diff("v11", "v12").groupby(["kind", "code"]).size()
    """
    with _opened(home, config) as bench:
        changes = bench.store.changes(bench.version_of(old).tag, bench.version_of(new).tag)
        tables = list(movement.classified(changes, Filter(code, coder)))
    ordered = ["kind", "ruled", "text_key", "text", "variables", "nomenclature"]
    ordered += [name for one in _BOTH for name in (f"{one}_before", one)]
    if not tables:
        types: dict[str, str] = {"ruled": "bool"}
        return pd.DataFrame({name: pd.Series(dtype=types.get(name, "str")) for name in ordered})
    frame: pd.DataFrame = pa.concat_tables(tables).select(ordered).to_pandas()
    return frame


def versions(*, home: Place = None, config: Place = None) -> pd.DataFrame:
    """All versions by tag, oldest first: parent, rows, what each changed, when it was built, names, models.

    ``collected_at`` is when the files of a version went; its rows can be built again from the ledger.

    Example:
        trainingset.versions().tail()
    """
    with _opened(home, config) as bench:
        found = inventory.listed(ledger=bench.ledger, store=bench.store, name=bench.settings.trainingset.name)
    return pd.DataFrame([one.as_dict() for one in found]).set_index("tag")


def blame(text: str, *, home: Place = None, config: Place = None) -> pd.DataFrame:
    """All that made the label of a text what it is, oldest first, what was withdrawn too: declarations, questions,
    judgements, labels, edits by rules, evaluation set and gold, versions.

    ``text`` is a key, the beginning of one, or the exact wording.

    Example:
        trainingset.blame("boulangerie artisanale")
    """
    with _opened(home, config) as bench:
        found = timeline.blame(ledger=bench.ledger, store=bench.store, name=bench.settings.trainingset.name, named=text)
    return pd.DataFrame(found.as_dict()["moments"])


def of_model(model: str, *, home: Place = None, config: Place = None) -> str:
    """The tag of the version that a model learnt from, by MLflow: ``name/number``, ``name/alias``, or an alias of the
    configured model.

    Example:
        df = trainingset.load(trainingset.of_model("activity/champion"))
    """
    from sync.training import lineage

    with _opened(home, config) as bench:
        if not bench.has_registry:
            raise NotFoundError("There is no MLflow yet.", cure="Run: awb train")
        seen = lineage.of_model(bench.registry, model)
        name = bench.settings.trainingset.name
        return inventory.of_digest(ledger=bench.ledger, name=name, digest=seen.digest, tag=seen.tag)


@contextmanager
def _opened(home: Place, config: Place) -> Iterator[Workbench]:
    settings = homefile.load(_path(config, "AWB_CONFIG"), _path(home, "AWB_HOME"))
    file = settings.ledger_url.removeprefix(_FILE)
    if settings.ledger_url.startswith(_FILE) and not Path(file).is_file():
        raise NotFoundError(f"There is no ledger at {file}.", cure="Give home=, or config=, or set AWB_HOME.")
    with Workbench(settings, migrates=False) as bench:
        with bench.ledger.read() as work:
            known = bool(work.trainingsets.all(settings.trainingset.name))
        if not known:
            raise NotFoundError(
                f"The training set {settings.trainingset.name} has no version.", cure="Run: awb trainingset build"
            )
        yield bench


def _path(given: Place, variable: str) -> Path | None:
    named = given or os.environ.get(variable)
    return Path(named) if named else None


def _expanded(frame: pd.DataFrame, variables: pa.ChunkedArray) -> pd.DataFrame:
    """Each distinct object is read once: registers have some hundred of them."""
    encoded = variables.combine_chunks().dictionary_encode()
    read = pd.DataFrame([json.loads(one) for one in encoded.dictionary.to_pylist()], dtype="str")
    read.columns = [f"variables.{name}" if name in schema.ROW.names else name for name in read.columns]
    columns = read.take(encoded.indices.to_numpy()).set_axis(frame.index)
    return pd.concat([frame.drop(columns="variables"), columns], axis=1)
