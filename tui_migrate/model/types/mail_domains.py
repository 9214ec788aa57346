"""Typing errors in the domains of e-mail addresses, and what was probably meant.

The list is made from the providers that Dutch and Belgian people use most: every name with one
letter left out, doubled or swapped with its neighbour, plus errors in the top-level domain. Domains
that really exist as mail providers are left out (``ymail.com`` is not ``gmail.com``).
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

from tui_migrate.model.types.tidy import words

_PROVIDERS = {
    "gmail": ("com",),
    "hotmail": ("com", "nl", "be", "fr"),
    "outlook": ("com", "nl", "be"),
    "icloud": ("com",),
    "yahoo": ("com", "fr"),
    "kpnmail": ("nl",),
    "ziggo": ("nl",),
    "xs4all": ("nl",),
    "hetnet": ("nl",),
    "planet": ("nl",),
    "casema": ("nl",),
    "upcmail": ("nl",),
    "chello": ("nl",),
    "quicknet": ("nl",),
    "telenet": ("be",),
    "skynet": ("be",),
    "proximus": ("be",),
    "scarlet": ("be",),
    "protonmail": ("com",),
}
_WRONG_ENDINGS = {
    "com": (
        "con",
        "cmo",
        "ocm",
        "vom",
        "xom",
        "cpm",
        "comm",
        "coom",
        "co",
        "cm",
        "om",
        "cim",
        "cok",
    ),
    "nl": ("ml", "nk", "n", "nll", "nnl", "ln", "nl.nl"),
    "be": ("bee", "bbe", "eb", "ne", "b"),
    "fr": ("ft", "rf", "frr"),
}
# Endings that no top-level domain has (IANA root zone): wrong whatever stands before them.
IMPOSSIBLE_ENDINGS = MappingProxyType(
    {
        "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "cpm": "com",
        "comm": "com", "coom": "com", "cim": "com", "nll": "nl", "nnl": "nl", "ln": "nl", "nk": "nl",
        "bee": "be", "bbe": "be",
    }
)  # fmt: skip
_REAL = words(
    "mail.com email.com ymail.com gmx.com mail.nl mail.be mail.fr planet.nl yaho.com "
    "ahoo.com outloo.com lanet.nl net.nl loud.com cloud.com icoud.com elenet.be kynet.be "
    "upmail.nl ail.com hello.nl cello.nl scarle.be scalet.be carlet.be carlet.nl "
    "gmail.co.uk zigo.nl sky.be gail.com casma.nl casem.nl plant.nl plane.nl planet.be "
    "hetet.nl aol.com outlok.nl"
)
_EXTRA = {
    "gmial.com": "gmail.com", "gnail.com": "gmail.com", "gmsil.com": "gmail.com",
    "gamil.com": "gmail.com", "gmali.com": "gmail.com", "gimail.com": "gmail.com",
    "g-mail.com": "gmail.com", "gmail.nl": "gmail.com", "gmail.be": "gmail.com",
    "googelmail.com": "googlemail.com", "hotmial.com": "hotmail.com", "hotmsil.com": "hotmail.com",
    "hormail.com": "hotmail.com", "hotmail.cm": "hotmail.com", "homail.com": "hotmail.com",
    "hotnail.com": "hotmail.com", "outllok.com": "outlook.com", "outlok.com": "outlook.com",
    "live.n": "live.nl", "live.ml": "live.nl", "live.con": "live.com", "lve.nl": "live.nl",
    "home.ml": "home.nl", "telnet.be": "telenet.be", "telemet.be": "telenet.be",
    "tele.net.be": "telenet.be", "icould.com": "icloud.com", "xs4al.nl": "xs4all.nl",
    "xsall.nl": "xs4all.nl", "zigoo.nl": "ziggo.nl", "ziggo.com": "ziggo.nl",
}  # fmt: skip


@cache
def typo_domains() -> MappingProxyType[str, str]:
    """Wrong domain → domain that was meant. No wrong domain is itself a meant one."""
    meant = {f"{name}.{end}" for name, ends in _PROVIDERS.items() for end in ends}
    found: dict[str, str] = {}
    for name, ends in _PROVIDERS.items():
        for end in ends:
            right = f"{name}.{end}"
            for wrong in _misspelt(name):
                found.setdefault(f"{wrong}.{end}", right)
            for ending in _WRONG_ENDINGS[end]:
                found.setdefault(f"{name}.{ending}", right)
    found.update(_EXTRA)
    return MappingProxyType(
        {wrong: right for wrong, right in found.items() if wrong not in meant | _REAL}
    )


def _misspelt(name: str) -> list[str]:
    made = []
    for place in range(len(name)):
        made.append(name[:place] + name[place] + name[place:])
        if place:
            made.append(name[:place] + name[place + 1 :])
        if place + 1 < len(name):
            made.append(name[:place] + name[place + 1] + name[place] + name[place + 2 :])
    return [wrong for wrong in made if wrong != name]


def suggest_domain(domain: str) -> str | None:
    """The domain that was probably meant, or None where ``domain`` shows no known typing error."""
    small = domain.strip().rstrip(".").lower()
    found = typo_domains().get(small)
    if found is not None:
        return found
    name, dot, ending = small.rpartition(".")
    if not dot or ending not in IMPOSSIBLE_ENDINGS or not name:
        return None
    repaired = f"{name}.{IMPOSSIBLE_ENDINGS[ending]}"
    return typo_domains().get(repaired, repaired)
