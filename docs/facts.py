"""Writes the tables of facts in audit-format.md from the types that the program uses.

Run it after a change in ``tui_migrate/audit/entries.py`` or the ``*_facts.py`` beside it; a test fails
while the two differ. What a field means stands below, by ``kind.field``, or by the field's name alone
where it is the same everywhere.
"""

from __future__ import annotations

import types
import typing
from pathlib import Path

import msgspec

from tui_migrate.audit import entries, person_facts
from tui_migrate.audit.gate_facts import Term
from tui_migrate.audit.review_facts import OpenedAnswer

PAGE = Path(__file__).resolve().parent / "audit-format.md"
BEGIN, END = "<!-- facts: written by docs/facts.py -->\n", "<!-- end of facts -->\n"

PARTS = (
    entries.StepOutline,
    entries.PhaseOutline,
    entries.FileSeen,
    entries.Segment,
    person_facts.BackupHolding,
    Term,
    OpenedAnswer,
)
"""Structures inside facts."""

PLAIN = {str: "text", int: "integer", bool: "boolean", type(None): "null", typing.Any: "any"}

MEANINGS = {
    "step": "id of the step in the runbook",
    "attempt": "1 for the first time, one more for every redo",
    "unit": "id of the piece of work inside the step",
    "gate": "id of the gate in the runbook",
    "evidence": "hash of what the sign-off binds to (see Evidence)",
    "title": "language → title",
    "attention": "language → what to watch for",
    "zone": "time zone of the runbook, for showing moments",
    "brands": "brands of the runbook",
    "phases": "the phases, in order",
    "steps": "the steps, in order",
    "objects": "path in the workspace → SHA-256 of the file's bytes, kept under `objects/`",
    "authors": "path in the workspace → user to whom the file belonged when its content was new",
    "window": "the change window: `days`, `from`, `to`, `quiet`, `blackout`, `holidays`; empty without",
    "rehearsal": "true: approvals count without evidence and nothing of it is a real migration",
    "version": "version of the program",
    "sha256": "SHA-256 of the file's bytes",
    "rows": "number of rows",
    "size": "bytes",
    "batch": "id of the batch, unique in the workspace",
    "figures": "name → number or short code; no personal value",
    "run.opened.run": "random id of the run, 32 hexadecimal digits",
    "run.opened.runbook": "name of the runbook",
    "run.opened.format": "version of this format: 1",
    "config.changed.changed": "paths of the files that differ, sorted",
    "run.recovered.torn_bytes": "bytes of a last line without newline, set aside",
    "run.recovered.late_units": "units that were committed but not journalled before",
    "run.recovered.rebuilt": "whether the staging database was made again",
    "delivery.seen.source": "name of the source",
    "delivery.seen.delivery": "name of the delivery (its folder), or its pseudonym (see Names)",
    "delivery.seen.full": "true: everything the source has; false: changes only",
    "delivery.seen.sequence": "number that the manifest gives; null without one",
    "delivery.seen.files": "the files, in path order",
    "delivery.seen.status": "`accepted`, `truncated`, `repeated`, `out_of_order`, `late`, `empty`, "
    "`mismatch` or `skipped`",
    "delivery.seen.reason": "pseudonym of the reason in words, or empty",
    "step.started.inputs": "name → digest of everything that the output depends on; "
    "delivered files by their pseudonym (see Names)",
    "step.planned.units": "how many units are planned",
    "unit.committed.counts": "name → number of rows",
    "unit.committed.digest": "SHA-256 of the canonical JSON of {table: content digest} over the "
    "staging rows that the unit wrote",
    "unit.committed.segment": "the trail segment; null when the unit has no events",
    "check.done.name": "what is stated",
    "check.done.passed": "whether it holds",
    "check.done.severity": "`block` stops the run, `warn` shows",
    "check.done.observed": "what was found; no personal value (see Names)",
    "check.done.expected": "what should have been found",
    "check.done.waivable": "whether a person may waive it when it fails",
    "step.finished.outcome": "`done`, or `blocked` by a failed check",
    "step.finished.digest": "SHA-256 of the canonical JSON of {unit: its digest}; of a checklist, of "
    "{item: [answer, file]}",
    "step.failed.code": "name of the kind of error",
    "step.failed.reference": "word commitment of the full message, which may name a value",
    "step.stale.reason": "what changed, in words, without values",
    "step.waiting.evidence": "of a gate: the hash that a sign-off will bind to; of a merge the SHA-256 "
    "of the list of clusters to be confirmed (see The safe lane); of a checklist empty",
    "step.waiting.subject": "of a gate: the number of records concerned, typed to sign; of a "
    "checklist the number of open questions",
    "gate.signed.decision": "`approve`, `conditions` or `reject`",
    "gate.signed.role": "the role of the runbook in which the person signed",
    "gate.signed.bound": "whether the person named the evidence or typed the number",
    "gate.signed.comment": "word commitment",
    "gate.signed.conditions": "word commitment of all conditions (journals before `terms`), or empty",
    "gate.signed.then": "after a rejection: `redo:<step>`, `rollback:<gate>`, `rollback:start`, "
    "`abort`, or empty",
    "gate.signed.signature": "SSH signature over the statement (see Signed sign-offs), or empty",
    "gate.signed.key": "fingerprint of the SSH key, or empty",
    "gate.signed.head": "hash of journal entry `head_seq`, which the statement names; or empty",
    "gate.signed.head_seq": "the journal entry that was the last when the person signed; 0 without",
    "gate.signed.terms": "the conditions; in a journal they are numbered `<gate>-1`, `<gate>-2`…",
    "gate.signed.part": "the brand or wave that it is about; empty: the whole gate",
    "gate.signed.giver": "user in whose place it was given, by delegation; or empty",
    "gate.signed.break_glass": "word commitment of the reason why the rules of the gate were broken; "
    "empty: they were kept",
    "Term.what": "word commitment",
    "Term.owner": "user or role that sees to it",
    "Term.due": "date (YYYY-MM-DD)",
    "condition.met.condition": "number of the condition, such as `gate-1`",
    "condition.met.comment": "word commitment",
    "deadline.due.what": "`reminded`, `escalated` or `expired`",
    "deadline.due.at": "the moment at which it fell due (UTC, ISO 8601)",
    "deadline.due.role": "role to which it is escalated, or empty",
    "deadline.reopened.reason": "word commitment",
    "deadline.reopened.until": "new last day (YYYY-MM-DD); empty: the hours count anew",
    "role.delegated.role": "role in the runbook",
    "role.delegated.to": "user who may act in it",
    "role.delegated.until": "last day (YYYY-MM-DD, zone of the run)",
    "role.delegated.reason": "word commitment",
    "role.revoked.role": "role in the runbook",
    "role.revoked.giver": "user who lent it",
    "role.revoked.to": "user who might act in it",
    "role.revoked.reason": "word commitment, or empty",
    "window.overridden.why": "`blackout`, `holiday`, `not_quiet` or `hours`",
    "window.overridden.reason": "word commitment",
    "hook.failed.hook": "`waiting`",
    "hook.failed.code": "`exit <n>`, `timeout`, `not found` or `refused`",
    "gate.voided.evidence": "the hash as it is now, or `stale`",
    "gate.voided.reason": "why, in words, without values",
    "gate.evidence_changed.evidence": "the hash as it is now",
    "check.waived.name": "the failed check",
    "check.waived.reason": "word commitment",
    "step.skipped.reason": "word commitment",
    "access.refused.what": "what was asked for: `attach`, `stop`, a command, or `sign <gate>`",
    "person.looked.what": "`search`, `person`, `consent`, `pair`, `finding` or `examples`",
    "person.looked.records": "pseudonyms of the records whose values were shown: of a profile that was "
    "found its founding one",
    "person.looked.place": "rule and field, or sources with a comma between",
    "export.made.subject": "of the file of one person: pseudonym of his record (of a profile: its "
    "founding record); else empty",
    "person.looked.reason": "word commitment of why, or empty",
    "person.looked.subject": "word commitment of what was searched for; pseudonym of the record (of a "
    "profile: its founding record) that was looked at",
    "step.redo.reason": "word commitment, or empty",
    "item.answered.item": "id of the question",
    "item.answered.answer": "word commitment of the answer, of the reason why it does not apply, or of "
    "the evidence file's name",
    "item.answered.not_applicable": "whether the question does not apply",
    "item.answered.file": "SHA-256 of the evidence file, kept in the vault; or empty",
    "pair.decided.record_a": "pseudonym of the first record",
    "pair.decided.record_b": "pseudonym of the second record",
    "pair.decided.decision": "`merge`, `different`, `unsure` or `undo`",
    "pair.decided.reference": "word commitment of the JSON text [[source, record], [source, record]]",
    "pair.decided.compared": "word commitment of the JSON text [[source, record], [source, record], "
    "digests, digests]; digests: compared field → first 12 digits of the MD5 of its value; or empty",
    "match.model.sha256": "SHA-256 of a JSON text with `declared` (what the runbook says) and `model`, "
    "kept under `objects/`",
    "match.proposed.sha256": "SHA-256 of a JSON text with `declared`, `learned` (kind → field → "
    "level → bits) and `effect` (counts and shares), kept under `objects/`",
    "match.proposed.attempt": "the attempt whose model it corrects",
    "match.proposed.decided": "number of pairs on which it rests",
    "match.judged.proposal": "`seq` of the entry that proposes it",
    "match.judged.sha256": "that of the proposal, as it was looked at",
    "match.judged.gate": "id of the gate whose roles accept it: the first that looks at the match",
    "match.judged.role": "the role in which he spoke",
    "match.judged.giver": "who lent him the role, or empty",
    "match.judged.decision": "`accept` or `reject`",
    "match.judged.settled": "true: nobody else is needed, the proposal is accepted, or rejected",
    "match.judged.reason": "word commitment, or empty",
    "cluster.decided.records": "pseudonyms of the records, in the order of their plain ids",
    "cluster.decided.groups": "who is one person: lists of places in `records`, each place in one",
    "cluster.decided.decision": "`settled`, `unsure` or `flagged`; of the last two each stands alone",
    "cluster.decided.members": "for each record the word commitment of the JSON text "
    "[[source, record], digests]; digests as of a pair",
    "cluster.decided.lead": "place of the record that founds the profile; -1: as the rules say",
    "cluster.decided.values": "field → places of the records whose values the profile takes",
    "cluster.decided.note": "word commitment, or empty",
    "cluster.decided.turn": "empty; or of records that two persons answer: `second`, or `third` where "
    "somebody settles what two saw differently (see Two answers)",
    "cluster.decided.opens": "the answers of others that were sealed until this one",
    "OpenedAnswer.entry": "`seq` of the sealed answer",
    "OpenedAnswer.groups": "as of `cluster.decided`",
    "OpenedAnswer.decision": "as of `cluster.decided`",
    "OpenedAnswer.lead": "as of `cluster.decided`",
    "OpenedAnswer.values": "as of `cluster.decided`",
    "OpenedAnswer.note": "as of `cluster.decided`",
    "cluster.answered.records": "pseudonyms of the records, in the order of their plain ids",
    "cluster.answered.members": "as of `cluster.decided`",
    "cluster.answered.answer": "word commitment of a JSON text with `decision`, `groups`, `lead`, "
    "`values` and `note` as of `cluster.decided`",
    "cluster.answered.anew": "whether earlier answers on these records do not count any more",
    "review.drawn.share": "0 to 1: the share of the clusters that two persons answer",
    "review.drawn.seed": "32 hexadecimal digits; the same as before where only the share changes",
    "review.drawn.third": "role of who settles what two see differently; empty: whoever may decide",
    "cluster.decided.lot": "of a cluster that would merge without a person: entry that drew the sample "
    "which it is of, or -1; else 0",
    "lane.drawn.sha256": "SHA-256 of the list (see The safe lane) of all clusters that the sample stands "
    "for, under `objects/`",
    "lane.drawn.clusters": "how many they are",
    "lane.drawn.aql": "acceptance quality limit, in per cent wrong ones",
    "lane.drawn.letter": "code letter of the plan of ISO 2859-1",
    "lane.drawn.accept": "up to so many wrong ones the sample is accepted",
    "lane.drawn.reject": "from so many on it is rejected",
    "lane.drawn.seed": "first 16 digits of the SHA-256 of `run|sha256`",
    "lane.drawn.basis": "digest of what the match rests on beside decisions of people",
    "lane.drawn.sample": "the drawn lines of the list, each as the list of its pseudonyms",
    "lane.judged.lot": "entry of the sample",
    "lane.judged.result": "`accepted`, `rejected`, or `open` again",
    "lane.judged.right": "clusters of one person, as a person says",
    "lane.judged.wrong": "clusters of several, or of which a person is not sure",
    "lane.decided.decision": "`merge`: they merge without a person; `review`: nothing does",
    "lane.decided.sha256": "SHA-256 of the list of the clusters that it is about, under `objects/`",
    "lane.decided.clusters": "how many they are, as the person typed it",
    "lane.decided.output": "digest of the match (`step.finished`) that they come from",
    "lane.decided.lots": "entries of the accepted samples that cover them; empty where none is asked for",
    "lane.voided.entry": "entry of the decision that counts no longer",
    "lane.voided.sha256": "SHA-256 of the list that would merge now (it is not kept)",
    "lane.voided.clusters": "how many they are",
    "decision.back.entry": "`seq` of the decision; or of the entry by which it was taken back last: "
    "then it counts again",
    "target.intent.digest": "content digest of the rows that will be written",
    "target.receipt.counts": "`create`, `update`, `skip`, `reject` → number of rows",
    "backup.made.name": "file under `backups/` of the workspace",
    "backup.made.files": "number of files in it",
    "backup.made.verified": "whether it was restored elsewhere and counted",
    "seal.made.seal": "number of the seal",
    "seal.made.sha256": "`hash` of the seal",
    "export.made.what": "name of the table, `report`, `lineage`, `person` or `splink` (normalised)",
    "export.made.recipient": "commitment of for whom it is, or empty",
    "export.made.basis": "commitment of the ground on which it may be given, or empty",
    "export.deleted.note": "commitment of how it is known, or empty",
    "export.deleted.proof": "SHA-256 of a file that says so, or empty",
    "seal.key.key": "fingerprint of the key, as `ssh-keygen -l` prints it",
    "seal.key.public": "the public key as a line of OpenSSH, without comment",
    "seal.key.reason": "`first`, `lost` or `rotated`",
    "seal.key.proof": "when rotated: signature by the key before (see Signatures); else empty",
    "export.made.purge_on": "date (YYYY-MM-DD) by which the file has to be gone",
    "erasure.asked.profile": "pseudonym of the founding record",
    "erasure.asked.records": "pseudonyms of all records that are erased, child rows' too",
    "erasure.asked.points": "HMAC-SHA-256(workspace key, `:point|` + e-mail address in small letters, or "
    "digits of a telephone number without country code and leading zero)",
    "erasure.asked.reason": "word commitment",
    "erasure.asked.loose": "HMAC-SHA-256(workspace key, `:key|` + source + `|` + key in small letters, "
    "without leading zeros, spaces and signs but `|` and one `-` between two digits); not of a key that "
    "somebody else's differs from in these only. Of an e-mail address: of `:address|` + the address in "
    "small letters, without accents and what follows a plus sign, at Gmail without dots too",
    "delivery.rewritten.kept": "commitments of what the vault keeps from here on under `opt-outs/`, "
    "as `erasure.asked` has them",
    "erasure.asked.kept": "commitments of what the vault keeps from here on under `opt-outs/`: what was "
    "said to one address or number that others have, without whoever said it",
    "erasure.asked.ended": "commitments of what it kept before and does not any more: the last who had "
    "the address is erased",
    "delivery.rewritten.source": "name of the source",
    "delivery.rewritten.delivery": "name of the delivery, or its pseudonym (see Names)",
    "delivery.rewritten.name": "pseudonym of the path in the workspace (see Names)",
    "delivery.rewritten.old": "SHA-256 of the file before",
    "delivery.rewritten.new": "SHA-256 of the file behind",
    "delivery.rewritten.lines": "numbers of the rows (by their first line) that are gone",
    "delivery.rewritten.cells": "number of cells that were emptied in other rows",
    "file.erased.what": "`export` or `evidence`",
    "file.erased.old": "SHA-256 of the file before",
    "file.erased.new": "SHA-256 of the file behind; empty when it is gone",
    "erasure.done.profile": "pseudonym of the founding record",
    "erasure.done.counts": "what was erased → how many",
    "erasure.done.staging": "SHA-256 of the staging database as it is without the person",
    "erasure.done.target": "`done`, `queued` (people do it there), or `none` (nothing was there)",
    "erasure.done.backups": "back-ups that may still hold the person",
    "erasure.done.left": "word commitment, or empty",
    "erasure.refused.profile": "pseudonym of the founding record",
    "erasure.refused.categories": "entities of which rows have to be kept",
    "erasure.refused.reason": "word commitment of the reason that was given for erasing",
    "person.restricted.profile": "pseudonym of the founding record",
    "person.restricted.records": "pseudonyms of all records of the person",
    "person.restricted.reason": "word commitment",
    "person.lifted.profile": "pseudonym of the founding record",
    "person.lifted.records": "pseudonyms of all records of the person",
    "person.lifted.reason": "word commitment",
    "person.objected.profile": "pseudonym of the founding record",
    "person.objected.records": "pseudonyms of all records of the person",
    "person.objected.reason": "word commitment",
    "workspace.purged.what": "`exports` or `workspace`",
    "workspace.purged.files": "number of files",
    "workspace.purged.bytes": "their bytes together",
    "workspace.purged.reason": "word commitment, or empty",
    "workspace.purged.sha256": "SHA-256 of the certificate (JSON); empty without one",
    "BackupHolding.name": "file under `backups/` of the workspace",
    "BackupHolding.purge_on": "date (YYYY-MM-DD) by which it has to be gone",
    "run.ended.outcome": "`done`",
    "StepOutline.id": "id of the step",
    "StepOutline.phase": "id of its phase",
    "StepOutline.uses": "kind of step",
    "StepOutline.ref": "the passage that asks for the step",
    "StepOutline.unskippable": "whether it may never be skipped, nor its checks waived",
    "StepOutline.evidence": "of a gate: ids of the steps that its sign-offs bind to",
    "StepOutline.approvals": "of a gate: objects with `role` and `min`",
    "StepOutline.signature": "of a gate: roles whose sign-offs have to be signed with SSH",
    "StepOutline.items": "of a checklist: objects with `id`, `question`, `type`, `choices`, `expect`, "
    "`required`, `owner`, `due`, `evidence`",
    "StepOutline.deadline": "`hours` or `on`, `remind_hours`, `escalate_to`, `expire`; empty without",
    "StepOutline.parts": "of a gate that is divided: its brands or waves",
    "StepOutline.break_glass": "of a gate: whether its rules may be broken in an emergency",
    "StepOutline.safe_lane": "of a match: `sample` or `confirm`, what has to happen before its clusters "
    "merge without a person; empty where nothing has to",
    "PhaseOutline.id": "id of the phase",
    "FileSeen.name": "pseudonym of the path in the workspace (see Names)",
    "Segment.path": "path under the audit folder",
    "Segment.digest": "content digest",
    "Segment.root": "root of the hash tree over its records (see Hash trees)",
}


def spelled(kind: typing.Any) -> str:
    """A type in words."""
    if kind in PLAIN:
        return PLAIN[kind]
    arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin is list:
        return f"list of {spelled(arguments[0])}"
    if origin is dict:
        return f"map to {spelled(arguments[1])}"
    if origin in (types.UnionType, typing.Union):
        return " or ".join(spelled(part) for part in arguments)
    return str(kind.__name__)


def name_of(kind: type[msgspec.Struct]) -> str:
    """A fact's ``kind``, or the name of a structure inside facts."""
    return str(kind.__struct_config__.tag or kind.__name__)


def known() -> list[type[msgspec.Struct]]:
    """All facts, and the structures inside them."""
    return [*typing.get_args(entries.AnyFact), *PARTS]


def fields(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Field → type in words, in order."""
    return {name: spelled(t) for name, t in typing.get_type_hints(kind).items()}


def meaning(kind: type[msgspec.Struct], field: str) -> str:
    """What a field means. ``KeyError`` when nobody has written it."""
    own = f"{name_of(kind)}.{field}"
    if own in MEANINGS:
        return MEANINGS[own]
    if field in MEANINGS:
        return MEANINGS[field]
    raise KeyError(own)


def section(kind: type[msgspec.Struct]) -> str:
    """One kind: its heading, what it says, its fields."""
    story = " ".join((kind.__doc__ or "").split()).replace("``", "`")
    rows = [f"| `{f}` | {t} | {meaning(kind, f)} |" for f, t in fields(kind).items()]
    return "\n".join(
        [
            f"### `{name_of(kind)}`",
            story,
            "",
            "| field | type | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def written(page: str) -> str:
    """The page with the tables as they should be."""
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(section(kind) for kind in known()) + END + after


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
