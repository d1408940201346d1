"""The model as others load it from MLflow: with mlflow, fasttext, pandas and snowballstemmer, without this project.

MLflow copies this file beside the model and runs it at loading (models from code). Input: a column ``text`` and one
column per auxiliary variable, which may be left out. Output, in the order of the input: ``code``, empty where the text
is not codable; ``probability`` of that code; ``margin``, p1 - p2, the confidence index; ``codable``, false where
nothing is left of the text after cleaning, and the figures then are 0; ``codes`` and ``probabilities``, lists of the
best five in parallel, most probable first, empty where the text is not codable.

Models of other kinds that are to be scored and drawn from by this program have the same signature; the two lists they
may leave out.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fasttext
import mlflow.models
import mlflow.pyfunc
import pandas as pd

_CODES = 5
_COLUMNS = ["code", "probability", "margin", "codable", "codes", "probabilities"]
_NO_ANSWER: tuple[str, float, float, bool, list[str], list[float]] = ("", 0.0, 0.0, False, [], [])


class FastTextCoder(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def load_context(self, context: Any) -> None:
        text = _cleaning_module(Path(context.artifacts["cleaning"]))
        self._normaliser = text.Normaliser.from_json(Path(context.artifacts["normaliser"]).read_text(encoding="utf-8"))
        self._model = fasttext.load_model(context.artifacts["model"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        rows = model_input.astype(object).where(model_input.notna(), "").to_dict("records")
        texts = [str(row.get("text", "")) for row in rows]
        lines = [
            self._normaliser.line(text, {name: str(row.get(name, "")) for name in self._normaliser.variables})
            for text, row in zip(texts, rows, strict=True)
        ]
        answers = [
            _answer(labels, probabilities) if self._normaliser.clean(text) else _NO_ANSWER
            for text, labels, probabilities in zip(texts, *self._model.predict(lines, k=_CODES), strict=True)
        ]
        return pd.DataFrame(answers, columns=_COLUMNS, index=model_input.index)


def _answer(labels: Any, probabilities: Any) -> tuple[str, float, float, bool, list[str], list[float]]:
    if not labels:
        return _NO_ANSWER
    ranked = [min(float(value), 1.0) for value in probabilities]
    first, second = (*ranked, 0.0)[:2]
    codes = [unquote(label.removeprefix("__label__")) for label in labels]
    return codes[0], first, first - second, True, codes, ranked


def _cleaning_module(folder: Path) -> Any:
    """The cleaning that was copied into the model, under a name of its own.

    Not by ``code_paths``: these go first on ``sys.path`` for the whole process, where the copy would hide the installed
    package or another model's copy.
    """
    content = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    name = f"fasttext_coder_{hashlib.sha256(content).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"no cleaning code in {folder}")
        package = importlib.util.module_from_spec(spec)
        sys.modules[name] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"{name}.text")


mlflow.models.set_model(FastTextCoder())
