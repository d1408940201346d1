"""The file that declares the rules of a build."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from annotation.domain.label import Source
from annotation.domain.text import Normaliser
from annotation.errors import InvalidInputError
from annotation.nomenclature.nomenclature import Nomenclature
from sync.storage import Storage
from sync.trainingset.rules import Pattern, Rule, When


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _When(_Strict):
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    variables: dict[str, tuple[str, ...]] = {}
    sources: tuple[Source, ...] = ()


class _Rule(_Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    evidence: Annotated[str, Field(min_length=10)]
    when: _When
    code: str = ""
    exclude: bool = False
    begins_on: date | None = Field(None, alias="from")
    expires_on: date | None = None

    @model_validator(mode="after")
    def _edits_in_one_way(self) -> Self:
        if bool(self.code) == self.exclude:
            raise ValueError("give it either code or exclude = true")
        if self.begins_on and self.expires_on and self.begins_on > self.expires_on:
            raise ValueError("it expires before it begins")
        return self


class _File(_Strict):
    rules: tuple[_Rule, ...] = ()


def read(*, storage: Storage, path: str, nomenclature: Nomenclature, normaliser: Normaliser) -> tuple[Rule, ...]:
    """The rules in the file's order, their codes as the nomenclature writes them.

    Raises InvalidInputError that names the file, the rule, what is wrong with it and the cure.
    """
    rules = tuple(_rule(path, one, nomenclature) for one in _parsed(path, storage.read(path)).rules)
    for place, rule in enumerate(rules):
        _require_unique(path, rule, rules[:place])
        _require_sense(path, rule, normaliser)
    return rules


def _parsed(path: str, content: bytes) -> _File:
    try:
        values = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} is no TOML: {error}.", cure="Mend that line.") from error
    try:
        return _File.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(
            f"{path}: {'; '.join(_fault(values, one) for one in error.errors())}.",
            cure="A rule has id, evidence, when, and either code or exclude = true.",
        ) from error


def _fault(values: dict[str, Any], error: ErrorDetails) -> str:
    place = list(error["loc"])
    if len(place) < 2 or place[0] != "rules":
        return f"{'.'.join(map(str, place))}: {error['msg']}"
    number = int(place[1])
    rule = values["rules"][number]
    name = rule.get("id", "") if isinstance(rule, dict) else ""
    where = ".".join(map(str, place[2:]))
    return f"rule {name or number + 1}: {f'{where}: ' if where else ''}{error['msg']}"


def _rule(path: str, read: _Rule, nomenclature: Nomenclature) -> Rule:
    return Rule(
        id=read.id,
        evidence=read.evidence,
        when=When(
            codes=tuple(_code(path, read.id, code, nomenclature, leaf=False) for code in read.when.codes),
            words=read.when.words,
            variables=read.when.variables,
            sources=tuple(source.value for source in read.when.sources),
        ),
        code=_code(path, read.id, read.code, nomenclature, leaf=True) if read.code else None,
        begins_on=read.begins_on,
        expires_on=read.expires_on,
    )


def _code(path: str, rule: str, raw: str, nomenclature: Nomenclature, *, leaf: bool) -> str:
    try:
        return nomenclature.parse(raw, leaf=leaf)
    except InvalidInputError as error:
        raise InvalidInputError(f"{path}, rule {rule}: {error.message}", cure=error.cure) from error


def _require_unique(path: str, rule: Rule, before: Sequence[Rule]) -> None:
    if any(rule.id == other.id for other in before):
        raise InvalidInputError(f"{path}: there are two rules {rule.id}.", cure="Give each rule an id of its own.")


def _require_sense(path: str, rule: Rule, normaliser: Normaliser) -> None:
    if rule.when.is_empty:
        raise InvalidInputError(
            f"{path}, rule {rule.id}: it would edit every label.", cure="Say under `when` which labels it is about."
        )
    for words in rule.when.words:
        if Pattern(words, normaliser).is_empty:
            raise InvalidInputError(
                f"{path}, rule {rule.id}: nothing is left of the words {words!r} after cleaning.",
                cure="Name words that the model reads; stop words and phrases without meaning are deleted.",
            )
