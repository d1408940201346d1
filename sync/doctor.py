"""Whether each part is there and fits, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from annotation.errors import WorkbenchError, without_passwords
from annotation.labelstudio import installation
from annotation.ledger.unit_of_work import Ledger, newest_revision
from annotation.network import is_loopback
from sync.backups import backup as backups
from sync.wiring import Workbench


@dataclass(frozen=True, slots=True)
class Finding:
    """``cure`` is empty where nothing is to be done."""

    part: str
    healthy: bool
    message: str
    cure: str = ""


def examine(bench: Workbench) -> list[Finding]:
    """One finding per part, in the order in which they are to be mended; nothing is changed or started."""
    return [
        _examined("ledger", lambda: _ledger(bench)),
        guarded(_examined("storage", lambda: _storage(bench)), bench.settings.storage.endpoint or ""),
        guarded(_examined("label studio", lambda: _label_studio(bench)), bench.settings.labelstudio.url),
        guarded(_examined("mlflow", lambda: _mlflow(bench)), bench.settings.mlflow.tracking_uri),
        _examined("nomenclatures", lambda: _nomenclatures(bench)),
    ]


def as_dict(findings: list[Finding]) -> dict[str, Any]:
    return {
        "healthy": all(one.healthy for one in findings),
        "parts": {one.part: {"healthy": one.healthy, "message": one.message, "cure": one.cure} for one in findings},
    }


def _examined(part: str, examine_part: Callable[[], Finding]) -> Finding:
    try:
        found = examine_part()
    except WorkbenchError as error:
        return Finding(part, False, error.message, error.cure)
    return replace(found, message=without_passwords(found.message))


def guarded(found: Finding, address: str) -> Finding:
    """With a warning where texts, names and tokens would go over the network for anybody on the way to read."""
    parts = urlsplit(address)
    if parts.scheme != "http" or is_loopback(parts.hostname or "") or found.cure:
        return found
    told = f"{found.message}; what goes to {parts.hostname} is not encrypted"
    return replace(
        found, message=told, cure="Use its https address; an authority of the office goes in network.ca_file."
    )


def _ledger(bench: Workbench) -> Finding:
    with closing(Ledger.open(bench.settings.ledger_url)) as ledger:
        ledger.require_migrated()
        with ledger.read() as work:
            saved = work.events.newest(backups.EVENT, backups.SUBJECT)
    told = f"last backup {saved.happened_at:%Y-%m-%d %H:%M} UTC" if saved else "no backup yet (awb backup)"
    return Finding("ledger", True, f"{ledger.address}, revision {newest_revision()}, {told}")


def _storage(bench: Workbench) -> Finding:
    return Finding("storage", True, bench.storage.check())


def _label_studio(bench: Workbench) -> Finding:
    if not bench.settings.labelstudio.url:
        cache = installation.cache_folder()
        installed = installation.is_installed(cache)
        state = "is installed" if installed else "will be installed at the first push (a minute)"
        return Finding("label studio", True, f"our own server {installation.VERSION}, {state}")
    checked = bench.platform.check()
    message = f"{bench.settings.labelstudio.url}: {checked.problem or 'version ' + checked.version}"
    if checked.user:
        message += f", {checked.token_kind} token of {checked.user}"
    return Finding("label studio", bool(checked.version), message, checked.cure)


def _mlflow(bench: Workbench) -> Finding:
    champion = bench.champion()
    return Finding("mlflow", True, f"{bench.registry.check()}; champion: {champion or 'none yet'}")


def _nomenclatures(bench: Workbench) -> Finding:
    # Not the bench's ledger, which is migrated when it is opened.
    with closing(Ledger.open(bench.settings.ledger_url)) as ledger, ledger.read() as work:
        keys = work.nomenclatures.keys()
    wanted = bench.settings.campaign.nomenclature
    if not keys:
        return Finding("nomenclatures", False, "none is imported", "Run: awb nomenclature import KEY FILE")
    if wanted and wanted not in keys:
        return Finding(
            "nomenclatures", False, f"{wanted} is not imported", f"Run: awb nomenclature import {wanted} FILE"
        )
    return Finding("nomenclatures", True, ", ".join(keys))
