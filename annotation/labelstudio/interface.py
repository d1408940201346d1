"""The coder's screen, built from the nomenclature by code.

The names of the controls are fixed for ever: Label Studio cannot rename a control that has been used. Adding one is
safe, and so is any change to what a task's own data hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from annotation.campaign.ports import Candidate
from annotation.domain.judgement import Outcome
from annotation.domain.task import Kind
from annotation.labelstudio import markup, wording
from annotation.nomenclature.nomenclature import Nomenclature

TEXT, CODE, TREE, COMMENT, DIFFICULTY, WHY = "text", "code", "tree", "comment", "difficulty", "why"
ANSWERS, FEEDBACK = "answers", "feedback"

# The @ keeps the outcomes apart from the codes of any nomenclature.
OTHER, UNCLASSIFIABLE = "@other", "@unclassifiable"
OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        UNCLASSIFIABLE: Outcome.UNCLASSIFIABLE,
        "@later": Outcome.LATER,
        "@expert": Outcome.EXPERT,
        "@not_this": Outcome.NOT_THIS,
    }
)
OUTCOME_KEYS: Mapping[str, str] = MappingProxyType(
    {OTHER: "o", UNCLASSIFIABLE: "u", "@later": "l", "@expert": "e", "@not_this": "n"}
)
# Rows of keys that lie side by side on French and English keyboards alike.
DIFFICULTY_KEYS = "dfghjk"
REASON_KEYS: Mapping[str, str] = MappingProxyType(
    {"vague": "w", "several": "x", "unreadable": "c", "no_activity": "v", "other": "b"}
)
# What was asked before difficulty had numbers: annotations that say so would else block every change of the screen.
EASY, HARD = "easy", "hard"
FORMER = {EASY: "f18", HARD: "f19"}
CANDIDATE_KEYS = (*"1234567890asqzrtyipm", *(f"shift+{letter}" for letter in "asqzrtyipm"))
# Beyond so many candidates, headings help more than the order of the model.
GROUPED_ABOVE = 10


def configuration(nomenclature: Nomenclature, *, language: str, tree_url: str, kind: Kind = Kind.CODING) -> str:
    """Label Studio's labelling configuration; ``tree_url`` is absolute, since the browser fetches it."""
    words = wording.of(language)
    return f"""<View className="awb">
  <Style>{escape(markup.STYLE)}</Style>
  <View className="awb-text"><Text name="{TEXT}" value="$text" valueType="text"/></View>
  <View className="awb-context"><Header value="$context"/></View>
  <View className="awb-reason"><Header value="$reason"/></View>
  {_answers() if kind is Kind.ARBITRATION else ""}
  <View className="awb-code">
    <Choices name="{CODE}" toName="{TEXT}" value="$candidates" choice="single-radio" required="true"
      requiredMessage={quoteattr(words["required code"])}/>
  </View>
  {_tree(nomenclature, words, tree_url)}
  {_why(words)}
  {_feedback() if kind is Kind.TRAINING else ""}
  {_difficulty(words)}
  <TextArea name="{COMMENT}" toName="{TEXT}" rows="1" maxSubmissions="1" editable="true"
    placeholder={quoteattr(words["comment"])}/>
</View>"""


def choices(candidates: Sequence[Candidate], *, language: str, predicted: bool = False) -> list[dict[str, Any]]:
    """The radio buttons of one task: its candidates, then the outcomes, each with its key.

    Many candidates stand under headings, those of the best one first. Where there is none, the tree is open.
    """
    words = wording.of(language)
    grouped = len(candidates) > GROUPED_ABOVE
    ordered = _by_parent(candidates) if grouped else list(candidates)
    shown: list[dict[str, Any]] = []
    above = ""
    for place, one in enumerate(ordered):
        hotkey = CANDIDATE_KEYS[place] if place < len(CANDIDATE_KEYS) else ""
        heading = one.parent if grouped and one.parent != above else ""
        above = one.parent
        html = markup.candidate(one, hotkey=hotkey, heading=heading, predicted=predicted and not place, words=words)
        shown.append({"value": f"{one.code} {one.title}".strip(), "alias": one.code, "html": html} | _pressed(hotkey))
        if heading:
            shown[-1]["style"] = markup.HEADED
    for alias, hotkey in OUTCOME_KEYS.items():
        html = markup.outcome(words[alias], hotkey=hotkey)
        shown.append({"value": words[alias], "alias": alias, "html": html, "hotkey": hotkey})
        if alias == OTHER:
            shown[-1]["style"] = markup.APART
    if not candidates:
        next(one for one in shown if one["alias"] == OTHER)["selected"] = True
    return shown


def outcome_words(language: str) -> dict[Outcome, str]:
    words = wording.of(language)
    return {outcome: words[alias] for alias, outcome in OUTCOMES.items()}


def _by_parent(candidates: Sequence[Candidate]) -> list[Candidate]:
    groups: dict[str, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(one.parent, []).append(one)
    return [one for group in groups.values() for one in group]


def _pressed(hotkey: str) -> dict[str, str]:
    if not hotkey:
        return {}
    # On a French keyboard a digit is typed with shift.
    return {"hotkey": f"{hotkey},shift+{hotkey}" if hotkey.isdigit() else hotkey}


def _tree(nomenclature: Nomenclature, words: Mapping[str, str], url: str) -> str:
    # Where a code with others below it may be given (mixed depth), every node must be open to choice.
    only = "false" if any(nomenclature.children(leaf.code) for leaf in nomenclature.leaves) else "true"
    return f"""<View visibleWhen="choice-selected" whenTagName="{CODE}" whenChoiceValue="{OTHER}">
    <Taxonomy name="{TREE}" toName="{TEXT}" apiUrl={quoteattr(url)} leafsOnly="{only}" maxUsages="1" required="true"
      requiredMessage={quoteattr(words["required tree"])} minWidth="600px" dropdownWidth="900"
      placeholder={quoteattr(words["tree"])}/>
  </View>"""


def _why(words: Mapping[str, str]) -> str:
    reasons = "".join(_choice(words[alias], alias, hotkey) for alias, hotkey in REASON_KEYS.items())
    return f"""<View visibleWhen="choice-selected" whenTagName="{CODE}" whenChoiceValue="{UNCLASSIFIABLE}">
    <View className="awb-more"><View className="awb-title"><Header value={quoteattr(words["why"])}/></View>
      <Choices name="{WHY}" toName="{TEXT}" choice="single-radio" layout="inline" required="true"
        requiredMessage={quoteattr(words["required why"])}>{reasons}</Choices></View>
  </View>"""


def _difficulty(words: Mapping[str, str]) -> str:
    titles = [f"0 {words['easiest']}", *"1234", f"5 {words['hardest']}"]
    levels = "".join(
        _choice(title, str(level), hotkey)
        for level, (title, hotkey) in enumerate(zip(titles, DIFFICULTY_KEYS, strict=True))
    )
    former = "".join(
        f'<Choice value="{alias}" hotkey="{hotkey}" style="display: none"/>' for alias, hotkey in FORMER.items()
    )
    title = quoteattr(words["difficulty"])
    return f"""<View className="awb-more"><View className="awb-title"><Header value={title}/></View>
    <Choices name="{DIFFICULTY}" toName="{TEXT}" choice="single-radio" layout="inline">{levels}{former}</Choices>
  </View>"""


def _choice(title: str, alias: str, hotkey: str) -> str:
    html = markup.key(hotkey) + escape(title)
    return f'<Choice value={quoteattr(title)} alias="{alias}" hotkey="{hotkey}" html={quoteattr(html)}/>'


def _answers() -> str:
    return f'<HyperText name="{ANSWERS}" value="${ANSWERS}" inline="true"/>'


def _feedback() -> str:
    """Seen once a code is chosen; a code of the tree is chosen there and not by opening the tree."""
    return f"""<View visibleWhen="choice-unselected" whenTagName="{CODE}" whenChoiceValue="{OTHER}">
    <View visibleWhen="choice-selected" whenTagName="{CODE}">
      <HyperText name="{FEEDBACK}" value="${FEEDBACK}" inline="true"/>
    </View>
  </View>
  <View visibleWhen="choice-selected" whenTagName="{TREE}">
    <HyperText name="{FEEDBACK}_tree" value="${FEEDBACK}" inline="true"/>
  </View>"""
