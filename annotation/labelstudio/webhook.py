"""Webhooks of Label Studio: one attempt, no signature, sometimes lost. They only say where to look."""

from __future__ import annotations

from collections.abc import Mapping

from annotation.labelstudio.session import Session

SECRET_HEADER = "X-AWB-Secret"  # noqa: S105
ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
    "TASKS_CREATED",
    "TASKS_DELETED",
)


def register(session: Session, *, project: int, url: str, secret: str) -> int:
    """The id of the project's webhook to ``url``, made or brought up to date; it carries the secret in a header."""
    return _put(session, project, url, {SECRET_HEADER: secret})


def share(session: Session, *, project: int, like: int) -> int | None:
    """The id of a webhook of the project that goes where that of ``like`` does; None where that has none of ours."""
    for hook in session.get("api/webhooks/", project=like):
        if hook["is_active"] and SECRET_HEADER in (hook["headers"] or {}):
            return _put(session, project, hook["url"], hook["headers"])
    return None


def _put(session: Session, project: int, url: str, headers: Mapping[str, str]) -> int:
    body = {
        "project": project,
        "url": url,
        "headers": dict(headers),
        # Without its payload an event names neither task nor annotation.
        "send_payload": True,
        "send_for_all_actions": False,
        "actions": list(ACTIONS),
        "is_active": True,
    }
    known = [hook for hook in session.get("api/webhooks/", project=project) if hook["url"] == url]
    if known:
        hook_id = int(known[0]["id"])
        session.write("PATCH", f"api/webhooks/{hook_id}/", body=body)
        return hook_id
    return int(session.write("POST", "api/webhooks/", body=body)["id"])
