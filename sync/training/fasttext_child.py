"""Trains one fastText model; run as a program of its own with the path of a job file.

In a process of its own because the library leaves most of the input matrix as it finds the memory, because it can only
be stopped by ending its process, and because it may crash. Imports nothing of the project, so that it runs by its path.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import fasttext
import numpy as np

NOT_A_NUMBER = 42


def train(job: dict[str, Any]) -> int:
    """The exit code."""
    try:
        model = fasttext.train_supervised(input=job["input"], verbose=2, **job["arguments"])
    except RuntimeError as error:
        if "NaN" in str(error):
            return NOT_A_NUMBER
        raise
    if not np.isfinite(model.get_output_matrix()).all():
        return NOT_A_NUMBER
    model.save_model(job["output"])
    return 0


if __name__ == "__main__":
    sys.exit(train(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
