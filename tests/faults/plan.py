"""What is to happen in a run, from its form alone: who says what, which command is killed, which server falls."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from tests.parts.tinycorpus import CODES
from tests.parts.toxic_proxy import Toxic

LABEL_STUDIO, STORAGE, DATABASE = "Label Studio", "S3", "PostgreSQL"
PARTS = (LABEL_STUDIO, STORAGE, DATABASE)
COMMANDS = ("push", "pull", "build", "serve")
# No nomenclature has it: what bears it is to be quarantined.
UNKNOWN_CODE = "Z9"

WAYS_TO_STOP = {
    LABEL_STUDIO: ("terminated", "killed"),
    STORAGE: ("terminated", "killed"),
    DATABASE: ("fast", "immediate", "killed"),
}
TOXICS = {
    "latency": Toxic(latency=0.15),
    "slow line": Toxic(rate=20_000),
    "answer lost": Toxic(cut_after=0),
    "answer cut": Toxic(cut_after=1500),
    "half-open": Toxic(silent=True),
    "refused": Toxic(refuses=True),
    "reset": Toxic(),
}


@dataclass(frozen=True, slots=True)
class Form:
    """``restarts`` are of each server, ``toxics`` of the connections to each; ``gap`` is between kills, in seconds.

    Once the kills and faults are over, coders go on until they have taken ``steps`` of their steps. After so many
    ``minutes`` the storm ends, come how far it may.
    """

    seed: int = 1
    coders: int = 8
    texts: int = 110
    waves: int = 6
    steps: int = 120
    kills: int = 15
    restarts: int = 1
    toxics: int = 3
    gap: float = 2.0
    pause: float = 0.8
    minutes: float = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """``text`` is a number; ``pause`` comes before, in seconds. The same ``unique_id`` is the same annotation."""

    action: str
    text: int
    code: str
    unique_id: str
    pause: float


@dataclass(frozen=True, slots=True)
class Kill:
    """``share`` of the command's usual duration after its start."""

    command: str
    share: float
    gap: float


@dataclass(frozen=True, slots=True)
class Fault:
    """``how`` names a way to stop the part, or a toxic; or the disk is full. It lasts ``seconds``."""

    kind: str
    part: str
    how: str
    seconds: float
    gap: float


def steps(form: Form) -> list[list[Step]]:
    """By coder, in order: each text is answered, some twice, some answers are edited, taken back or sent again."""
    chance = random.Random(f"steps/{form.seed}")
    timed: list[list[tuple[float, Step]]] = [[] for _ in range(form.coders)]
    for text in range(form.texts):
        first, second = chance.sample(range(form.coders), 2)
        for coder, place in ((first, text), (second, text + chance.uniform(0, 40))):
            if coder == first or chance.random() < 0.18:
                said = _said(chance, form, text, coder)
                timed[coder] += [(place + number * chance.uniform(1, 15), step) for number, step in enumerate(said)]
    return [[step for _, step in sorted(each, key=lambda one: one[0])] for each in timed]


def _said(chance: random.Random, form: Form, text: int, coder: int) -> Iterator[Step]:
    """What one coder does with one text."""
    unique = str(uuid5(NAMESPACE_URL, f"{form.seed}/{text}/{coder}"))

    def step(action: str, code: str = "") -> Step:
        pause = chance.uniform(0, 2 * form.pause)
        return Step(action, text, code or chance.choice(sorted(CODES)), unique, pause)

    first = chance.random()
    yield step("skip") if first < 0.06 else step("answer", UNKNOWN_CODE if first > 0.97 else "")
    if chance.random() < 0.12:
        yield step("repeat")
    if chance.random() < 0.30:
        yield step("edit")
    if chance.random() < 0.10:
        yield step("edit")
    last = chance.random()
    if last < 0.10:
        yield step("delete")
    elif last < 0.15:
        yield step("undo")
    elif last < 0.18:
        yield step("delete task")


def kills(form: Form) -> list[Kill]:
    """Every command is killed, serve less often than the others."""
    chance = random.Random(f"kills/{form.seed}")
    chosen = [COMMANDS[number % len(COMMANDS)] for number in range(min(form.kills, len(COMMANDS)))]
    chosen += chance.choices(COMMANDS, weights=(4, 4, 4, 1), k=form.kills - len(chosen))
    chance.shuffle(chosen)
    return [Kill(one, chance.uniform(0, 1.05), chance.uniform(0, 2 * form.gap)) for one in chosen]


def faults(form: Form, *, disk: bool) -> list[Fault]:
    """Restarts and toxics of all parts, mixed; ``disk``: one that can be filled is under the storage."""
    chance = random.Random(f"faults/{form.seed}")
    found = []
    for part in PARTS:
        ways, toxics = WAYS_TO_STOP[part], chance.sample(sorted(TOXICS), len(TOXICS))
        first = chance.randrange(len(ways))
        found += [("restart", part, ways[(first + number) % len(ways)]) for number in range(form.restarts)]
        found += [("toxic", part, toxics[number % len(toxics)]) for number in range(form.toxics)]
    found += [("disk full", STORAGE, "full")] * disk
    chance.shuffle(found)
    return [Fault(*one, chance.uniform(0.5, 4), chance.uniform(0, 2 * form.gap)) for one in found]
