"""What persons asked for under the GDPR and what became of it; what was destroyed at its time."""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.engine.privacy_sentences import categories
from tui_migrate.engine.reporting.material import Material
from tui_migrate.i18n import _, ngettext
from tui_migrate.report.document import Cell, Lines, Mark, Section, Table


def rights(material: Material) -> Section:
    """Requests and what became of them, and purges. Persons stand in it by their pseudonym."""
    blocks = (_requests(material), _purges(material))
    return Section("rights", _("Rights of persons, and destruction"), blocks)


def _requests(material: Material) -> Table:
    done = {f.profile: (e, f) for e, f in material.of(person_facts.ErasureDone)}
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for e, asked in material.of(person_facts.ErasureAsked):
        became = _became(material, *done[asked.profile]) if asked.profile in done else _open()
        what = _("erasure (art. 17)")
        rows.append((e.at, (_who(asked.profile), what, *_by(material, e, asked.reason), became)))
    for e, refused in material.of(person_facts.ErasureRefused):
        kept = _("refused: {what} has to be kept").format(what=categories(refused.categories))
        what = _("erasure (art. 17)")
        cells = (_who(refused.profile), what, *_by(material, e, refused.reason), Mark(kept, "warn"))
        rows.append((e.at, cells))
    for kind, what, became in _marks():
        for e, f in material.of(kind):
            rows.append((e.at, (_who(f.profile), what, *_by(material, e, f.reason), became)))
    columns = (_("Person"), _("What"), _("By"), _("Reason"), _("What became of it"))
    ordered = tuple(cells for _at, cells in sorted(rows, key=lambda row: row[0]))
    return Table(columns, ordered, _("Nobody asked for a right."), _("Requests"))


_Noted = person_facts.Restricted | person_facts.RestrictionLifted | person_facts.Objected


def _marks() -> list[tuple[type[_Noted], str, Mark]]:
    """Requests that steps carry out: fact, article, and what it does."""
    return [
        (
            person_facts.Restricted,
            _("restriction (art. 18)"),
            Mark(_("left out of imports"), "warn"),
        ),
        (person_facts.RestrictionLifted, _("restriction (art. 18)"), Mark(_("lifted"), "good")),
        (person_facts.Objected, _("objection (art. 21)"), Mark(_("opt-outs everywhere"), "warn")),
    ]


def _who(pseudonym: str) -> Mark:
    return Mark(f"{pseudonym[:12]}…", "code")


def _by(material: Material, entry: facts.Entry, reason: str) -> tuple[Cell, Cell]:
    return Lines((entry.by, material.moment(entry.at))), material.said(reason) or "–"


def _open() -> Mark:
    return Mark(_("not done yet"), "bad")


def _became(material: Material, entry: facts.Entry, done: person_facts.ErasureDone) -> Lines:
    parts: list[str | Mark] = [Mark(_("erased"), "good"), material.moment(entry.at)]
    if done.target == "queued":
        parts.append(Mark(_("the target has to erase by itself"), "warn"))
    for held in done.backups:
        text = _("back-up {name} to be gone by {day}").format(name=held.name, day=held.purge_on)
        overdue = held.purge_on < material.at[:10]
        parts.append(Mark(text, "bad" if overdue else "quiet"))
    if done.left:
        parts.append(material.said(done.left))
    return Lines(tuple(parts))


def _purges(material: Material) -> Table:
    what = {
        "workspace": _("the whole workspace"),
        "exports": _("exports and back-ups over their time"),
    }
    rows = tuple(
        (
            what.get(f.what, f.what),
            *_by(material, e, f.reason),
            Lines((_files(f.files), _("{n} bytes").format(n=f.bytes))),
            Mark(f.sha256, "code") if f.sha256 else "–",
        )
        for e, f in material.of(facts.Purged)
    )
    columns = (_("What"), _("By"), _("Reason"), _("How much"), _("Certificate"))
    return Table(columns, rows, _("Nothing was destroyed."), _("Destruction"))


def _files(number: int) -> str:
    return ngettext("{n} file", "{n} files", number).format(n=number)
