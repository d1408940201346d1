"""From Label Studio to the training set exactly once, while everything breaks.

Coders work on a real Label Studio server while the commands of an office run in loops, are killed, and lose their
servers, connections and disk. When the faults are over, the same commands run once more, and what lies in Label Studio,
the ledger and the training set is compared. Long form: python -m tests.faults.chaos --kills 200 --restarts 10 --seed 1
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.faults import figures, plan, verdict
from tests.faults.coders import Coder, Finder
from tests.faults.journal import Journal
from tests.faults.loops import Killer, Loop, Watch
from tests.faults.office import Office
from tests.faults.plan import Form
from tests.faults.trouble import Trouble
from tests.parts import tinycorpus
from tests.parts.labelstudio import platform_of

PASSPHRASE = "a-long-passphrase"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``complaints`` is empty where nothing was lost and nothing doubled."""

    complaints: tuple[str, ...]
    figures: figures.Figures


def run(form: Form, folder: Path, *, tell: Tell = lambda _line: None) -> Outcome:
    with Office(folder, form) as office:
        tell("the servers are up")
        users = _prepare(office, form)
        tell(f"{len(users)} coders have joined")
        journal = Journal()
        storm = _Storm(office, form, journal, users, tell)
        storm.rage()
        tell("the faults are over")
        journal_end = time.monotonic()
        after = _finish(office, journal)
        complaints = [*storm.complaints(), *after, *_judged(office, journal)]
        told = figures.of(office, journal, form, seconds=journal_end - journal.begun, silences=storm.silences)
    return Outcome(tuple(complaints), told)


def _prepare(office: Office, form: Form) -> list[int]:
    """A campaign that has begun: coded texts, tasks on the server, and coders who have joined it; their ids there."""
    _must(office, "init")
    known = tinycorpus.write(office.folder, campaign="storm").with_name("known.csv")
    _must(office, "texts", "import", str(known), "--text", "text", "--code", "code", "--coded")
    office.draw(0)
    _must(office, "push")
    with platform_of(office.label_studio) as platform, ThreadPoolExecutor(3) as pool:
        emails = [f"coder{number}@storm.example" for number in range(form.coders)]
        return [int(one.external_id) for one in pool.map(lambda email: platform.sign_up(email, PASSPHRASE), emails)]


def _must(office: Office, *arguments: str) -> None:
    done = office.runner.start(*office.arguments(*arguments), environment=office.environment)
    code = done.wait(120)
    assert code == 0, f"{arguments} ended with {code}: {done.stderr[-2000:]}"


class _Storm:
    def __init__(self, office: Office, form: Form, journal: Journal, users: Sequence[int], tell: Tell) -> None:
        self._office, self._form, self._tell = office, form, tell
        self._over, self._stopped = threading.Event(), threading.Event()
        finder = Finder(self._tasks)
        account = office.label_studio.account
        self._coders = [
            Coder(
                number,
                user=users[number],
                url=office.label_studio.url,
                token=account.token,
                steps=steps,
                find=finder,
                journal=journal,
                given_up=self._over,
            )
            for number, steps in enumerate(plan.steps(form))
        ]
        serve = ("serve", "--register", "--port", str(office.serve_port))
        commands = {
            "push": ([("push",)], 1.0),
            "pull": ([("pull",), ("pull",), ("pull", "--full")], 1.0),
            "build": ([("trainingset", "build")], 2.0),
            "serve": ([serve], 0.2),
        }
        self._loops = [
            Loop(office, journal, name, variants, pause=pause, stopped=self._stopped)
            for name, (variants, pause) in commands.items()
        ]
        # Two at once do not mix, whatever hits them.
        self._loops += [
            Loop(office, journal, name, commands[name][0], pause=8.0, stopped=self._stopped)
            for name in ("push", "pull", "build")
        ]
        kills = plan.kills(form)
        # One for each command: a kill that waits for a command to be at work keeps no other waiting.
        self._killers = [
            Killer(self._loops, [one for one in kills if one.command == name], journal, stopped=self._over)
            for name in commands
        ]
        faults = plan.faults(form, disk=office.disk is not None)
        self._trouble = Trouble(office, faults, journal, stopped=self._over, tell=tell)
        self._watch = Watch(office.serve_port, stopped=self._stopped)
        self._said = journal.said

    def rage(self) -> None:
        for thread in (*self._coders, *self._loops, *self._killers, self._trouble, self._watch):
            thread.start()
        until = time.monotonic() + 60 * self._form.minutes
        waves = iter(range(1, self._form.waves))
        planned = sum(len(steps) for steps in plan.steps(self._form))
        while self._busy() and time.monotonic() < until:
            self._over.wait(3)
            # New tasks come as coders get on, so that there is always something to push.
            spoken = {one.step.text for one in list(self._said)}
            if len(self._office.asked.keys() - spoken) <= self._form.coders:
                wave = next(waves, None)
                if wave is not None:
                    self._draw(wave)
            kills = sum(one.done for one in self._killers)
            done = f"{kills} kills, {self._trouble.done} faults, {len(self._said)} of {planned} steps"
            self._tell(done)
        self._over.set()
        self._stopped.set()
        for thread in (*self._coders, *self._loops, *self._killers, self._trouble, self._watch):
            thread.join(300)

    def _draw(self, wave: int) -> None:
        """Straight into the ledger, whose server may be away."""
        for _ in range(60):
            try:
                return self._office.draw(wave)
            except Exception:
                time.sleep(1)
        raise TimeoutError("The database did not come back.")

    def _busy(self) -> bool:
        at_work = any(one.is_alive() for one in self._coders)
        said_enough = len(self._said) >= self._form.steps
        harmed = any(one.is_alive() for one in (*self._killers, self._trouble))
        return harmed or (at_work and not said_enough)

    def _tasks(self) -> dict[int, int]:
        numbers = self._office.task_numbers()
        asked = dict(self._office.asked)
        return {text: numbers[one.task_key] for text, one in asked.items() if one.task_key in numbers}

    @property
    def silences(self) -> list[float]:
        return self._watch.silences

    def complaints(self) -> list[str]:
        found = [f"{loop.command} hung" for loop in self._loops if loop.hung]
        alive = [one.name for one in (*self._coders, *self._loops, *self._killers, self._trouble) if one.is_alive()]
        found += [f"{name} did not end" for name in alive]
        if self._trouble.error is not None:
            found.append(f"the faults stopped: {self._trouble.error!r}")
        return found


def _judged(office: Office, journal: Journal) -> list[str]:
    found: list[str] = []
    try:
        found.extend(verdict.complaints(office, journal))
    except Exception:
        # What cannot be read is damaged; what was found before is told all the same.
        found.append(traceback.format_exc())
    return found


def _finish(office: Office, journal: Journal) -> list[str]:
    """The same commands once more, without anybody's help; what they do not manage."""
    found = []
    for proxy in office.proxies.values():
        proxy.heal()
    for name, arguments in (("push", ("push",)), ("pull", ("pull",)), ("build", ("trainingset", "build"))):
        done = office.runner.start(*office.arguments(*arguments), environment=office.environment)
        done.wait(200)
        run = journal.ran(name, done, killed=False)
        if run.code != 0:
            found.append(f"after the storm, {name} ended with {run.code}: {run.error[-1500:]}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    long = Form(
        coders=20,
        texts=700,
        waves=40,
        steps=10_000,
        kills=200,
        restarts=10,
        toxics=21,
        gap=3.0,
        pause=8.0,
        minutes=90.0,
    )
    for name, value in asdict(long).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    parser.add_argument("--to", type=Path, default=Path("chaos.json"), help="Where the figures go, as JSON.")
    parser.add_argument("--folder", type=Path, help="Where everything lies; kept. Default: a folder that goes.")
    parser.add_argument("--record", action="store_true", help="Put the figures into RESULTS.md.")
    given = vars(parser.parse_args())
    to, folder, record = given.pop("to"), given.pop("folder"), given.pop("record")
    form = replace(long, **given)
    begun = time.monotonic()
    # What was started is stopped before we go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def tell(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - begun:7.1f} s  {line}\n")

    with tempfile.TemporaryDirectory(prefix="chaos") as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        outcome = run(form, place, tell=tell)
    content = {"form": asdict(form), "complaints": outcome.complaints, **asdict(outcome.figures)}
    to.write_text(f"{json.dumps(content, indent=2)}\n")
    sys.stdout.write("\n".join([*figures.lines(outcome.figures), *outcome.complaints, ""]))
    if record:
        figures.record(outcome.figures, form, complaints=len(outcome.complaints))
    sys.exit(1 if outcome.complaints else 0)


if __name__ == "__main__":
    main()
