"""The drift report as a page that stands alone, for project leads: the verdict first, the method last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sampling import figures, pages
from sampling.drift import plots, wording
from sampling.drift.drifting import DriftingText
from sampling.drift.report import Details, DriftReport
from sampling.drift.verdict import Finding

Words = Mapping[str, Any]


def render(
    report: DriftReport, moved: Sequence[DriftingText], *, language: str, titles: Mapping[str, str] | None = None
) -> str:
    """The page; ``titles`` are those of the codes. A report without details has no page: ValueError."""
    if report.details is None:
        raise ValueError("the report has no details")
    words: Words = wording.LANGUAGES[language]
    told = _Told(words, language)
    return pages.render(
        "drift.html",
        language=language,
        words=words,
        alarm=report.details.verdict.alarm,
        headline=told.headline(report.details),
        note=words["alarm_note"].format(level=told.share(report.details.verdict.level)),
        windows=told.windows(report),
        left_out=told.left_out(report),
        kinds=[told.kind(report.details, one) for one in report.details.verdict.findings],
        # Drawings are our own and escape what they write.
        plots={name: Markup(drawn) for name, drawn in _plots(report, titles or {}, words, language).items()},  # noqa: S704
        levels=[told.level(level) for level in report.details.predicted.levels],
        lines=told.lines(report.details),
        texts=[(told.number(one.score, 2), one.text, _titled(one.code, titles or {}), one.declarations, one.reason)
               for one in moved],
        method=told.method(report.details),
    )  # fmt: skip


def _plots(report: DriftReport, titles: Mapping[str, str], words: Words, language: str) -> dict[str, str]:
    """By name, those for which there is something to draw."""
    details = report.details
    assert details is not None  # noqa: S101  checked by the caller
    values = [shift for one in details.variables for shift in one.shifts]
    drawn: dict[str, str] = {}
    if details.predicted.bands:
        drawn["codes"] = plots.codes(details.predicted.bands, titles, words, language)
    if report.words:
        drawn["words"] = plots.shifts(report.words, words, language, name="words")
    elif details.text.terms and details.verdict.of("text").alarm:
        drawn["terms"] = plots.terms(details.text.terms, words, language)
    if values:
        drawn["variables"] = plots.shifts(values, words, language, name="variables")
    if details.confidence.histogram.sum():
        drawn["margins"] = plots.margins(details.confidence, words, language)
    if details.concept is not None and details.concept.labels:
        drawn["concept"] = plots.evidence(details.concept.alarm, words, level=details.verdict.level)
    return drawn


class _Told:
    """The figures of a report in the words of a language."""

    def __init__(self, words: Words, language: str) -> None:
        self._words = words
        self._language = language

    def share(self, share: float) -> str:
        return figures.percent(round(share, 3), self._language)

    def number(self, value: float, digits: int = 3) -> str:
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self._language == "fr" else text

    def count(self, value: int) -> str:
        return f"{value:,}".replace(",", "\u202f" if self._language == "fr" else ",")

    def headline(self, details: Details) -> str:
        kinds = [self._words[one.kind] for one in details.verdict.findings if one.alarm]
        text: str = self._words["alarm"].format(kinds=", ".join(kinds)) if kinds else self._words["calm"]
        return text

    def windows(self, report: DriftReport) -> str:
        form = "%d/%m/%Y" if self._language == "fr" else "%Y-%m-%d"
        current, reference = report.windows.current, report.windows.reference
        text: str = self._words["windows"].format(
            current=self.count(report.current_declarations),
            reference=self.count(report.reference_declarations),
            start=current.start.strftime(form),
            end=current.end.strftime(form),
            before=reference.start.strftime(form),
            until=reference.end.strftime(form),
            model=report.model_version,
        )
        return text

    def left_out(self, report: DriftReport) -> str:
        left = report.details.not_scored_yet if report.details else 0
        return self._words["left_out"].format(texts=self.count(left), model=report.model_version) if left else ""

    def kind(self, details: Details, finding: Finding) -> dict[str, Any]:
        figure = self._figure(details, finding.kind)
        state = "nothing" if not figure else "moved" if finding.alarm else "unmoved"
        p_value = "< 0.0001" if finding.p_value < 0.0001 else f"{finding.p_value:.4f}"
        return {
            "name": self._words[finding.kind],
            "alarm": finding.alarm,
            "state": self._words[state],
            "figure": figure,
            "p": (p_value.replace(".", ",") if self._language == "fr" else p_value) if figure else "",
        }

    def _figure(self, details: Details, kind: str) -> str:
        given: dict[str, Any] = {}
        if kind == "text":
            given = {"area": self.share(details.text.told.area)} | self._move(details.text.unknown)
        elif kind == "codes" and details.predicted.levels:
            finest = details.predicted.levels[-1].divergence
            given = {"value": self.number(finest.value), "chance": self.number(finest.chance)}
        elif kind == "variables" and details.variables:
            first = details.variables[0]
            given = {
                "name": first.name,
                "value": self.number(first.divergence.value),
                "chance": self.number(first.divergence.chance),
            }
        elif kind == "confidence":
            given = self._move(details.confidence.accuracy)
        elif kind == "concept" and details.concept is not None and details.concept.labels:
            alarm = details.concept.alarm
            given = {"labels": details.concept.labels} | {
                name: self.share(value)
                for name, value in (("mean", alarm.mean), ("low", alarm.low), ("high", alarm.high))
            }
        return str(self._words[f"{kind}_figure"]).format(**given) if given else ""

    def _move(self, move: Any) -> dict[str, str]:
        return {name: self.share(getattr(move, name)) for name in ("before", "after", "low", "high")}

    def level(self, level: Any) -> list[str]:
        return [
            str(level.level),
            str(level.categories),
            *(self.number(v) for d in (level.divergence, level.stability) for v in (d.value, d.chance)),
        ]

    def lines(self, details: Details) -> dict[str, str]:
        text, concept = details.text, details.concept
        swaps = ", ".join(" ↔ ".join(one.codes) for one in concept.swaps) if concept else ""
        return {
            "unknown": self._words["unknown"].format(
                before=self.share(text.unknown.before),
                after=self.share(text.unknown.after),
                length_before=self.number(text.length.before, 1),
                length_after=self.number(text.length.after, 1),
            ),
            "expected": self._words["expected"].format(**self._move(details.confidence.accuracy)),
            "swaps": self._words["swaps"].format(pairs=swaps) if swaps else "",
        }

    def method(self, details: Details) -> list[str]:
        settings = details.settings
        given = {
            "together": self.share(details.together),
            "replicates": self.count(settings.replicates),
            "fdr": self.share(settings.false_discovery_rate),
            "difference": self.share(settings.least_difference),
            "count": settings.least_count,
            "level": self.share(settings.alarm_level),
            "tolerance": self.share(settings.tolerance),
        }
        return [note.format(**given) for note in self._words["method"]]


def _titled(code: str | None, titles: Mapping[str, str]) -> str:
    return f"{code} {titles.get(code, '')}".strip() if code else ""
