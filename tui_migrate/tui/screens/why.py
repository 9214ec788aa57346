"""Why somebody looks at persons: asked once, kept until he changes it or leaves."""

from __future__ import annotations

from tui_migrate.i18n import _
from tui_migrate.tui.screens.form import Ask, Form, needed


def why_form(purpose: str, *, must: bool) -> Form:
    """The question. ``must``: the runbook wants an answer."""
    intro = _(
        "It is journalled with every look at persons, until you change it with F2 or leave. Name the"
        " matter, not the person."
    )
    if must:
        intro = _("Nothing of persons is shown here without a reason.") + " " + intro
    check = needed(_("Say why.")) if must else None
    asks = [Ask("why", _("Reason"), purpose, check=check)]
    return Form(_("Why do you look?"), intro, asks, submit=_("keep"))
