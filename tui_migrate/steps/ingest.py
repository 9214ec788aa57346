"""Step kind ``ingest``: deliveries into staging, one unit per file, then what became of each row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, cast

from tui_migrate.audit.entries import DeliverySeen, FileSeen
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.mapping.load import load_mappings
from tui_migrate.mapping.model import Mapping
from tui_migrate.runbook.kinds import IngestWith
from tui_migrate.runbook.load import load_runbook
from tui_migrate.runbook.models import SourceSpec
from tui_migrate.staging.deliveries import (
    Delivery,
    Unread,
    files_of,
    find_deliveries,
    hash_files,
    unread_files,
)
from tui_migrate.staging.erasure import Erased
from tui_migrate.staging.readers import (
    FileFormat,
    Job,
    raw_table,
    read_file,
    settle_format,
    type_of,
)
from tui_migrate.staging.sheets import other_sheets
from tui_migrate.steps import newcomers
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit
from tui_migrate.steps.erased_rows import Rows
from tui_migrate.steps.ingest_settle import GONE, SETTLE, settle

# One row is a file of which not a single line could be read.
_UNREADABLE = """
SELECT r.source, r.delivery, r.file, count(*), any_value(j.reason)
FROM record r LEFT JOIN reject j USING (source, delivery, file, line)
GROUP BY ALL HAVING count(*) = count(j.reason) ORDER BY ALL
"""


def file_format(spec: SourceSpec) -> FileFormat:
    """The reader's format out of the runbook's."""
    form = spec.format
    encoding = "utf-8" if form.encoding == "utf-8-sig" else form.encoding
    return FileFormat(form.type, form.delimiter, encoding, form.header, form.quote, form.sheet)


class IngestStep(Step):
    """Reads all full deliveries of the sources that are not deltas and not declared absent."""

    kind: ClassVar[str] = "ingest"
    outputs: ClassVar[tuple[str, ...]] = ("record", "reject", "fate", "finding")

    @property
    def _names(self) -> list[str]:
        with_ = self.spec.with_
        assert isinstance(with_, IngestWith)  # noqa: S101 - the runbook's type says so
        wanted = with_.sources or tuple(self.runbook.sources)
        return [
            name
            for name in wanted
            if not self.runbook.sources[name].deltas
            and self.runbook.sources[name].not_present is None
        ]

    @cached_property
    def _found(self) -> dict[str, list[Delivery]]:
        return {}

    def _deliveries(self, context: Context) -> list[Delivery]:
        for name in self._names:
            if name not in self._found:
                files = self.runbook.sources[name].files
                self._found[name] = find_deliveries(context.workspace, name, files)
        return [delivery for name in self._names for delivery in self._found[name]]

    def _changes(self, context: Context) -> list[Delivery]:
        """Deliveries of changes that are read too, for the newcomers in them."""
        wanted = cast("IngestWith", self.spec.with_).sources or tuple(self.runbook.sources)
        specs = {name: self.runbook.sources[name] for name in wanted}
        files = {n: s.files for n, s in specs.items() if s.deltas and s.not_present is None}
        found = newcomers.deliveries(context, files) if files else []
        telling = newcomers.of_deltas(self._mappings(context)) if found else {}
        return [delivery for delivery in found if delivery.source in telling]

    def inputs(self, context: Context) -> dict[str, str]:
        result: dict[str, str] = {}
        for delivery in (*self._deliveries(context), *self._changes(context)):
            result |= _as_delivered(context, delivery)
        return result

    def plan(self, context: Context) -> Sequence[Unit]:
        self._refuse_missing(context)
        units = []
        for delivery in self._deliveries(context):
            context.host.journal_delivery(self._seen(context, delivery))
        for delivery in (*self._deliveries(context), *self._changes(context)):
            units += [
                Unit(_unit_id(context, delivery, n), path.name)
                for n, path in enumerate(delivery.files, 1)
            ]
        return [*units, Unit(SETTLE, _("what becomes of each row"))]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        if unit.id == SETTLE:
            archived = [n for n in self._names if self.runbook.sources[n].gone == "archive"]
            return settle(context, unit, self._deliveries(context), archived)
        delivery, number = next(
            (d, n)
            for d in (*self._deliveries(context), *self._changes(context))
            for n in range(1, len(d.files) + 1)
            if unit.id == _unit_id(context, d, n)
        )
        spec = self.runbook.sources[delivery.source]
        path = delivery.files[number - 1]
        job = Job(
            delivery.source,
            delivery.name,
            path.name,
            path,
            file_format(spec),
            tuple(spec.key),
            self.spec.id,
            context.attempt,
            unit.id,
            Rows(
                delivery.source, spec, self._mappings(context).get(delivery.source, ()), stones
            ).erased(path)
            if (stones := context.host.tombstones()).any
            else Erased(),
        )
        result = read_file(context.store, context.cursor, job)
        counts = {"rows": result.rows, "rejected": result.rejected, "blank": result.blank}
        return counts | ({"erased": result.erased} if result.erased else {})

    def _mappings(self, context: Context) -> dict[str, tuple[Mapping, ...]]:
        """What the mappings say of the columns: by it, erased persons are known again."""
        return load_mappings(load_runbook(context.workspace))[0]

    def finish(self, context: Context) -> Outcome:
        figures: dict[str, int | str] = {
            "deliveries": len(self._deliveries(context)),
            "rows": context.value("SELECT count(*) FROM record"),
        }
        if changes := self._changes(context):
            figures["deliveries of changes"] = len(changes)
        for fate, count in context.query("SELECT fate, count(*) FROM fates GROUP BY 1 ORDER BY 1"):
            figures[str(fate)] = int(str(count))
        for name in self._names:
            figures[f"rows {name}"] = context.value(
                "SELECT count(*) FROM record WHERE source = $s", {"s": name}
            )
        return Outcome(
            figures,
            [
                *self._promises(context),
                *self._readable(context),
                *self._stray(context),
                *self._sheets(context),
                *self._detected(context),
                *self._gone(context),
            ],
        )

    def _readable(self, context: Context) -> list[Check]:
        """Files without a readable line, and full deliveries without a row."""
        said = context.host.name
        unreadable = [
            _("{}/{}/{}: {} lines, {}").format(source, said(str(delivery)), said(str(file)), *rest)
            for source, delivery, file, *rest in context.query(_UNREADABLE)
        ]
        checks = [
            Check(
                _("files of which lines can be read"),
                not unreadable,
                "; ".join(unreadable) or _("all"),
                _("all; else encoding:, delimiter: or the delivery is wrong"),
            )
        ]
        filled = set(context.query("SELECT DISTINCT source, delivery FROM record"))
        empty = [
            f"{d.source}/{said(d.name)}"
            for d in self._deliveries(context)
            if (not d.manifest or d.manifest.kind == "full") and (d.source, d.name) not in filled
        ]
        if empty:
            name = _("a full delivery without rows")
            checks.append(Check(name, False, ", ".join(empty), _("rows"), "warn"))
        return checks

    def _unread(self, context: Context) -> dict[str, Unread]:
        """Source → files of its folders that no source of the runbook reads."""
        read = files_of(
            context.workspace,
            (
                pattern
                for spec in self.runbook.sources.values()
                if spec.not_present is None
                for pattern in spec.files
            ),
        )
        return {
            name: unread_files(context.workspace, self.runbook.sources[name].files, read)
            for name in self._names
        }

    def _stray(self, context: Context) -> list[Check]:
        stray = sorted(
            {
                f"{name}/{context.host.name(file)}"
                for name, unread in self._unread(context).items()
                for file in unread.stray
            }
        )
        if not stray:
            return []
        return [
            Check(
                _("files beside the deliveries that nobody names"),
                False,
                ", ".join(stray),
                _("name them in the manifest and in files: of the runbook, or take them away"),
                "warn",
            )
        ]

    def _detected(self, context: Context) -> list[Check]:
        """Formats that the runbook does not declare: shown, for the next sign-off to confirm."""
        checks = []
        for name in self._names:
            declared = file_format(self.runbook.sources[name])
            path = next(iter(self._found[name][-1].files), None)
            if path is None or type_of(path, declared) != "csv":
                continue
            if (declared.encoding and declared.delimiter) or not context.exists(raw_table(name)):
                continue
            form = settle_format(path, declared)
            columns = [c for c in context.columns(raw_table(name)) if not c.startswith("_")]
            # Where the header is missing, these are somebody's data.
            said = context.host.name(" · ".join(columns))
            seen = f"{form.encoding}, {form.delimiter!r}: {said}"
            checks.append(
                Check(
                    _("format of {} was detected, not declared").format(name),
                    False,
                    seen,
                    "format: {encoding: …, delimiter: …}",
                    "warn",
                )
            )
        return checks

    def _gone(self, context: Context) -> list[Check]:
        """Records that a newer full delivery lacks: a person decides what becomes of them."""
        found = context.query(
            "SELECT source, count(DISTINCT record_id) FROM finding WHERE rule = $rule"
            " GROUP BY source ORDER BY source",
            {"rule": GONE},
        )
        return [
            Check(
                _("records of {} that its newest full delivery no longer has").format(source),
                self.runbook.sources[str(source)].gone is not None,
                str(count),
                _("a decision: gone: keep or archive, at the source in the runbook"),
                "warn",
            )
            for source, count in found
        ]

    def _sheets(self, context: Context) -> list[Check]:
        """Sheets that nobody reads, where the runbook does not say which one counts."""
        unread = [
            f"{delivery.source}/"
            + context.host.name(f"{delivery.name}/{path.name}: {', '.join(names)}")
            for delivery in self._deliveries(context)
            if (form := file_format(self.runbook.sources[delivery.source])).sheet is None
            for path in delivery.files
            if type_of(path, form) == "xlsx" and (names := other_sheets(path))
        ]
        if not unread:
            return []
        name = _("sheets of workbooks that are not read")
        return [Check(name, False, "; ".join(unread), _("format: {sheet: …}"), "warn")]

    def _refuse_missing(self, context: Context) -> None:
        self._deliveries(context)
        missing = [name for name in self._names if not self._found[name]]
        if missing:
            looked = "; ".join(f"{n}: {', '.join(self.runbook.sources[n].files)}" for n in missing)
            raise DataSaysNo(
                _("No delivery of {} ({}).").format(", ".join(missing), looked),
                _(
                    "Put the files there, or say in the runbook why the source does not exist"
                    " (not_present:), and run again. Nothing was read."
                ),
            )

    def _seen(self, context: Context, delivery: Delivery) -> DeliverySeen:
        hashes = _as_delivered(context, delivery)
        manifest = delivery.manifest
        broken = [
            path.name
            for path in delivery.files
            if (promise := delivery.promise(path))
            and promise.sha256
            and promise.sha256 != hashes[str(path.relative_to(context.workspace))]
        ]
        absent = [
            p.name
            for p in (manifest.files if manifest else ())
            if not (delivery.folder / p.name).exists()
        ]
        damage = (
            [_("damaged manifest: {}").format(manifest.problem)]
            if manifest and manifest.problem
            else []
        )
        status = "mismatch" if broken or absent or damage else "accepted"
        if not any(path.stat().st_size for path in delivery.files):
            status = "empty"
        said = context.host.name
        reason = ", ".join([*damage, *broken, *absent])
        return DeliverySeen(
            source=delivery.source,
            delivery=said(delivery.name),
            full=not manifest or manifest.kind == "full",
            sequence=manifest.sequence if manifest else None,
            files=[
                FileSeen(
                    name=said(name), sha256=sha, size=(context.workspace / name).stat().st_size
                )
                for name, sha in hashes.items()
            ],
            status=status,
            reason=said(reason) if reason else "",
        )

    def _promises(self, context: Context) -> list[Check]:
        """What the manifests promised, against what is there."""
        counts = {
            (str(s), str(d), str(f)): int(str(n))
            for s, d, f, n in context.query(
                "SELECT source, delivery, file, count(*) FROM record GROUP BY ALL"
            )
        }
        bad_rows: list[str] = []
        bad_files = [
            _("{}/{} named but not read").format(name, context.host.name(file))
            for name, unread in self._unread(context).items()
            for file in unread.named
        ]
        for delivery in self._deliveries(context):
            seen = self._seen(context, delivery)
            if seen.status != "accepted":
                said = f"{delivery.source}/{seen.delivery} {seen.status}"
                bad_files.append(f"{said} ({seen.reason})" if seen.reason else said)
            for path in delivery.files:
                promise = delivery.promise(path)
                rows = counts.get((delivery.source, delivery.name, path.name), 0)
                if promise and promise.rows is not None and promise.rows != rows:
                    bad_rows.append(f"{delivery.source}/{seen.delivery}: {rows} ≠ {promise.rows}")
        return [
            Check(
                "files as their manifests say",
                not bad_files,
                "; ".join(bad_files) or str(len(self._deliveries(context))),
                "all",
            ),
            Check(
                "rows as their manifests say",
                not bad_rows,
                "; ".join(bad_rows) or str(sum(counts.values())),
                "all",
                "block",
            ),
        ]


def _as_delivered(context: Context, delivery: Delivery) -> dict[str, str]:
    """Path → SHA-256 of the file as it was handed over: an erasure may have rewritten it."""
    stones = context.host.tombstones()
    found = hash_files(delivery, context.workspace)
    return {name: stones.delivered(sha256) for name, sha256 in found.items()}


def _unit_id(context: Context, delivery: Delivery, number: int) -> str:
    """The unit of a delivery's file by its number: it stands in the journal, and names a file."""
    return f"{delivery.source}.{context.folder_name(delivery.name)}.{number}"
