"""The replay as a page: all of it works without a script, which only plays and listens to keys.

Every text from data goes through ``said``, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui_migrate.engine.rewind import DECISION, FAILURE, GATE, REST, SEAL
from tui_migrate.i18n import _, language, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.report.plots import said
from tui_migrate.web.asked import KINDS, Asked, Place

Json = dict[str, Any]

AROUND = 14
"""Entries that are listed before and behind the present one."""
CELLS = {"wide": 110, "narrow": 34}
"""Places for signs on the time line, so that two never overlap."""
GLYPHS = {
    "done": "✓", "running": "▶", "paused": "‖", "waiting": "‖", "attention": "!", "failed": "✗",
    "todo": "○", "stale": "↺", "skipped": "–",
}  # fmt: skip
_KINDS = {FAILURE: "failure", GATE: "gate", SEAL: "seal", DECISION: "decision"}
_RANK = {FAILURE: 4, GATE: 3, SEAL: 2, DECISION: 1}
_TONES = {FAILURE: "bad", GATE: "warn"}


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: the run, its told entries, the steps as they stood at ``place``."""

    asked: Asked
    place: Place
    title: str
    rehearsal: bool
    span: str
    """From when to when the run went, with its zone."""
    phases: Sequence[Json]
    steps: Sequence[Json]
    told: Sequence[Json]
    broken: str = ""
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind of a filter → the words that can be chosen for it."""

    def link(self, at: int, **changed: Any) -> str:
        """The address of another moment; the last one has none, so that the page follows the run."""
        return self.asked.link(0 if at >= len(self.told) else at, **changed)

    @property
    def entry(self) -> Json | None:
        """The entry at which the page stands."""
        return self.told[self.place.at - 1] if self.place.at and self.told else None


def document(title: str, rehearsal: bool, where: str, body: str, attributes: str = "") -> str:
    """A page with its head, the banner of a rehearsal and the way to the others."""
    banner = _("REHEARSAL: nothing of this counts as a real migration.") if rehearsal else ""
    links = "".join(
        f'<a href="{href}"{" aria-current=page" if href == where else ""}>{said(text)}</a>'
        for href, text in (("/", _("Replay")), ("/report", _("Report")))
    )
    return f"""<!doctype html>
<html lang="{language()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{said(title)} · tui-migrate</title>
<link rel="stylesheet" href="/replay.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<script src="/replay.js" defer></script>
</head>
<body{attributes}>
<p id="banner"{"" if banner else " hidden"}>{said(banner)}</p>
<header><h1 id="title">{said(title)}</h1><nav>{links}</nav></header>
{body}
</body>
</html>
"""


def replay(view: View) -> str:
    """The page of the replay."""
    count, at = len(view.told), view.place.at
    values = {
        "at": at,
        "count": count,
        "live": int(not view.asked.at),
        "live-words": _("follows the run"),
        "gone": _("tui-migrate serve has ended."),
        "play": _("Play"),
        "pause": _("Pause"),
    }
    attributes = "".join(f' data-{name}="{said(str(value))}"' for name, value in values.items())
    trouble = view.place.trouble or view.broken
    sentence = view.entry["text"] if view.entry else _("Nothing was begun here.")
    keys = "   ".join(
        (
            _("← → step   ↑ ↓ ten   n p next and earlier mark   Home End"),
            _("space plays   t goes to a moment   f filters   d marks, then compares"),
        )
    )
    body = f"""<section id="player" aria-label="{said(_("Replay"))}">
<div id="track">{_line(view)}</div>
<input id="seek" type="range" min="{min(1, count)}" max="{count}" value="{at}" step="1" hidden
 aria-label="{said(_("entry"))}" aria-valuetext="{said(_where(view))}">
{_controls(view)}
<p id="sentence" aria-live="polite">{said(sentence)}</p>
<p id="trouble" role="alert"{"" if trouble else " hidden"}>{said(trouble)}</p>
</section>
{_finding(view)}
<main>
{_steps(view)}
{_entries(view)}
</main>
<footer><p>{said(_("‖ gate   ✗ failure   · decision   ◆ seal"))}</p>
<p id="keys" hidden>{said(keys)}</p>
<p>{said(_("To look at only: nothing can be run or signed here."))}</p></footer>"""
    return document(view.title, view.rehearsal, "/", body, attributes)


def _where(view: View) -> str:
    count = grouped(len(view.told))
    place = _("entry {n} of {count}").format(n=grouped(view.place.at), count=count)
    when = f"{view.entry['day']} {view.entry['time']}" if view.entry else ""
    return " · ".join(filter(None, (when, place)))


def _percent(view: View, at: int) -> float:
    return 0.6 + 98.8 * (at - 1) / max(1, len(view.told) - 1)


def _line(view: View) -> str:
    """The whole run as a line of signs; of entries at one place the gravest is shown."""
    now = f"{_percent(view, view.place.at):.2f}%"
    fits = None if view.place.only is None else set(view.place.only)
    signed = [
        entry
        for entry in view.told
        if entry["mark"] in _RANK and (fits is None or entry["seq"] in fits)
    ]
    groups = []
    for name, cells in CELLS.items():
        taken: dict[int, Json] = {}
        for entry in signed:
            cell = round(_percent(view, entry["seq"]) * cells / 100)
            if cell not in taken or _RANK[taken[cell]["mark"]] < _RANK[entry["mark"]]:
                taken[cell] = entry
        signs = "".join(_sign(view, entry) for entry in taken.values())
        groups.append(f'<g class="{name}">{signs}</g>')
    mark = ""
    if view.asked.mark:
        mark = f'<text class="marked" x="{_percent(view, view.asked.mark):.2f}%" y="34">┼</text>'
    return (
        '<svg id="line" aria-hidden="true">'
        '<line class="rail" x1="0.6%" x2="99.4%" y1="28" y2="28"/>'
        f'<line class="past" x1="0.6%" x2="{now}" y1="28" y2="28"/>{"".join(groups)}{mark}'
        f'<line class="now" x1="{now}" x2="{now}" y1="2" y2="34"/></svg>'
    )


def _sign(view: View, entry: Json) -> str:
    href = said(view.link(entry["seq"]))
    at = f"{_percent(view, entry['seq']):.2f}%"
    return (
        f'<a href="{href}" tabindex="-1" data-go><text class="{_KINDS[entry["mark"]]}"'
        f' x="{at}" y="20">{entry["mark"]}</text></a>'
    )


def _button(name: str, sign: str, words: str, href: str) -> str:
    """A link that looks like a button; without ``href`` it leads nowhere, and says so."""
    target = f'href="{said(href)}"' if href else 'role="link" aria-disabled="true" tabindex="0"'
    shown = f'<span aria-hidden="true">{sign}</span>' if sign else said(words)
    label = f' aria-label="{said(words)}" title="{said(words)}"' if sign else ""
    return f'<a id="{name}" class="button" {target}{label} data-go>{shown}</a>'


def _controls(view: View) -> str:
    place, count = view.place, len(view.told)

    def to(entry: int) -> str:
        return view.link(entry) if entry and entry != place.at else ""

    buttons = [
        _button("first", "⇤", _("First"), to(place.step(-count, count))),
        _button("earlier", "‖←", _("Earlier mark"), to(_marked(view, -1))),
        _button("ten-back", "«", _("Ten back"), to(place.step(-10, count))),
        _button("back", "←", _("Back"), to(place.step(-1, count))),
        f'<button id="play" type="button" hidden>{said(_("Play"))}</button>',
        _button("on", "→", _("On"), to(place.step(1, count))),
        _button("ten-on", "»", _("Ten on"), to(place.step(10, count))),
        _button("next", "→‖", _("Next mark"), to(_marked(view, 1))),
        _button("last", "⇥", _("Last"), view.link(count) if view.asked.at else ""),
    ]
    marks = (
        _marking(view) if place.at else ""  # a run that was not begun has no moments
    )
    return (
        f'<div id="controls" role="group">{"".join(buttons)}{marks}'
        f'<output id="place">{said(_where(view))}</output></div>'
    )


def _marking(view: View) -> str:
    """To mark this moment; with a mark, to compare this moment with it."""
    asked, at = view.asked, view.place.at
    if not asked.mark:
        return _button("mark", "", _("Mark"), view.link(at, mark=at))
    forget = _button("unmark", "", _("Forget the mark"), view.link(at, mark=0))
    if asked.mark == at:
        return forget
    first, second = sorted((asked.mark, at))
    words = _("Compare with entry {n}").format(n=grouped(asked.mark))
    href = f"/beside?a={first}&b={second}"
    return _button("compare", "", words, href).replace(" data-go", "") + forget


def _marked(view: View, by: int) -> int:
    """The next or earlier entry with a sign, among those that fit; the end where there is none."""
    at, only = view.place.at, view.place.only
    numbers: Iterable[int]
    if only is None:
        numbers = range(at + 1, len(view.told) + 1) if by > 0 else range(at - 1, 0, -1)
    else:
        numbers = [n for n in only if n > at] if by > 0 else [n for n in only[::-1] if n < at]
    end = view.place.step(by * len(view.told), len(view.told))
    return next((n for n in numbers if view.told[n - 1]["mark"] != REST), end)


def _finding(view: View) -> str:
    """The forms: to a moment, a filter, two moments side by side."""
    asked, at = view.asked, view.place.at
    labels = {"by": _("Who"), "step": _("Step"), "brand": _("Brand")}
    fields = "".join(
        f'<label>{said(labels[kind])} <input name="{kind}" value="{said(getattr(asked, kind))}"'
        f' list="known-{kind}" size="12" autocomplete="off"></label>'
        f'<datalist id="known-{kind}">{_options(view.known.get(kind, ()))}</datalist>'
        for kind in KINDS
    )
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{said(value)}">'
        for name, value in asked.kept.items()
    )
    only = view.place.only
    found = ""
    if only is not None:
        count = ngettext("{n} entry fits", "{n} entries fit", len(only))
        found = f'<span id="fits">{said(count.format(n=grouped(len(only))))}</span>'
        found += f'<a id="all" href="{said(view.link(at, by="", step="", brand=""))}" data-go>'
        found += f"{said(_('all entries'))}</a>"
    here = f'<input type="hidden" name="here" value="{at}">'
    mark = f'<input type="hidden" name="mark" value="{asked.mark}">' if asked.mark else ""
    example = said(_("entry, 14:02, or 2026-03-01 14:02"))
    other = asked.mark if asked.mark and asked.mark != at else ""
    return f"""<section id="finding" aria-label="{said(_("Find a moment"))}">
<form action="/" method="get" data-go>{here}{kept}
<label>{said(_("Go to"))} <input id="goto" name="at" placeholder="{example}" size="30" required
 autocomplete="off"></label> <button>{said(_("Go"))}</button>
<span class="quiet">{said(view.span)}</span></form>
<form action="/" method="get" data-go id="filter"><input type="hidden" name="at" value="{at}">{mark}
{fields} <button>{said(_("Filter"))}</button> {found}</form>
<form action="/beside" method="get">{here}
<label>{said(_("Side by side"))} <input name="a" value="{other}" size="16" required
 autocomplete="off"></label> <label>{said(_("and"))} <input name="b" value="{at}" size="16" required
 autocomplete="off"></label> <button>{said(_("Compare"))}</button></form>
</section>"""


def _options(words: Sequence[str]) -> str:
    return "".join(f'<option value="{said(word)}">' for word in words)


def _entries(view: View) -> str:
    """The entries around the present one, the newest above; with a filter, those that fit."""
    at, only = view.place.at, view.place.only
    numbers = range(1, len(view.told) + 1) if only is None else only
    here = next((i for i, n in enumerate(numbers) if n >= at), len(numbers))
    near = numbers[max(0, here - AROUND) : here + AROUND + 1]
    rows = "".join(_row(view, view.told[n - 1]) for n in reversed(near))
    return f'<section id="entries" aria-label="{said(_("Journal"))}"><ol id="list">{rows}</ol></section>'


def _row(view: View, entry: Json) -> str:
    here = " aria-current=true" if entry["seq"] == view.place.at else ""
    sign = "" if entry["mark"] == REST else entry["mark"]
    tone = _TONES.get(entry["mark"], "quiet")
    return (
        f'<li{here}><a href="{said(view.link(entry["seq"]))}" data-go>'
        f'<span class="seq">{entry["seq"]}</span><span class="at">{said(entry["time"])}</span>'
        f'<span class="{tone}">{sign}</span><span>{said(entry["text"])}</span></a></li>'
    )


def _steps(view: View) -> str:
    current = view.entry["step"] if view.entry else ""
    parts = []
    for phase in view.phases:
        parts.append(f"<h2>{said(phase['title'] or phase['id'])}</h2>")
        parts += [_step(s, s["id"] == current) for s in view.steps if s["phase"] == phase["id"]]
    return f'<section id="steps" aria-label="{said(_("Steps"))}">{"".join(parts)}</section>'


def _step(step: Json, current: bool) -> str:
    tone = said(step["tone"])
    rows = []
    if step["attempt"] > 1:
        rows.append(_quiet(_("attempt {n}").format(n=step["attempt"])))
    if step["status"] == "running" and step["total"]:
        rows.append(_quiet(_("{done} of {total} units").format(**step)))
    rows += [
        _pairs(_("Figures"), step["figures"]),
        _pairs(_("Checks"), step["checks"]),
        _pairs(_("Sign-offs"), [["", one] for one in step["signs"]]),
    ]
    inside = "".join(rows)
    return (
        f'<details data-step="{said(step["id"])}" data-status="{step["status"]}"'
        f"{' class=now' if current else ''}><summary>"
        f'<span class="glyph {tone}" aria-hidden="true">{GLYPHS.get(step["status"], "○")}</span>'
        f'<span>{said(step["title"])}</span><span class="word {tone}">{said(step["word"])}</span>'
        f"</summary>{inside or _quiet('–')}</details>"
    )


def _quiet(text: str) -> str:
    return f'<p class="quiet">{said(text)}</p>'


def _pairs(title: str, rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    told = "".join(f"<div><dt>{said(n)}</dt><dd>{said(v)}</dd></div>" for n, v in rows)
    return f"<h3>{said(title)}</h3><dl>{told}</dl>"
