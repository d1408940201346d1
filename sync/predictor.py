"""The champion at work for those who wait for its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from annotation.api.backend import Dress, Suggestion
from annotation.domain.text import Normaliser
from annotation.errors import UnreachableError
from annotation.labelstudio import live
from annotation.nomenclature.nomenclature import Nomenclature
from sampling.scorer import Scorer
from sync.wiring import Workbench

PATIENCE_SECONDS: Final = 10.0
DRESSING_SECONDS: Final = 5.0
# So often is the registry asked which model is the champion.
FRESH_SECONDS: Final = 30.0
CANDIDATES: Final = 10


@dataclass(frozen=True, slots=True)
class Loaded:
    version: str
    scorer: Scorer
    normaliser: Normaliser


class ChampionPredictor:
    """Loads the champion once, and anew when another one takes its place. Safe to use from several threads.

    ``champion`` names it, ``load`` opens it, ``warm`` gets ready what else the first answer would wait for; all may be
    slow, and keep nobody waiting.
    """

    def __init__(
        self,
        *,
        champion: Callable[[], str | None],
        load: Callable[[str], tuple[Scorer, Normaliser]],
        nomenclature: Callable[[], Nomenclature],
        language: str,
        warm: Callable[[], object] | None = None,
        patience: float = PATIENCE_SECONDS,
        fresh: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._champion, self._load, self._nomenclature = champion, load, nomenclature
        self._language = language
        self._warm = warm
        self._patience, self._fresh, self._clock = patience, fresh, clock
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="champion")
        self._lock = threading.Lock()
        self._loading: Future[Loaded | None] | None = None
        self._known: Nomenclature | None = None
        self._asked_at = 0.0

    @property
    def nomenclature(self) -> Nomenclature:
        with self._lock:
            self._known = self._known or self._nomenclature()
            return self._known

    @property
    def language(self) -> str:
        return self._language

    def prepare(self) -> None:
        self._current()
        with self._lock:
            # Label Studio has everybody get ready before each of its questions.
            warm, self._warm = self._warm, None
        if warm:
            threading.Thread(target=warm, daemon=True).start()

    def suggest(self, texts: Sequence[str]) -> list[Suggestion]:
        nothing = Suggestion((), ())
        if not texts:
            return []
        try:
            loaded = self._current().result(timeout=self._patience)
        except TimeoutError as error:
            raise UnreachableError(
                "The champion is still being loaded.", cure="Open the task again in a moment."
            ) from error
        if loaded is None:
            return [nothing] * len(texts)
        scores = loaded.scorer.score([loaded.normaliser.line(text, {}) for text in texts], k=CANDIDATES)
        known = self.nomenclature
        found = []
        for row in range(len(texts)):
            ranked = zip(scores.codes[row], scores.probabilities[row], strict=True) if scores.known[row] > 0 else ()
            kept = [(str(code), float(share)) for code, share in ranked if code in known and known[code].leaf]
            found.append(Suggestion(tuple(code for code, _ in kept), tuple(share for _, share in kept)))
        return found

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _current(self) -> Future[Loaded | None]:
        """The champion, or the one before while the next is loaded."""
        with self._lock:
            now = self._clock()
            settled = self._loading is not None and self._loading.done()
            if self._loading is None or (settled and now - self._asked_at >= self._fresh):
                before = self._loading
                self._asked_at = now
                if before is None or before.exception() is not None or before.result() is None:
                    self._loading = self._worker.submit(self._reload, None)
                else:
                    self._worker.submit(self._replace, before.result())
            return self._loading  # type: ignore[return-value]

    def _reload(self, before: Loaded | None) -> Loaded | None:
        version = self._champion()
        if version is None or (before is not None and before.version == version):
            return before
        return Loaded(version, *self._load(version))

    def _replace(self, before: Loaded | None) -> None:
        after: Future[Loaded | None] = Future()
        after.set_result(self._reload(before))
        with self._lock:
            self._loading = after


def of(bench: Workbench, *, dresses: bool) -> ChampionPredictor:
    """The champion of the registry, in the nomenclature of the configured campaign; ``dresses``: see ``dresser``."""
    return ChampionPredictor(
        champion=bench.champion,
        load=bench.load,
        nomenclature=lambda: bench.nomenclature,
        language=bench.settings.campaign.language,
        # The client of Label Studio takes seconds to import.
        warm=(lambda: bench.platform.check()) if dresses else None,
    )


def dresser(bench: Workbench) -> Dress:
    """Writes the data of a task into Label Studio, which may be too busy with its question to us to take them in."""
    workers = ThreadPoolExecutor(2, thread_name_prefix="dress")

    def dress(task: int, data: Mapping[str, Any]) -> None:
        written = workers.submit(lambda: live.dress(bench.platform.session, task=task, data=data))
        try:
            written.result(timeout=DRESSING_SECONDS)
        except TimeoutError as error:
            raise UnreachableError(
                "Label Studio does not take the candidates in.", cure="Open the task again."
            ) from error

    return dress
