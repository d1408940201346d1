"""Made-up input in large numbers; what breaks is a defect, and the run says so.

    python -m tests.benchmarks.fuzzing --minutes 10 [--atheris PYTHON]

``PYTHON`` is an interpreter that has Atheris and the project's dependencies; without it that part is left out.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from tests.benchmarks import results

HERE = Path(__file__).resolve().parents[1]
# Runs in a minute on one quiet core.
GUIDED = {
    "results_parsing": 350_000, "codes": 300_000, "normaliser": 250_000, "tasks": 60_000, "settings": 20_000,
    "webhooks": 20_000, "tables": 8_000, "correspondences": 8_000, "workbooks": 8_000,
}  # fmt: skip


def guided(python: str, share: float) -> list[list[object]]:
    rows: list[list[object]] = []
    script = HERE / "generative" / "coverage_guided.py"
    for target, runs in GUIDED.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [python, str(script), target, str(max(1000, int(runs * share)))]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        number = re.search(r"Done (\d+) runs", done.stderr)
        rows.append(["Atheris", target, int(number[1]) if number else 0, 0 if done.returncode == 0 else 1])
    return rows


def generated(seconds: float) -> list[list[object]]:
    os.environ["AWB_EXAMPLES"] = "2000"
    from tests.generative import test_bad_input

    tests = [getattr(test_bad_input, name) for name in dir(test_bad_input) if name.startswith("test_")]
    faults: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for test in tests:
            before = Counter(test_bad_input.tried)
            try:
                test()
            except Exception as error:
                (changed,) = (test_bad_input.tried - before).keys()
                faults[changed] += 1
                sys.stderr.write(f"{changed}: {error!r}\n")
    return [["Hypothesis", name, number, faults[name]] for name, number in sorted(test_bad_input.tried.items())]


def requested(examples: int) -> list[list[object]]:
    from tests.parts import api_requests, filled_ledger

    ledger = filled_ledger.empty_ledger(Path(tempfile.mkdtemp()))
    filled_ledger.fill(ledger)
    sent, faults = api_requests.ask(ledger, examples=examples)
    sys.stderr.write("\n".join(faults))
    return [["Schemathesis", f"{len(sent)} routes of the API", sum(sent.values()), len(faults)]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--atheris", default="")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = generated(given.minutes * 20)
    rows += requested(max(5, int(given.minutes * 10)))
    if given.atheris:
        rows += guided(given.atheris, given.minutes / 10)
    results.record(
        "Made-up input",
        command=f"python -m tests.benchmarks.fuzzing --minutes {given.minutes:g} --atheris PYTHON",
        columns=["by", "what", "inputs", "defects left"],
        rows=rows,
        note="An input is a defect when an error comes that is none of ours, an answer is a server error or not as the "
        "API's schema says, or what was written does not read back.",
    )


if __name__ == "__main__":
    main()
