"""A campaign's policy as the fields of a form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, Final, get_type_hints

from annotation.api.forms import Fields
from annotation.campaign.managing import Fault
from annotation.domain.policy import Consensus, Policy, Share
from annotation.domain.task import Component

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "screen": ("candidates", "show_probability", "blind_share"),
    "second": ("second_share", "second_components", "second_below_margin", "second_if_hard", "seats"),
    "settle": ("consensus", "arbitration"),
    "gold": ("gold_share", "pause_below", "training_tasks"),
    "queue": ("queue_size", "lease_hours"),
    "goal": ("target_accuracy", "ends_on", "hourly_rate", "currency"),
}
# By buttons of their own.
_ELSEWHERE: Final = frozenset({"paused"})


class Widget(StrEnum):
    CHECK = "check"
    CHOICE = "choice"
    SEVERAL = "several"
    DAY = "day"
    SHARE = "share"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """``value`` as the form shows it: text, or the chosen ones of several. Shares are shown in percent."""

    name: str
    widget: Widget
    value: Any
    choices: tuple[str, ...] = ()
    fault: Fault | None = None


def groups(
    policy: Policy, *, given: Fields | None = None, faults: Mapping[str, Fault] | None = None, language: str = "en"
) -> dict[str, list[Field]]:
    """The fields by group; ``given`` is what somebody filled in and could not be taken."""
    named = {name for group in GROUPS.values() for name in group} | _ELSEWHERE
    rest = tuple(one.name for one in fields(Policy) if one.name not in named)
    all_groups = dict(GROUPS) | ({"rest": rest} if rest else {})
    return {
        group: [_field(policy, name, given, (faults or {}).get(name), language) for name in names]
        for group, names in all_groups.items()
    }


def values(given: Fields) -> dict[str, Any]:
    """What the form says of every field, for ``managing.revise``; what it leaves out is unchecked."""
    found: dict[str, Any] = {}
    for group in groups(Policy()).values():
        for field in group:
            if field.widget is Widget.CHECK:
                found[field.name] = field.name in given
            elif field.widget is Widget.SEVERAL:
                found[field.name] = tuple(given.all(field.name))
            elif field.name in given:
                found[field.name] = _parsed(field.widget, given[field.name])
    return found


def shown_limit(name: str, fault: Fault) -> str:
    """The limit in the unit that the form shows."""
    try:
        return f"{float(fault.limit) * 100:g} %" if _widget(name) is Widget.SHARE else fault.limit
    except ValueError:
        return fault.limit


def _field(policy: Policy, name: str, given: Fields | None, fault: Fault | None, language: str) -> Field:
    widget = _widget(name)
    choices = {Widget.CHOICE: tuple(Consensus), Widget.SEVERAL: tuple(Component)}.get(widget, ())
    value = _shown(widget, getattr(policy, name), language)
    if given is not None:
        several = widget is Widget.SEVERAL
        value = given.all(name) if several else name in given if widget is Widget.CHECK else given.get(name, value)
    return Field(name, widget, value, tuple(map(str, choices)), fault)


@cache
def _widget(name: str) -> Widget:
    hint = get_type_hints(Policy, include_extras=True)[name]
    default = getattr(Policy(), name)
    if hint == Share:
        return Widget.SHARE
    if isinstance(default, bool):
        return Widget.CHECK
    if isinstance(default, Consensus):
        return Widget.CHOICE
    if isinstance(default, tuple):
        return Widget.SEVERAL
    if isinstance(default, int | float):
        return Widget.NUMBER
    return Widget.DAY if default is None else Widget.TEXT


def _shown(widget: Widget, value: Any, language: str) -> Any:
    if widget is Widget.CHECK:
        return value
    if widget is Widget.SEVERAL:
        return [str(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        text = f"{100 * value if widget is Widget.SHARE else value:.10g}"
        return text.replace(".", ",") if language.startswith("fr") else text
    return "" if value is None else str(value)


def _parsed(widget: Widget, text: str) -> Any:
    """Numbers with either decimal sign; what is no number stays as it is, to be complained of."""
    if widget not in (Widget.SHARE, Widget.NUMBER):
        return text
    plain = text.strip().removesuffix("%").strip().replace(",", ".").replace("\u202f", "").replace("\u00a0", "")
    if widget is Widget.NUMBER:
        return plain
    try:
        return round(float(plain) / 100, 10)
    except ValueError:
        return plain
