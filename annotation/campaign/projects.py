"""The projects of a campaign on the platform: one for each queue, so that each coder finds their own tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from annotation.campaign.ports import Platform, ProjectSpec
from annotation.campaign.presenting import Shown
from annotation.domain.campaign import Campaign
from annotation.domain.task import Kind
from annotation.domain.team import ARBITRATION, SECOND, SHARED, Enrolment, Standing
from annotation.errors import ConflictError, NotFoundError
from annotation.ledger.repositories.platforms import Project
from annotation.ledger.unit_of_work import Ledger
from annotation.nomenclature.nomenclature import Nomenclature

# The longest title that Label Studio takes.
TITLE_LENGTH = 50
_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "fr": {SECOND: "second avis", ARBITRATION: "arbitrage"},
        "en": {SECOND: "second opinion", ARBITRATION: "arbitration"},
    }
)


def spec(campaign: Campaign, nomenclature: Nomenclature, *, queue: str, kind: Kind, prefill: bool) -> ProjectSpec:
    """The title tells the queue, whose coder is a pseudonym there too."""
    words = _WORDS.get(campaign.language, _WORDS["en"])
    behind = f" · {words.get(queue, queue)}" if queue != SHARED else ""
    return ProjectSpec(
        key=f"{campaign.key}/{campaign.nomenclature}" + (f"/{queue}" if queue != SHARED else ""),
        title=campaign.title[: TITLE_LENGTH - len(behind)] + behind,
        description=f"{nomenclature.title} ({nomenclature.key})",
        nomenclature=nomenclature,
        language=campaign.language,
        prefill=prefill,
        kind=kind,
        queue=queue,
    )


def kind_of(queue: str, team: Mapping[str, Enrolment]) -> Kind:
    """For whom the screen is: while a coder learns, it shows the settled code after theirs."""
    if queue == ARBITRATION:
        return Kind.ARBITRATION
    learns = queue in team and team[queue].state is Standing.TRAINING
    return Kind.TRAINING if learns else Kind.CODING


class Projects:
    """Those of one campaign, as far as the ledger knows them, put right or made when they are needed.

    ``restored`` counts the projects whose screen or settings were put back, ``replaced`` those made anew.
    """

    def __init__(
        self,
        ledger: Ledger,
        platform: Platform,
        campaign: Campaign,
        nomenclature: Nomenclature,
        shown: Shown,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._platform = platform
        self._campaign = campaign
        self._nomenclature = nomenclature
        self._prefill = shown.prefill
        self._clock = clock
        with ledger.read() as work:
            self._team = work.enrolments.current(campaign.key)
            known = work.platforms.projects(campaign.key, platform.name)
        self._known: dict[str, Project] = {project.queue: project for project in known}
        self.restored = 0
        self.replaced = 0

    @property
    def known(self) -> list[Project]:
        return list(self._known.values())

    def of_queue(self, queue: str) -> int:
        """The queue's project, made when it is missing."""
        if queue in self._known:
            return self._known[queue].external_id
        number = self._platform.ensure_project(self._spec(queue))
        key, name = self._campaign.key, self._platform.name
        hook = self._share_webhook(number)
        with self._ledger.begin() as work:
            work.platforms.add_project(campaign=key, platform=name, external_id=number, now=self._clock(), queue=queue)
            if hook is not None:
                work.platforms.set_webhook(key, name, hook, queue)
            project = work.platforms.project(key, name, queue)
        if project is None or project.external_id != number:
            raise ConflictError(
                f"The campaign {key} is another project by the ledger than {number} of {name}.",
                cure="Run the command again.",
            )
        self._known[queue] = project
        return number

    def mend(self, *, replace_deleted: bool) -> None:
        """Put back what of the screens and settings was changed by hand, or is of an older version of ours.

        Errors: NotFoundError (a project was deleted), ConflictError (it is somebody else's), InvalidInputError.
        """
        for project in self.known:
            try:
                self.restored += bool(self._platform.mend_project(project.external_id, self._spec(project.queue)))
            except NotFoundError as error:
                if not replace_deleted:
                    raise _deleted(self._platform, project) from error
                self._replace(project)

    def _replace(self, project: Project) -> None:
        number = self._platform.ensure_project(self._spec(project.queue))
        with self._ledger.begin() as work:
            work.platforms.replace_project(
                project.campaign, project.platform, project.queue, external_id=number, now=self._clock()
            )
            replaced = work.platforms.project(project.campaign, project.platform, project.queue)
        if replaced is not None:
            self._known[project.queue] = replaced
        self.replaced += 1

    def _share_webhook(self, number: int) -> int | None:
        like = next((one.external_id for one in self.known if one.webhook_id is not None), None)
        return None if like is None else self._platform.share_webhook(number, like=like)

    def _spec(self, queue: str) -> ProjectSpec:
        kind = kind_of(queue, self._team)
        return spec(self._campaign, self._nomenclature, queue=queue, kind=kind, prefill=self._prefill)


def _deleted(platform: Platform, project: Project) -> NotFoundError:
    return NotFoundError(
        f"{platform.name} has the project {project.external_id} ({project.queue or 'shared'}) of the campaign "
        f"{project.campaign} no more. What was said in it stays in the ledger.",
        cure="Restore it there from a backup. If it is gone for good: awb push --replace-deleted",
    )
