"""Pieces of HTML for the coder's screen; every text that comes from outside is escaped here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

from annotation.campaign.ports import Candidate, Feedback, GivenAnswer, Notes
from annotation.domain import characters
from annotation.domain.judgement import Outcome

# Label Studio turns > into an entity: no child selectors.
STYLE = """
.awb { font-size: 15px; line-height: 1.45; max-width: 1100px; }
.awb kbd { display: inline-block; min-width: 1.6em; padding: 0 .35em; margin-right: .5em; border: 1px solid;
  border-radius: 4px; opacity: .7; font: .8em/1.5 monospace; text-align: center; }
.awb .lsf-hint { display: none; }
.awb .lsf-choice__item { font-size: 15px; font-weight: 400; }
.awb .lsf-choice__item label, .awb .lsf-choice__item span { font-weight: 400; }
.awb .awb-text .lsf-richtext__container { font-size: 24px; font-weight: 600; line-height: 1.35; }
.awb .awb-context *, .awb .awb-reason * { margin: 0; font-size: 15px; font-weight: 400; line-height: 1.5;
  white-space: pre-line; }
.awb .awb-context { padding: 0 8px; margin: .2em 0 .4em; }
.awb .awb-reason { padding: 0 8px; font-style: italic; opacity: .8; }
.awb .awb-code { margin: .8em 0 0; }
.awb .awb-g { position: absolute; top: -1.7em; left: 0; font-size: .85em; opacity: .75; pointer-events: none; }
.awb .awb-p { margin-left: .6em; font-size: .85em; opacity: .75; }
.awb details { display: inline-block; vertical-align: top; margin-left: .6em; font-size: .9em; }
.awb details[open] { display: block; margin: .2em 0 .5em 2.2em; max-width: 62em; white-space: pre-line; }
.awb summary { cursor: pointer; opacity: .75; text-decoration: underline dotted; }
.awb .awb-more { display: flex; flex-wrap: wrap; align-items: center; gap: .2em 1.2em; margin-top: .8em; }
.awb .awb-more .lsf-choices, .awb .awb-more h3 { margin: 0; }
.awb .awb-title * { margin: 0; font-size: 15px; font-weight: 600; }
.awb .awb-cards { display: flex; flex-wrap: wrap; gap: .8em; margin: .6em 0; font-size: 15px; }
.awb .awb-card { flex: 1 1 14em; border: 1px solid rgba(128, 128, 128, .5); border-radius: 6px; padding: .6em .8em; }
.awb .awb-who { font-size: .85em; opacity: .75; }
.awb .awb-settled { border-left: 4px solid #2e7d32; padding: .4em .8em; margin: .6em 0; font-size: 15px; }
.htx-taxonomy-dropdown .ant-select-tree-title, .htx-taxonomy .ant-select-selection-item-content { display: block;
  white-space: pre !important; overflow: hidden; text-overflow: ellipsis; height: 1.7em; line-height: 1.7em; }
"""
# Of the choice that a heading stands above, and of the first one that is no code.
HEADED = "position: relative; margin-top: 2em"
APART = "margin-top: .7em"
_ITEM = re.compile(r"\s+[-•◦]\s+")


def key(shown: str) -> str:
    return f'<kbd aria-hidden="true">{escape(shown)}</kbd>' if shown else ""


def candidate(one: Candidate, *, hotkey: str, heading: str, predicted: bool, words: Mapping[str, str]) -> str:
    """``heading`` is put above the candidate; ``predicted`` marks what the model put first."""
    above = f'<span class="awb-g">{escape(heading)}</span>' if heading else ""
    beside = [f"{100 * one.probability:.0f} %"] if one.probability is not None else []
    beside += [words["model"]] if predicted else []
    told = f'<span class="awb-p">{escape(" · ".join(beside))}</span>' if beside else ""
    return f"{above}{key(hotkey)}<b>{escape(one.code)}</b> {escape(one.title)}{told}{_notes(one.notes, words)}"


def outcome(title: str, *, hotkey: str) -> str:
    return f"{key(hotkey)}{escape(title)}"


def answers(given: Sequence[GivenAnswer], words: Mapping[str, str], outcomes: Mapping[Outcome, str]) -> str:
    """One card per answer, side by side; ``outcomes`` gives the words for those that are no code."""
    if not given:
        return ""
    cards = "".join(_card(number, one, words, outcomes) for number, one in enumerate(given, 1))
    return f'<b>{escape(words["answers"])}</b><div class="awb-cards">{cards}</div>'


def feedback(settled: Feedback, words: Mapping[str, str]) -> str:
    note = f"<br>{escape(characters.shown(settled.note))}" if settled.note else ""
    code = f"<b>{escape(settled.code)}</b> {escape(settled.title)}"
    return f'<div class="awb-settled">{escape(words["settled"])}{words["colon"]}{code}{note}</div>'


def _card(number: int, one: GivenAnswer, words: Mapping[str, str], outcomes: Mapping[Outcome, str]) -> str:
    said = f"<b>{escape(one.code)}</b> {escape(one.title)}" if one.code else escape(outcomes.get(one.outcome, ""))
    if one.detail:
        said += f"{words['colon']}{escape(words.get(one.detail, one.detail))}"
    lines = [f'<span class="awb-who">{escape(words["coder"])} {number}</span>', said]
    if one.difficulty is not None:
        lines.append(f'<span class="awb-who">{escape(words["difficulty"])} {one.difficulty} / 5</span>')
    if one.comment:
        lines.append(f"<i>{escape(characters.shown(one.comment))}</i>")
    return f'<div class="awb-card">{"<br>".join(lines)}</div>'


def _notes(notes: Notes, words: Mapping[str, str]) -> str:
    return _unfolding(notes, words["notes"], words["includes"] + words["colon"], words["excludes"] + words["colon"])


@lru_cache(maxsize=10_000)
def _unfolding(notes: Notes, title: str, includes: str, excludes: str) -> str:
    parts = [(includes, notes.includes), (excludes, notes.excludes)]
    # Label Studio cleans this at every look, tag by tag: lines cost nothing, tags a third of a second per task.
    told = "\n".join(f"{escape(beginning)}{_listed(text)}" for beginning, text in parts if text)
    return f"<details><summary>{escape(title)}</summary><span>{told}</span></details>" if told else ""


def _listed(note: str) -> str:
    """Published notes run their lists together; here each entry has a line."""
    return escape(_ITEM.sub("\n– ", note))
