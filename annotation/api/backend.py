"""A model behind Label Studio's protocol for ML backends: it asks when somebody opens a task without a prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol

import structlog
from fastapi import APIRouter, Depends
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel, Field

from annotation.api import access
from annotation.api.access import UnauthorisedError
from annotation.api.representations import Problem
from annotation.errors import InstallationError, WorkbenchError
from annotation.labelstudio import live, payload
from annotation.nomenclature.nomenclature import Nomenclature

PATH: Final = "/ml"
# Label Studio writes some nine tasks a second, and waits a hundred seconds for our answer.
_MOST_DRESSED: Final = 100
_MOST_TASKS: Final = 20_000
_BASIC: Final = HTTPBasic(auto_error=False, description="`serve.ml_user` and `serve.ml_password`.")

# Writes the data of a task; from here to Label Studio, while it waits for our answer.
Dress = Callable[[int, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Ranked codes of the nomenclature with their probabilities; none for a text of which the model knows no word."""

    codes: tuple[str, ...]
    probabilities: tuple[float, ...]


class Predictor(Protocol):
    """The model in production. Safe to use from several threads."""

    @property
    def nomenclature(self) -> Nomenclature: ...

    @property
    def language(self) -> str: ...

    def prepare(self) -> None:
        """Begin to load the model, and return at once."""
        ...

    def suggest(self, texts: Sequence[str]) -> list[Suggestion]:
        """In the order of the texts. UnreachableError when it takes too long."""
        ...


class AskedTask(BaseModel):
    id: int
    data: dict[str, Any] = Field(default_factory=dict)


class Asked(BaseModel):
    tasks: Annotated[list[AskedTask], Field(max_length=_MOST_TASKS)]
    label_config: str = ""


class Ready(BaseModel):
    status: str = "UP"
    model_class: str = "annotation-workbench"


class Version(BaseModel):
    """Predictions of all our models bear one name: Label Studio shows those of one model version per project."""

    model_version: str = payload.MODEL_VERSION


class Versions(BaseModel):
    versions: list[str] = [payload.MODEL_VERSION]


class Predicted(BaseModel):
    """One list of predictions per task, in their order."""

    results: list[list[dict[str, Any]]]


class Ignored(BaseModel):
    status: str = "ignored"


@dataclass(frozen=True, slots=True)
class Key:
    """Without a password the backend is closed."""

    user: str
    password: str | None

    def check(self, given: Annotated[HTTPBasicCredentials | None, Depends(_BASIC)]) -> None:
        if not self.password:
            raise InstallationError(
                "This server has no password for Label Studio's ML backend, which is closed therefore.",
                cure="Set AWB_SERVE__ML_PASSWORD, or name a file in serve.ml_password_file, and start it again.",
            )
        right = given is not None and access.equal(given.username, self.user)
        if given is None or not (access.equal(given.password, self.password) and right):
            raise UnauthorisedError(
                "User and password of the ML backend are missing or wrong.",
                cure="Connect it with basic authentication: serve.ml_user and serve.ml_password.",
            )


def router(*, predictor: Predictor | None, key: Key, dress: Dress | None = None) -> APIRouter:
    """The protocol's routes. Without ``dress``, tasks without candidates get a prediction in the tree of codes."""
    answers: dict[int | str, dict[str, Any]] = {
        401: {"model": Problem, "description": "Wrong or missing user or password"},
        503: {"model": Problem, "description": "No password is configured, or the model takes too long"},
    }
    routes = APIRouter(prefix=PATH, tags=["ML backend"], dependencies=[Depends(key.check)], responses=answers)

    @routes.get("/health", summary="Tell that the backend is there")
    def health() -> Ready:
        return Ready()

    @routes.post("/setup", summary="Get ready for a project")
    def setup() -> Version:
        """Begins to load the champion. What Label Studio sends is not read: a user's token stands in it."""
        if predictor:
            predictor.prepare()
        return Version()

    @routes.get("/versions", summary="The versions to choose from")
    def versions() -> Versions:
        return Versions()

    @routes.post("/predict", summary="Code tasks that were made by hand")
    def predict(asked: Asked) -> Predicted:
        """Tasks that the workbench pushed get none: they bring what they may show, and may be blind on purpose."""
        if predictor is None or not live.speaks(asked.label_config, predictor.nomenclature):
            return Predicted(results=[[] for _ in asked.tasks])
        return Predicted(
            results=_predicted(asked.tasks, predictor, dress if len(asked.tasks) <= _MOST_DRESSED else None)
        )

    @routes.post("/webhook", summary="Take an event, and do nothing")
    def webhook() -> Ignored:
        """When to train is the turn's decision; what coders did is found by the pull."""
        return Ignored()

    return routes


def _predicted(tasks: Sequence[AskedTask], predictor: Predictor, dress: Dress | None) -> list[list[dict[str, Any]]]:
    texts = [live.text_of(task.data) for task in tasks]
    wanted = [number for number, text in enumerate(texts) if text]
    suggested = predictor.suggest([texts[number] for number in wanted])
    coded = {number: one for number, one in zip(wanted, suggested, strict=True) if one.codes}
    data = _dressed({number: tasks[number] for number in coded}, coded, predictor, dress)
    found: list[list[dict[str, Any]]] = [[] for _ in tasks]
    for number, one in coded.items():
        found[number] = [live.prediction(data[number], one.codes, one.probabilities, predictor.nomenclature)]
    return found


def _dressed(
    tasks: Mapping[int, AskedTask], suggested: Mapping[int, Suggestion], predictor: Predictor, dress: Dress | None
) -> dict[int, Mapping[str, Any]]:
    """The tasks' data as they are now: what Label Studio does not take is left, and so are those that follow."""
    found: dict[int, Mapping[str, Any]] = {number: task.data for number, task in tasks.items()}
    for number, task in tasks.items() if dress else ():
        codes = suggested[number].codes
        data = live.dressed(task.data, codes, predictor.nomenclature, language=predictor.language)
        if dress is None or data is None:
            continue
        try:
            dress(task.id, data)
        except WorkbenchError as error:
            structlog.get_logger().warning("tasks stay without candidates", task=task.id, reason=error.message)
            break
        found[number] = data
    return found
