"""Lines of the log of the UK SIC index that contradict themselves or the index, named one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tests.parts.index_changes import Line

STUCCO: Final = "Exterior stucco application on buildings or other contructions incl. related lathing materials"
GAS_MASKS: Final = (
    "Gas masks (with mechanical parts or replaceable filters for protection against biological agents) (manufacture)"
)

SAME_TEXT: Final = {
    (2017, "Horse-chestnut gathering"),
    (2018, "Dvd distribution"),
    (2018, "Dvd players (retail)"),
    (2018, "Dvds (recorded) (wholesale)"),
    (2018, "Dvd recorders and players (manufacture)"),
    (2018, "Dvd rental"),
    (2018, "Dvds (retail)"),
    (2018, "Interior stucco application in buildings or other constructions incl. Related lathing materials"),
    (2018, "Trailers (new) (wholesale)"),
}
"""Typographic lines that change capitals, a hyphen or a space: to the ledger it is the same text before and after."""

RENAMED_AND_RECODED: Final = {
    "Chassis for motor vehicles (without engine) (manufacture)",
    "Food and milk irradiation equipment (manufacture)",
}
"""Reclassified in 2020 under a wording that a typographic line of that year brings. The typographic line gives the new
code as the former one; the line of the reclassification has the true one."""

WITHOUT_EFFECT: Final = (2020, "Steering column and gear for powered invalid carriage (manufacture)")
"""Reclassified from a pair of codes to the same pair, under a wording that a typographic line of that year ends."""

LOST_ZERO: Final = {"2010": "02010"}
"""A code of *Split poles, pickets and other products (manufacture)* in 2020, read as a number by a spreadsheet."""

DIFFERENT_IN_THE_INDEX: Final[dict[str, dict[str, tuple[str | None, str | None]]]] = {
    "sic2007": {
        "Administration of insurance guarantee fund": ("96090", "66290"),
        "Aqua/water parks": ("93199", "93210"),
        "Bed and breakfast (without housekeeping services)": ("55290", "55209"),
        "Chartered Building Surveyor": ("71129", None),
        "Coin-operated rides": ("92390", "93290"),
        "Crowdfunding and crowdsourcing": ("82990", None),
        "Electrical installation of telecommunications wiring": ("43210", None),
        "Electricity distribution system operation (carrying electicity to end users)": ("35130", None),
        "Emigration agency (not of foreign government, etc.)": (None, "96090"),
        STUCCO: ("43310", None),
        "Hats (Wholesale)": (None, "46420"),
        "Mental health occupation and training centre  (charitable)": ("88100", None),
        "Non-invasive ventilation (NIV) full-face and oronasal masks (wholesale)": ("46460", None),
        "Paper surgical masks (retail)": ("47749", None),
        "Photographic model (own account)": ("88990", "90010"),
        "Polychrome restoration (interior)": ("90020", "90030"),
        "Railway running shed": (None, "52219"),
        "Self storage facilities (rental and operating)": (None, "68209"),
        "Soap and organic surface-active products and preparations (commission agent)": ("46180", None),
        "Supreme Courts of the United Kingdom": ("84230", None),
        "Top soil stripping work": (None, "43120"),
        "Village hall letting": (None, "68209"),
    },
    "sic2003": {
        "Administration of insurance guarantee fund": ("93059", "67200"),
        "Boot covers and overshoes made of plastic (manufacture)": ("26110", "25240"),
        "Carriages for disabled persons (wheelchairs) (manufacture)": ("35420", "35430"),
        "Chartered Building Surveyor": ("74204", None),
        "Crowdfunding and crowdsourcing": ("74879", None),
        "Disposable and reusable face shields (manufacture)": ("26110", "25240"),
        "Electrical installation of telecommunications wiring": ("45310", None),
        "Electricity distribution system operation (carrying electicity to end users)": ("40130", None),
        "Emigration agency (not of foreign government, etc.)": (None, "93059"),
        STUCCO: ("45410", None),
        GAS_MASKS: ("33100", "36639"),
        "Hats (Wholesale)": (None, "51429"),
        "Instruments for Vitro Diagnosis (electronic) (manufacture)": ("33202", "33201"),
        "Masks incorporating eye protection or a facial shield (manufacture)": ("33100", "36639"),
        "Mental health occupation and training centre  (charitable)": ("85321", None),
        "Non-invasive ventilation (NIV) full-face and oronasal masks (wholesale)": ("51460", None),
        "Organist (own account)": ("92319", "92311"),
        "Other headgear of plastic (manufacture)": ("26110", "25240"),
        "Paper surgical masks (retail)": ("52329", None),
        "Photographic model (own account)": ("85322", "92319"),
        "Plastic face shields (covering more than the eye area) (manufacture)": ("26110", "25240"),
        "Plastic gloves (manufacture)": ("26110", "25240"),
        "Plastic tents (Manufacture)": ("26110", "25240"),
        "Polychrome restoration (interior)": ("92311", "92319"),
        "Protective clothing coverall and similar garments made of plastic (manufacture)": ("26110", "25240"),
        "Protective glasses and goggles (wholesale)": ("51479", "51439"),
        "Railway running shed": (None, "63210"),
        "Ribonucleic acid (RNA) extractors (optical) (manufacture)": ("33401", "33402"),
        "Self storage facilities (rental and operating)": (None, "70209"),
        "Soap and organic surface-active products and preparations (commission agent)": ("51180", None),
        "Supreme Courts of the United Kingdom": ("75230", None),
        "Top soil stripping work": (None, "45110"),
        "Village hall letting": (None, "70209"),
        "Wedding photography": ("74201", "74812"),
        "Withy growing": ("02020", "02010"),
    },
}
"""Where the last line on a text and the index of December 2022 disagree: the code by the log, and by the index. None:
the text is not there, mostly for another spelling (the log's *Supreme Courts of the United Kingdom* is printed
*Kingdon*), or because the log deletes the second of two like lines."""


def corrected(log: Iterable[Line]) -> list[Line]:
    """The log as it must be read, by the lists above and by nothing else."""
    former = {line.activity: line.before for line in log if line.activity in RENAMED_AND_RECODED}
    kept = []
    for line in log:
        if (line.year, line.activity) in SAME_TEXT or (line.action == "reclassified" and _is_void(line)):
            continue
        if line.new in RENAMED_AND_RECODED:
            line = replace(line, before=former[line.new])
        kept.append(replace(line, before=_full(line.before), after=_full(line.after)))
    return kept


def _is_void(line: Line) -> bool:
    return line.activity in RENAMED_AND_RECODED or (line.year, line.activity) == WITHOUT_EFFECT


def _full(code: str) -> str:
    return LOST_ZERO.get(code, code)
