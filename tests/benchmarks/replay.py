"""Labels saved by the default strategy and by plain margin, which other tools call breaking ties, against random.

Run as ``python -m tests.benchmarks.replay``. It takes an hour or more; stopped, it goes on from ``--home``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from annotation import terminal
from sampling import wiring
from sampling.replay import curves
from sampling.replay.replay import Replay
from sampling.settings import ReplaySettings
from sync.settings import Settings
from sync.wiring import Workbench
from tests.benchmarks import results

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SETS = {
    "banking77": ("banking77/train.csv", "text", "category"),
    "uksic": ("uksic/uksic_alphabetical_index_dual_2003_2007.csv", "activity", "sic2007"),
    "coicop": ("coicop/tickets_application_min.csv", "product", "Code coicop"),
}
STRATEGIES = ("random", "margin", "margin_covering")
COLUMNS = (
    "texts",
    "strategy",
    "accuracy mid",
    "accuracy end",
    "macro-F1 end",
    "worst step / random",
    "saved mid",
    "saved end",
    "95 % interval",
    "default",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".awb-replay"))
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    settings = ReplaySettings(strategies=STRATEGIES, seeds=given.seeds, workers=given.workers)
    rows = []
    with Workbench(Settings(home=given.home)) as bench:
        for name in given.sets:
            path, text, code = SETS[name]
            with terminal.counting(name) as on_progress:
                played = wiring.replay(
                    bench, str(DATA / path), text=text, code=code, settings=settings, on_progress=on_progress
                )
            rows += _rows(name, played)
    results.record(
        "Replay",
        command=f"python -m tests.benchmarks.replay --sets {' '.join(given.sets)} --seeds {given.seeds}",
        columns=COLUMNS,
        rows=rows,
        note=f"fastText as `awb train` configures it; {given.seeds} seeds, each with a fifth of the texts set aside;"
        " 6 % of the rest labelled at random, then 6 % at a time until 60 %. Saved is the share of random's labels that"
        " are not needed for the accuracy that random reaches half-way and at the end, the interval that of the end"
        " (jackknife over seeds). Plain margin is what small-text's BreakingTies and modAL's margin sampling choose.",
    )


def _rows(name: str, played: Replay) -> list[list[str]]:
    random = curves.mean(played.played["random"])
    rows = []
    for strategy, plays in played.played.items():
        curve, saved = curves.mean(plays), played.savings[strategy]
        worst = min(ours.accuracy / theirs.accuracy for ours, theirs in zip(curve, random, strict=True))
        rows.append(
            [
                name,
                strategy,
                _percent(curve[len(curve) // 2].accuracy),
                _percent(curve[-1].accuracy),
                _percent(curve[-1].macro_f1),
                f"{worst:.3f}",
                _percent(saved.mid),
                _percent(saved.end),
                "" if saved.low is None or saved.high is None else f"{_percent(saved.low)} to {_percent(saved.high)}",
                "yes" if played.choice.strategy == strategy else "",
            ]
        )
    return rows


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
