"""A restored back-up without those who were erased since it was made."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.forgetting import Forgetting, Forgotten
from tui_migrate.audit.kept import read_kept
from tui_migrate.audit.person_facts import ErasureAsked
from tui_migrate.audit.tombstones import Tombstones
from tui_migrate.audit.vault import Vault
from tui_migrate.engine.erased_files import Values, erase
from tui_migrate.engine.loading import load_workspace
from tui_migrate.files import sha256_file, whole
from tui_migrate.mapping.load import load_mappings
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.deliveries import MANIFEST, find_deliveries
from tui_migrate.staging.erasing import copy_without, destroy, replacing
from tui_migrate.staging.readers import Job, read_file
from tui_migrate.staging.rewriting import rewrite
from tui_migrate.staging.store import Store, literal
from tui_migrate.steps.erasing import Planner
from tui_migrate.steps.erasing_plan import Plan
from tui_migrate.steps.ingest import file_format

SCRATCH = "erased-again.duckdb"
DATABASE = "staging.duckdb"

# One row is a profile that one of these records belongs to.
_PROFILES = """
SELECT DISTINCT profile_id FROM store.crosswalk SEMI JOIN leave_record USING (source, record_id)
ORDER BY 1
"""


def erase_again(folder: Path, entries: list[Entry], key: bytes) -> Plan | None:
    """Take out of a restored ``folder`` whom the journal (``entries``) says was erased; what went, or
    ``None`` when nobody was. ``key``: the workspace's."""
    asked = [e.fact for e in entries if isinstance(e.fact, ErasureAsked)]
    if not asked:
        return None
    stones = Tombstones(
        key,
        frozenset(name for fact in asked for name in fact.records),
        frozenset(point for fact in asked for point in fact.points),
        frozenset(key for fact in asked for key in fact.loose),
    )
    loaded = load_workspace(folder)
    if loaded.runbook is None:
        return None
    runbook, scratch = loaded.runbook, folder / SCRATCH
    mappings, _problems = load_mappings(loaded)
    store = Store(scratch)
    try:
        _read(store, folder, runbook)
        vault = _vault_of(folder)
        kept = read_kept(Vault(vault)) if vault.is_dir() else {}
        planner = Planner(store.cursor(), folder, runbook, mappings, key, stones, kept)
        plan = planner.plan("", "", _known(folder, stones))
    finally:
        store.close()
        destroy(scratch)
        (folder / "spill").rmdir() if (folder / "spill").is_dir() else None
    for one in plan.files:
        path = folder / one.path
        form = file_format(runbook.sources[one.source])
        cells = {int(line): names for line, names in one.cells.items()}
        with replacing(path), whole(path) as temporary:
            rewrite(path, temporary, form, frozenset(one.lines), cells)
    read = {folder / one.path for one in plan.files}
    for path in sorted((folder / "deliveries").rglob("*")):
        if path.is_file() and path.name != MANIFEST and path not in read:
            erase(path, plan, lambda _old, _new: None)
    _staging(folder, plan)
    _vault(folder, plan)
    return plan


def _known(folder: Path, stones: Tombstones) -> list[tuple[str, str]]:
    """The erased records that a restored vault or staging area still names."""
    found: set[tuple[str, str]] = set()
    keys = sorted((folder / ".tui-migrate" / "vault" / "keys").glob("*/*.parquet"))
    relations = [f"read_parquet({literal(str(path))})" for path in keys]
    with duckdb.connect() as connection:
        if (folder / DATABASE).is_file():
            at = literal(str(folder / DATABASE))
            connection.execute(f"ATTACH {at} AS restored (READ_ONLY)")
            relations.append("restored.store.record_key")
        for relation in relations:
            rows = connection.execute(
                f"SELECT source, record_id FROM {relation}"
                f" WHERE {stones.is_record('source', 'record_id')}"
            ).fetchall()
            found |= {(str(source), str(record)) for source, record in rows}
    return sorted(found)


def _read(store: Store, folder: Path, runbook: Runbook) -> None:
    """Every delivery of the restored folder, as it is."""
    cursor = store.cursor()
    for source, spec in runbook.sources.items():
        for delivery in find_deliveries(folder, source, spec.files):
            for number, path in enumerate(delivery.files, 1):
                job = Job(
                    source, delivery.name, path.name, path, file_format(spec), tuple(spec.key),
                    "restored", 1, f"{source}.{number}",
                )  # fmt: skip
                read_file(store, cursor, job)


def _staging(folder: Path, plan: Plan) -> None:
    path = folder / DATABASE
    if not path.is_file():
        return
    store = Store(path)
    cursor = store.cursor()
    profiles = tuple(_profiles(store, plan))
    with replacing(path), whole(path) as temporary:
        copy_without(cursor, temporary, plan.leaving(), profiles)
        store.close()
        destroy(path.with_name(f"{path.name}.wal"))
    plan.staging = sha256_file(path)


def _profiles(store: Store, plan: Plan) -> list[str]:
    cursor = store.cursor()
    cursor.execute("CREATE OR REPLACE TEMP TABLE leave_record (source VARCHAR, record_id VARCHAR)")
    for record in plan.records:
        cursor.execute("INSERT INTO leave_record VALUES (?, ?)", list(record))
    return [str(row[0]) for row in cursor.execute(_PROFILES).fetchall()]


def _vault_of(folder: Path) -> Path:
    return folder / ".tui-migrate" / "vault"


def _vault(folder: Path, plan: Plan) -> None:
    """Also opt-outs that stay: whoever runs the steps in the restored folder finds them there."""
    path = _vault_of(folder)
    for one in plan.kept.vault:
        one.write(Vault(path))
    for ended in plan.kept.ended:
        Vault(path).end_opt_out(ended)
    if not path.is_dir():
        return
    forgetting = Forgetting(Vault(path), plan.records, Values(plan).words)
    done = Forgotten()
    forgetting.keys_and_values(done)
    forgetting.typed(done)
    forgetting.evidence(done)
    plan.counts["keys"] = done.keys
