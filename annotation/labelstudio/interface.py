"""The coder's screen, built from the nomenclature by code.

The names of the controls are fixed for ever: Label Studio cannot rename a control that has been used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import quoteattr

from annotation.campaign.ports import Candidate
from annotation.domain.judgement import Outcome
from annotation.nomenclature.code import compact
from annotation.nomenclature.nomenclature import Code, Nomenclature
from annotation.nomenclature.search import fold

TEXT, CODE, TREE, COMMENT, DIFFICULTY = "text", "code", "tree", "comment", "difficulty"
EASY, HARD = "easy", "hard"

# The @ keeps the outcomes apart from the codes of any nomenclature.
OTHER = "@other"
OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "@unclassifiable": Outcome.UNCLASSIFIABLE,
        "@later": Outcome.LATER,
        "@expert": Outcome.EXPERT,
        "@not_this": Outcome.NOT_THIS,
    }
)
HOTKEYS = "123456789"
OUTCOME_HOTKEYS = {OTHER: "o", "@unclassifiable": "u", "@later": "l", "@expert": "e", "@not_this": "n"}

WORDS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        OTHER: "Autre code (arbre complet)",
        "@unclassifiable": "Inclassable",
        "@later": "À revoir plus tard",
        "@expert": "À transmettre à un expert",
        "@not_this": "Aucun des codes proposés, sans savoir lequel",
        TREE: "Chercher dans la nomenclature (sans accents)",
        COMMENT: "Commentaire",
        EASY: "Facile",
        HARD: "Difficile",
    },
    "en": {
        OTHER: "Another code (full tree)",
        "@unclassifiable": "Cannot be coded",
        "@later": "Later",
        "@expert": "Pass on to an expert",
        "@not_this": "None of the proposed codes, but I do not know which",
        TREE: "Search the nomenclature (without accents)",
        COMMENT: "Comment",
        EASY: "Easy",
        HARD: "Hard",
    },
}


def configuration(nomenclature: Nomenclature, *, language: str, tree_url: str) -> str:
    """Label Studio's labelling configuration; ``tree_url`` is absolute, since the browser fetches it."""
    words = _words(language)
    # Where a code with others below it may be given (mixed depth), every node must be open to choice.
    only = "false" if any(nomenclature.children(leaf.code) for leaf in nomenclature.leaves) else "true"
    return f"""<View>
  <View style="font-size: 1.4em; font-weight: 600">
    <Text name="{TEXT}" value="$text" valueType="text"/>
  </View>
  <Header value="$context" size="6" style="font-size: 1em; font-weight: 400"/>
  <Header value="$reason" size="6" style="font-size: 1em; font-weight: 400; font-style: italic"/>
  <Choices name="{CODE}" toName="{TEXT}" value="$candidates" choice="single-radio" required="true"/>
  <View visibleWhen="choice-selected" whenTagName="{CODE}" whenChoiceValue="{OTHER}">
    <Taxonomy name="{TREE}" toName="{TEXT}" apiUrl={quoteattr(tree_url)} leafsOnly="{only}" maxUsages="1"
      minWidth="600px" dropdownWidth="800px"
      placeholder={quoteattr(words[TREE])}/>
  </View>
  <Choices name="{DIFFICULTY}" toName="{TEXT}" choice="single" showInline="true">
    <Choice value={quoteattr(words[EASY])} alias="{EASY}" hotkey="f"/>
    <Choice value={quoteattr(words[HARD])} alias="{HARD}" hotkey="h"/>
  </Choices>
  <TextArea name="{COMMENT}" toName="{TEXT}" rows="1" maxSubmissions="1" editable="true"
    placeholder={quoteattr(words[COMMENT])}/>
</View>"""


def choices(candidates: tuple[Candidate, ...], *, language: str) -> list[dict[str, str]]:
    """The radio buttons of one task: its candidates, then the outcomes, each with its key."""
    words = _words(language)
    shown = [
        {"value": f"{c.code} {c.title}".strip(), "alias": c.code} | ({"hotkey": HOTKEYS[i]} if i < len(HOTKEYS) else {})
        for i, c in enumerate(candidates)
    ]
    outcomes = [{"value": words[key], "alias": key, "hotkey": hotkey} for key, hotkey in OUTCOME_HOTKEYS.items()]
    return shown + outcomes


def tree(nomenclature: Nomenclature) -> bytes:
    """The nomenclature as the file that a Taxonomy reads."""
    items = [_node(nomenclature, code) for code in nomenclature.children(None)]
    return json.dumps({"items": items}, ensure_ascii=False).encode()


def _node(nomenclature: Nomenclature, code: Code) -> dict[str, Any]:
    children = [_node(nomenclature, child) for child in nomenclature.children(code.code)]
    node: dict[str, Any] = {"value": _searchable(code), "alias": code.code, "isLeaf": not children}
    return node | {"children": children} if children else node


def _searchable(code: Code) -> str:
    # The search is one accent-sensitive substring of this label: it holds the spelling without dots and accents too.
    shown = f"{code.code} {code.title}".strip()
    bare = f"{compact(code.code)} {fold(code.title)}".strip()
    return shown if bare.casefold() == shown.casefold() else f"{shown} · {bare}"


def _words(language: str) -> Mapping[str, str]:
    return WORDS.get(language[:2].lower(), WORDS["en"])
