"""A dozen codes and 300 wordings of them, written into a folder with settings that read them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

CODES = {
    "A1": ("boulangerie", "Baking of bread"),
    "A2": ("menuiserie", "Joinery"),
    "A3": ("plomberie", "Plumbing"),
    "B1": ("coiffure", "Hairdressing"),
    "B2": ("esthétique", "Beauty care"),
    "B3": ("massage", "Wellbeing"),
    "C1": ("taxi", "Taxis"),
    "C2": ("transport marchandises", "Freight"),
    "C3": ("déménagement", "Removals"),
    "D1": ("restaurant", "Restaurants"),
    "D2": ("traiteur", "Catering"),
    "D3": ("débit boissons", "Bars"),
}
ADDED = (
    "artisanale",
    "à domicile",
    "en centre ville",
    "familiale",
    "générale",
    "bio",
    "rapide",
    "de luxe",
    "ambulante",
)
TEXTS = 300
KNOWN = 120
TASKS = {"audit": 40, "uncertain": 30, "drifting": 0}


def write(folder: Path, *, campaign: str, coders: int = 0) -> Path:
    """The settings file, beside ``codes.csv``, ``known.csv``, ``arriving.csv`` and ``truth.csv``."""
    rows = declarations()
    _csv(folder / "codes.csv", "code,title", [(code, title) for code, (_, title) in CODES.items()])
    _csv(folder / "known.csv", "text,code", rows[:KNOWN])
    _csv(folder / "arriving.csv", "text", [(text,) for text, _ in rows[KNOWN:]])
    _csv(folder / "truth.csv", "text,code", rows)
    settings = f"""
        [campaign]
        key = "{campaign}"
        title = "Campaign {campaign}"
        nomenclature = "flat"
        [[nomenclatures]]
        key = "flat"
        path = "codes.csv"
        [[intake]]
        path = "known.csv"
        source = "known"
        text = "text"
        code = "code"
        coded = true
        [[intake]]
        path = "arriving.csv"
        source = "arriving"
        text = "text"
        [simulate]
        truth_path = "truth.csv"
        coders = {coders}
        [draw]
        audit = {TASKS["audit"]}
        uncertain = {TASKS["uncertain"]}
        drifting = {TASKS["drifting"]}
        rare = 0
        disagreement = 0
        candidates = 4
        [mlflow]
        experiment = "{campaign}"
        [training]
        model = "{campaign}"
        [training.fasttext]
        dim = 10
        epoch = 20
        bucket = 2000
    """
    path = folder / "awb.toml"
    path.write_text("\n".join(line.strip() for line in settings.splitlines()))
    return path


def declarations() -> list[tuple[str, str]]:
    """Texts with their codes, every wording once; the same at each call."""
    chance = random.Random(7)
    made: dict[str, str] = {}
    while len(made) < TEXTS:
        code = chance.choice(sorted(CODES))
        made[f"{CODES[code][0]} {' '.join(chance.sample(ADDED, chance.randint(1, 3)))}"] = code
    return list(made.items())


def _csv(path: Path, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    path.write_text("".join(f"{line}\n" for line in [header, *map(",".join, rows)]))
