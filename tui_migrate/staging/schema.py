"""The staging tables. Each stands in schema ``store`` and is append-only; every row carries the
step, attempt and unit that wrote it. The view of the same name in ``main`` shows live attempts only.
"""

from __future__ import annotations

TECHNICAL = "step VARCHAR, attempt INTEGER, unit VARCHAR"

TABLES: dict[str, str] = {
    # One row is one physical row of one file of one delivery.
    "record": "source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT, record_id VARCHAR,"
    " digest VARCHAR",
    # One row is a physical row that could not be read, with what stood there.
    "reject": "source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT, byte_offset BIGINT,"
    " reason VARCHAR, raw VARCHAR",
    # One row: a step decided what becomes of a physical row. The last live step's word counts.
    "fate": "source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT, fate VARCHAR,"
    " reason VARCHAR",
    # One row is a rule broken by a record. severity: note | warn | block.
    "finding": "source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT, record_id VARCHAR,"
    " entity VARCHAR, field VARCHAR, rule VARCHAR, severity VARCHAR, value VARCHAR,"
    " cleaned VARCHAR, message VARCHAR",
    # One row: filled, correct, consistent, complete counts of one field of one source.
    "score": "source VARCHAR, entity VARCHAR, field VARCHAR, records BIGINT, filled BIGINT,"
    " correct BIGINT, consistent BIGINT, complete BIGINT",
    # One row is a source column: how often filled, where it is mapped to, why it is skipped.
    "column_use": "source VARCHAR, column_name VARCHAR, entity VARCHAR, field VARCHAR,"
    " filled BIGINT, rows BIGINT, use VARCHAR, reason VARCHAR, examples VARCHAR[]",
    # One row is a record of a source that a person or organisation record became part of a profile.
    "crosswalk": "source VARCHAR, record_id VARCHAR, profile_id VARCHAR, role VARCHAR, rule VARCHAR",
    # One row is a profile id that the target has had and that is no profile now: where it leads
    # (NULL: its founding record is in no profile).
    "redirect": "profile_id VARCHAR, founder_source VARCHAR, founder_record VARCHAR,"
    " into_profile VARCHAR",
    # One row: the value of one field of a profile comes from this record, by this rule.
    "profile_value": "profile_id VARCHAR, field VARCHAR, source VARCHAR, record_id VARCHAR,"
    " rule VARCHAR, value VARCHAR",
    # One row is one fact about a permission of a person on a channel for a brand and purpose.
    "consent_event": "profile_id VARCHAR, source VARCHAR, record_id VARCHAR, delivery VARCHAR,"
    " file VARCHAR, line BIGINT, contact_point VARCHAR, channel VARCHAR, brand VARCHAR,"
    " purpose VARCHAR, state VARCHAR, event_at TIMESTAMP, recorded_at VARCHAR, evidence VARCHAR,"
    " campaign VARCHAR, basis VARCHAR, beside BOOLEAN",
    # One row silences an address (contact_point) or a person on a channel. brand '*' is all.
    "suppression": "profile_id VARCHAR, source VARCHAR, record_id VARCHAR, delivery VARCHAR,"
    " file VARCHAR, line BIGINT, contact_point VARCHAR, channel VARCHAR, brand VARCHAR,"
    " reason VARCHAR, event_at TIMESTAMP, evidence VARCHAR",
    # One row is what a person is asked by a channel, brand, purpose: the derived state and its rule.
    "consent_state": "profile_id VARCHAR, brand VARCHAR, channel VARCHAR, purpose VARCHAR,"
    " status VARCHAR, evidence_at TIMESTAMP, source VARCHAR, campaign VARCHAR, rule VARCHAR,"
    " source_system VARCHAR, record_id VARCHAR",
    # One row: what the target did with a record of a batch. action: create|update|skip|reject.
    "receipt": "entity VARCHAR, profile_id VARCHAR, record_key VARCHAR, target VARCHAR,"
    " target_id VARCHAR, action VARCHAR, batch VARCHAR",
    # One row: totals of one segment and brand, old and new.
    "segment": "segment VARCHAR, brand VARCHAR, old BIGINT, new BIGINT, only_old BIGINT,"
    " only_new BIGINT, explained BIGINT, unexplained BIGINT",
    # One row: a profile that is in a segment on one side only, and why.
    "segment_difference": "segment VARCHAR, brand VARCHAR, profile_id VARCHAR, source VARCHAR,"
    " record_id VARCHAR, side VARCHAR, reason VARCHAR",
    # One row: a sampled profile's field, old cell beside new value. verdict: equal|cleaned|differs.
    "sample": "profile_id VARCHAR, entity VARCHAR, field VARCHAR, source VARCHAR,"
    " record_id VARCHAR, old VARCHAR, new VARCHAR, verdict VARCHAR, rule VARCHAR",
    # One row is one event in the life of a record or profile (the profile is named by its founding
    # record). before and after go to the vault; the audit gets pseudonyms and commitments.
    "trail": "source VARCHAR, record_id VARCHAR, event VARCHAR, field VARCHAR, rule VARCHAR,"
    " other_source VARCHAR, other_record VARCHAR, before VARCHAR, after VARCHAR",
}

OWN_TABLES = """
-- One row: the run that this staging area belongs to.
CREATE TABLE IF NOT EXISTS store.identity (run VARCHAR);
-- One row: an attempt of a step began; ord is the step's place in the runbook.
CREATE TABLE IF NOT EXISTS store.attempt (seq BIGINT, step VARCHAR, attempt INTEGER, ord INTEGER);
-- One row: a unit is committed; entry is the journal entry to come (JSON of its fact).
CREATE TABLE IF NOT EXISTS store.marker (step VARCHAR, attempt INTEGER, unit VARCHAR, entry VARCHAR);
-- One row: pseudonym and commitment key (as HMAC pads) of one source record; the vault keeps the key.
CREATE TABLE IF NOT EXISTS store.record_key
  (source VARCHAR, record_id VARCHAR, pseudonym VARCHAR, inner_pad BLOB, outer_pad BLOB);
-- One row: what reading dropped of erased persons and the delivered file still holds: the whole row,
-- or (cells) columns of it. Gone when the file is rewritten.
CREATE TABLE IF NOT EXISTS store.unerased
  (source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT, cells VARCHAR[]);
-- One row: an attempt whose output counts (see LIVE); kept as a table because every view reads it.
CREATE TABLE IF NOT EXISTS store.live_attempt (step VARCHAR, attempt INTEGER, ord INTEGER);
CREATE OR REPLACE VIEW live AS SELECT * FROM store.live_attempt;
"""

# One row: the attempt of a step whose output counts: its last one, unless an earlier step began
# a newer attempt after it (then the output is stale until the step is done again).
LIVE = """
SELECT a.step, a.attempt, a.ord FROM store.attempt a
WHERE a.attempt = (SELECT max(attempt) FROM store.attempt b WHERE b.step = a.step)
  AND NOT EXISTS (SELECT 1 FROM store.attempt b WHERE b.seq > a.seq AND b.ord < a.ord)
ORDER BY a.ord
"""

# One row is a physical row with its present fate.
FATES_VIEW = """
CREATE OR REPLACE VIEW fates AS
WITH said AS (
  SELECT f.source, f.delivery, f.file, f.line, max_by(f.fate, l.ord) AS fate,
         max_by(f.reason, l.ord) AS reason
  FROM store.fate f JOIN live l USING (step, attempt) GROUP BY ALL)
SELECT r.source, r.delivery, r.file, r.line, r.record_id,
       coalesce(s.fate, 'pending') AS fate, s.reason
FROM record r LEFT JOIN said s USING (source, delivery, file, line);
-- One row is the present consent state of a key: the last that a live step derived (a delta derives
-- the states that it touches again).
CREATE OR REPLACE VIEW consent_state AS
SELECT s.* EXCLUDE (step, attempt, unit)
FROM store.consent_state s JOIN live l USING (step, attempt)
QUALIFY row_number() OVER (PARTITION BY s.profile_id, s.brand, s.channel, s.purpose
  ORDER BY l.ord DESC, length(s.unit) DESC, s.unit DESC) = 1;
"""
