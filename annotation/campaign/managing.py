"""What a lead does with a campaign: create, pause, resume, extend, close, set its policy, enrol people.

Every function works within the caller's transaction, so that the caller's note of who did it is written with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from annotation.domain.campaign import Campaign
from annotation.domain.policy import Policy
from annotation.domain.team import Enrolment, Standing
from annotation.errors import ConflictError, InvalidInputError, NotFoundError
from annotation.ledger.unit_of_work import UnitOfWork

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LANGUAGES = ("fr", "en")
_POLICY = TypeAdapter(Policy)


@dataclass(frozen=True, slots=True)
class Managed:
    """The campaign as it stands; ``before`` and ``after`` hold the values that changed, by name."""

    campaign: Campaign
    policy: Policy
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def changed(self) -> bool:
        return bool(self.after)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field: a sentence, and for those who translate it a kind with its limit."""

    message: str
    kind: str
    limit: str = ""


class InvalidFieldsError(InvalidInputError):
    """``faults`` are by field."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        told = "; ".join(f"{name}: {fault.message}" for name, fault in faults.items())
        super().__init__(f"{told}.", cure=f"The fields are {', '.join(one.name for one in fields(Policy))}.")
        self.faults = faults


def create(work: UnitOfWork, campaign: Campaign, *, policy: Policy | None = None, by: str, now: datetime) -> Managed:
    """A new campaign. ConflictError for a key that is taken, NotFoundError for a nomenclature that is not there."""
    faults = {}
    if not _KEY.fullmatch(campaign.key):
        faults["key"] = Fault("letters, digits, dots, hyphens; 40 at most", "key")
    if not campaign.title.strip():
        faults["title"] = Fault("must not be empty", "missing")
    if campaign.language not in _LANGUAGES:
        faults["language"] = Fault("fr or en", "choice", ", ".join(_LANGUAGES))
    if faults:
        raise InvalidFieldsError(faults)
    work.nomenclatures.get(campaign.nomenclature)
    if any(one.key == campaign.key for one in work.campaigns.all()):
        raise ConflictError(f"There is a campaign {campaign.key} already.", cure="Give another key.")
    work.campaigns.add(campaign)
    work.events.add("campaign", campaign.key, now=now)
    if policy is not None:
        work.policies.set(campaign.key, policy, by=by, now=now)
    stored = work.campaigns.get(campaign.key)
    after = {name: value for name, value in asdict(stored).items() if isinstance(value, str)}
    return Managed(stored, work.policies.current(campaign.key), {}, after)


def pause(work: UnitOfWork, campaign_key: str, *, by: str, now: datetime) -> Managed:
    """Nothing is handed out any more; what was handed out can be answered, and is pulled."""
    return revise(work, campaign_key, {"paused": True}, by=by, now=now)


def resume(work: UnitOfWork, campaign_key: str, *, by: str, now: datetime) -> Managed:
    return revise(work, campaign_key, {"paused": False}, by=by, now=now)


def extend(work: UnitOfWork, campaign_key: str, *, ends_on: date, by: str, now: datetime) -> Managed:
    """Let the campaign go on to a later day. InvalidFieldsError where it is past, or before the end already set."""
    former = work.policies.current(campaign_key).ends_on
    earliest = max(now.date(), former) if former else now.date()
    if ends_on < earliest:
        raise InvalidFieldsError({"ends_on": Fault(f"{earliest} or later", "date_low", earliest.isoformat())})
    return revise(work, campaign_key, {"ends_on": ends_on}, by=by, now=now)


def close(work: UnitOfWork, campaign_key: str, *, now: datetime) -> Managed:
    """For good: nothing is drawn or pushed any more; what was judged stays and can still be pulled."""
    before = work.campaigns.get(campaign_key)
    after = work.campaigns.close(campaign_key, now=now)
    changed = {} if before.closed_at else {"closed_at": after.closed_at}
    return Managed(after, work.policies.current(campaign_key), dict.fromkeys(changed), changed)


def revise(work: UnitOfWork, campaign_key: str, values: Mapping[str, Any], *, by: str, now: datetime) -> Managed:
    """The policy in force with ``values`` in it: as they are, or as text, where lists are separated by commas.

    InvalidFieldsError names each field that cannot be taken, and nothing is then written. ConflictError: closed.
    """
    campaign, former = _open(work, campaign_key), work.policies.current(campaign_key)
    policy = parse(values, former)
    work.policies.set(campaign_key, policy, by=by, now=now)
    old, new = _POLICY.dump_python(former, mode="json"), _POLICY.dump_python(policy, mode="json")
    changed = {name: value for name, value in new.items() if old[name] != value}
    return Managed(campaign, policy, {name: old[name] for name in changed}, changed)


def parse(values: Mapping[str, Any], former: Policy | None = None) -> Policy:
    """``former`` (the default policy) with ``values`` in it, read as ``revise`` does."""
    names = {one.name for one in fields(Policy)}
    if unknown := sorted(set(values) - names):
        raise InvalidFieldsError({name: Fault("is no field of the policy", "unknown") for name in unknown})
    given = {name: _read(name, value) for name, value in values.items()}
    try:
        policy = _POLICY.validate_python(asdict(former or Policy()) | given)
    except ValidationError as error:
        raise InvalidFieldsError({str(one["loc"][0]): _fault(one) for one in reversed(error.errors())}) from error
    endless = [name for name, value in asdict(policy).items() if isinstance(value, float) and not math.isfinite(value)]
    if endless:
        raise InvalidFieldsError({name: Fault("must be a finite number", "float") for name in endless})
    return policy


def enrol(
    work: UnitOfWork,
    campaign_key: str,
    *,
    coder: str,
    state: Standing,
    arbiter: bool = False,
    skills: Sequence[str] = (),
    reason: str = "",
    now: datetime,
) -> Enrolment:
    """Take a coder into the campaign, or change what they do in it. ``skills`` are codes of any level.

    NotFoundError: no such pseudonym. UnknownCodeError: a skill that the nomenclature does not have.
    """
    campaign = _open(work, campaign_key)
    if coder not in work.coders.pseudonyms():
        raise NotFoundError(f"Nobody is known as {coder}.", cure="A coder is known once the platform told of them.")
    nomenclature = work.nomenclatures.get(campaign.nomenclature)
    at_home = tuple(dict.fromkeys(nomenclature.parse(one) for one in skills))
    enrolment = Enrolment(campaign_key, coder, state, now, arbiter=arbiter, skills=at_home, reason=reason.strip())
    work.enrolments.record(enrolment)
    return work.enrolments.current(campaign_key)[coder]


def stand(
    work: UnitOfWork, campaign_key: str, *, coder: str, state: Standing, reason: str = "", now: datetime
) -> Enrolment:
    """Change the standing of an enrolled coder and leave the rest. NotFoundError: not enrolled."""
    _open(work, campaign_key)
    before = work.enrolments.current(campaign_key).get(coder)
    if before is None:
        raise NotFoundError(
            f"{coder} is not enrolled in {campaign_key}.",
            cure=f"Enrol them first: awb coder add {coder} --campaign {campaign_key}",
        )
    work.enrolments.record(replace(before, state=state, reason=reason.strip(), enrolled_at=now))
    return work.enrolments.current(campaign_key)[coder]


def day(text: str) -> date:
    """From ISO 8601. InvalidFieldsError for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidFieldsError({"ends_on": Fault("write a day like 2026-12-31", "date")}) from error


def words(text: str) -> tuple[str, ...]:
    """What commas, semicolons and blanks separate."""
    return tuple(part for part in re.split(r"[,;\s]+", text) if part)


def _open(work: UnitOfWork, campaign_key: str) -> Campaign:
    campaign = work.campaigns.get(campaign_key)
    if campaign.closed_at is not None:
        raise ConflictError(
            f"The campaign {campaign_key} was closed on {campaign.closed_at:%Y-%m-%d}.", cure="Create another one."
        )
    return campaign


def _read(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if name == "second_components":
        return words(text)
    if name == "ends_on" and not text:
        return None
    return text


def _fault(error: Mapping[str, Any]) -> Fault:
    limits = {"ge": "low", "gt": "above", "le": "high"}
    found = next(((limits[name], f"{limit:g}") for name, limit in error.get("ctx", {}).items() if name in limits), None)
    kind = next((one for one in ("date", "int", "float", "bool", "enum") if error["type"].startswith(one)), "wrong")
    message = error["msg"][:1].lower() + error["msg"][1:]
    return Fault(message, *found) if found else Fault(message, "choice" if kind == "enum" else kind)
