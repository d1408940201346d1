"""How a project of Label Studio is to be set, and what of it is not: pure, without any request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from annotation.campaign.ports import ProjectSpec
from annotation.labelstudio import interface

TITLE_LENGTH = 50
# Without this list, Label Studio counts everything that there is to count.
FIELDS = (
    "id,description,label_config,show_collab_predictions,sampling,maximum_annotations,skip_queue,model_version,"
    "total_predictions_number"
)
_TREE = re.compile(r'apiUrl="([^"]*)"')


def marker(spec: ProjectSpec) -> str:
    """By which the project is found again, whoever renames it: it stands in the description."""
    return f"[awb:{spec.key}]"


def of_new(spec: ProjectSpec) -> dict[str, Any]:
    """A project without its screen, which needs the project's number."""
    return {
        "title": spec.title[:TITLE_LENGTH].ljust(3, "."),
        "description": f"{spec.description}\n{marker(spec)}".strip(),
        "label_config": "<View></View>",
        **_fixed(spec),
    }


def screen(spec: ProjectSpec, tree_url: str) -> str:
    return interface.configuration(spec.nomenclature, language=spec.language, tree_url=tree_url, kind=spec.kind)


def tree_url(found: Mapping[str, Any]) -> str:
    """That of the screen as it is; empty where it has none."""
    address = _TREE.search(found.get("label_config") or "")
    return unescape(address[1]) if address else ""


def differences(found: Mapping[str, Any], spec: ProjectSpec, config: str) -> dict[str, Any]:
    """What is to be set anew; titles, instructions and colours are the office's own."""
    return {name: value for name, value in {**_fixed(spec), "label_config": config}.items() if found.get(name) != value}


def _fixed(spec: ProjectSpec) -> dict[str, Any]:
    return {
        "show_collab_predictions": spec.prefill,
        # Tasks come in the order of their keys, which is random: what has been answered at any moment is then still a
        # random part of what was drawn.
        "sampling": "Sequential sampling",
        "maximum_annotations": 1,
        "skip_queue": "REQUEUE_FOR_OTHERS",
    }
