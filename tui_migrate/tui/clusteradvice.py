"""What the keys do next on the review screen, in one line."""

from __future__ import annotations

from collections.abc import Callable

from tui_migrate.engine.review_queries import ClusterPage
from tui_migrate.i18n import _
from tui_migrate.tui.drafting import Draft


def advice(page: ClusterPage, draft: Draft, mode: str, key: Callable[[str], str]) -> str:
    """The line behind ``Next:``. ``mode``: what the next digit names a record for; ``key``: action id
    → its key, as it is printed."""
    count = len(page.ref.records) if page.ref is not None else 0
    match mode:
        case "exclude":
            return _("1–{n}: which record is somebody else?   {back}: none").format(
                n=count, back=key("review.back")
            )
        case "split":
            return _(
                "1–{n}: the next group for that record   {merge} merge each group   {back}: no"
            ).format(n=count, merge=key("review.merge"), back=key("review.back"))
        case "person":
            return _("1–{n}: whose person?   {back}: nobody’s").format(
                n=count, back=key("review.back")
            )
    if page.ref is None:
        return _("{back} back").format(back=key("review.back"))
    untouched = page.sheet is None or draft == Draft.of(page.sheet)
    if untouched and page.window.decided >= page.window.total:
        return _("{back} back: all is settled · {p} {n} look again · {undo} take back").format(
            back=key("review.back"),
            p=key("review.previous"),
            n=key("review.next"),
            undo=key("review.undo"),
        )
    text = _decisions(draft) if untouched else _decisions(draft) + _(" · {back} anew")
    return text.format(
        m=key("review.merge"),
        n=key("review.different"),
        u=key("review.unsure"),
        back=key("review.back"),
    )


def _decisions(draft: Draft) -> str:
    """What the keys say of the records as they are grouped now."""
    if draft.whole:
        return _("{m} merge · {n} not the same · {u} unsure")
    if draft.apart:
        return _("{m} {n} not the same, each somebody else · {u} unsure")
    if sum(len(group) > 1 for group in draft.groups) == 1:
        return _("{m} merge the others · {n} none the same · {u} unsure")
    return _("{m} merge each group · {n} none the same · {u} unsure")
