"""Numbers and codes of checks and rules as people read them."""

from __future__ import annotations

import re

from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import decimal, grouped, short

_LONG = re.compile(r"(?<![\w.,:/-])\d{5,}(?![\w.,:/-])")
_BOUND = re.compile(r"(>=|<=|>|<|=)\s*(.+)")


def _bounds() -> dict[str, str]:
    return {
        ">=": _("at least {n}"),
        "<=": _("at most {n}"),
        ">": _("more than {n}"),
        "<": _("less than {n}"),
        "=": "{n}",
    }


def measured(text: str) -> str:
    """What a check observed or expected, for people: ``>= 0.95`` → ``at least 95 %``.

    A share (a decimal between 0 and 1) becomes a percentage; numbers are grouped.
    """
    if bound := _BOUND.fullmatch(text):
        return _bounds()[bound[1]].format(n=measured(bound[2]))
    if re.fullmatch(r"0\.\d+|1\.0+", text):
        return f"{short(float(text) * 100)} %"
    return _LONG.sub(lambda found: grouped(int(found[0])), text)


_SUPPRESSION = "suppression:"


def _rules() -> dict[str, str]:
    return {
        "newest_optin": _("the newest statement is an opt-in"),
        "newest_optout": _("the newest statement is an opt-out"),
        "undated_optout": _("an opt-out without a date"),
        "tie_optout": _("opt-in and opt-out at the same instant"),
        "unconfirmed_optin": _("the later opt-in was not confirmed"),
        "no_evidence": _("nothing proves a permission"),
        "optin_without_proof": _("opt-in without proof"),
    }


def evidence_words(evidence: str) -> str:
    """The evidence of a consent as people read it: as its source says it, or that it was kept."""
    from tui_migrate.staging.erasure import WHY_KEPT  # with DuckDB: most clients do without

    if evidence == WHY_KEPT:
        return _("opt-out of an address, kept when somebody who shared it was erased")
    return evidence


def rule_words(rule: str) -> str:
    """The id of a rule as words: ``email.typo_domain`` → ``email: typo domain``."""
    if known := _rules().get(rule):
        return known
    if rule.startswith(_SUPPRESSION):
        why = rule.removeprefix(_SUPPRESSION).replace("_", " ")
        return _("silenced: {why}").format(why=_(why) if why else "–")
    words = re.sub(r"[.:]\s*", ": ", rule)
    return re.sub(r"[_-]", " ", words)


_PER_MILLE = " per mille"


def _figures() -> dict[str, str]:
    return {
        "findings block": _("findings that stop"),
        "findings warn": _("findings that warn"),
        "findings note": _("findings to note"),
    }


def figure_words(name: str) -> str:
    """The name of a step's figure for people: ``complete_per_mille`` → ``complete``."""
    words = name.replace("_", " ")
    if words.startswith("rule "):
        return _("by rule {rule}").format(rule=rule_words(words.removeprefix("rule ")))
    return _figures().get(words, words.removesuffix(_PER_MILLE))


def figure_text(name: str, value: int | str) -> str:
    """A figure of a step for people: numbers grouped, per mille as per cent, codes as they are."""
    if not isinstance(value, int):
        return value
    if name.replace("_", " ").endswith(_PER_MILLE):
        return f"{decimal(value / 10)} %"
    return grouped(value)


def status_words(status: str) -> str:
    """How a step stands (a value of ``state.Status``), as it is refused or told."""
    known = {
        "todo": _("to do"),
        "running": _("running"),
        "paused": _("paused"),
        "waiting": _("waiting"),
        "attention": _("attention"),
        "failed": _("failed"),
        "done": _("done"),
        "stale": _("stale"),
        "skipped": _("skipped"),
    }
    return known[status]


def counted(number: int, entity: str) -> str:
    """``5 orders``, ``1 subscription``: a number of rows of an entity."""
    forms = {
        "address": ngettext("address", "addresses", number),
        "attendance": ngettext("attendance", "attendances", number),
        "consent": ngettext("consent", "consents", number),
        "contact_point": ngettext("contact point", "contact points", number),
        "donation": ngettext("donation", "donations", number),
        "group": ngettext("group", "groups", number),
        "interaction": ngettext("interaction", "interactions", number),
        "interest": ngettext("interest", "interests", number),
        "invoice": ngettext("invoice", "invoices", number),
        "mandate": ngettext("mandate", "mandates", number),
        "membership": ngettext("membership", "memberships", number),
        "order": ngettext("order", "orders", number),
        "preference": ngettext("preference", "preferences", number),
        "relation": ngettext("relation", "relations", number),
        "subscription": ngettext("subscription", "subscriptions", number),
        "suppression": ngettext("suppression", "suppressions", number),
    }
    words = forms.get(entity, entity.replace("_", " "))
    return f"{grouped(number)} {words}"
