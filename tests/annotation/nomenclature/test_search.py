from __future__ import annotations

import pytest

from annotation.nomenclature import search


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Pêche  et\u00a0Forêt ", "peche et foret"),
        ("ŒUFS, l’Élevage", "oeufs, l'elevage"),
        ("ÎLE", "ile"),
        ("", ""),
    ],
)
def test_fold__lower_case_without_accents_and_ligatures(text: str, folded: str) -> None:
    assert search.fold(text) == folded


def test_rank__among_equals_the_shorter_title_then_the_published_order() -> None:
    entries = [
        search.entry("1", title="Vente de pain", notes=()),
        search.entry("2", title="Pain frais", notes=()),
        search.entry("3", title="Pain rassis", notes=()),
    ]

    assert search.rank(entries, "pain") == ["2", "3", "1"]


def test_rank__function_words_do_not_count_when_not_all_words_are_found() -> None:
    entries = [
        search.entry("1", title="Activités de soutien aux entreprises", notes=()),
        search.entry("2", title="Conseil de gestion", notes=("Aide aux entreprises",)),
    ]

    assert search.rank(entries, "conseil aux entreprises") == ["2"]
    assert search.rank(entries, "conseil aux avocats") == ["2"]
