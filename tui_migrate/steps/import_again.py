"""An import that is done again, seen against what it brought the last time.

The target takes back what an earlier attempt wrote and gets all of it anew, so that nothing is left
of a profile that came apart or went into another one. For people that is no news of everybody: the
receipts say of each profile whether it is new there, different or the same, and a figure says how
many are gone. (A staging area that was rebuilt does not know earlier attempts; then all is new.)
"""

from __future__ import annotations

from tui_migrate.staging.store import low_md5, sized
from tui_migrate.steps.base import Context

# The last earlier attempt of this step that brought profiles, and the merge that it rested on.
_LAST = """
last AS (
  SELECT max(attempt) AS attempt FROM store.receipt
  WHERE step = $step AND attempt < $attempt AND entity = 'profile'),
rested AS (
  SELECT arg_max(m.attempt, m.seq) AS attempt FROM store.attempt m
  WHERE m.step IN (SELECT DISTINCT step FROM store.profile) AND m.seq < (
    SELECT min(a.seq) FROM store.attempt a, last WHERE a.step = $step AND a.attempt = last.attempt)),
brought AS (
  SELECT DISTINCT r.profile_id FROM store.receipt r, last
  WHERE r.step = $step AND r.attempt = last.attempt AND r.entity = 'profile'
    AND r.action <> 'reject')
"""

# One row is a profile that was brought then, and a digest of it as it was.
_BEFORE = """
CREATE OR REPLACE TEMP TABLE import_before AS
WITH {last}
SELECT b.profile_id, (SELECT any_value({digest}) FROM store.profile p, rested
  WHERE p.profile_id = b.profile_id AND p.attempt = rested.attempt) AS digest
FROM brought b
"""

# The receipts of the target with create told apart: the same as before, different, or new.
_SEEN = """
(SELECT r.* REPLACE (CASE WHEN r.action <> 'create' OR b.profile_id IS NULL THEN r.action
    WHEN b.digest = n.digest THEN 'skip' ELSE 'update' END AS action)
 FROM {receipts} r LEFT JOIN import_before b USING (profile_id)
 LEFT JOIN (SELECT p.profile_id, {digest} AS digest FROM profile p) n USING (profile_id))
"""

# One row: profiles that were brought the last time and were not brought now.
_GONE = """
WITH {last}
SELECT count(*) FROM brought ANTI JOIN (
  SELECT profile_id FROM store.receipt
  WHERE step = $step AND attempt = $attempt AND entity = 'profile' AND action <> 'reject')
USING (profile_id)
"""


def receipts(context: Context, relation: str) -> str:
    """SQL for FROM: the receipts of profiles in ``relation``, seen against the last attempt."""
    digest = low_md5(f"concat({sized(context.columns('profile'))})")
    own = {"step": context.spec.id, "attempt": context.attempt}
    context.cursor.execute(_BEFORE.format(last=_LAST, digest=digest), own)
    return _SEEN.format(receipts=relation, digest=digest)


def gone(context: Context) -> int:
    """How many profiles the last attempt brought and this one did not."""
    own = {"step": context.spec.id, "attempt": context.attempt}
    return context.value(_GONE.format(last=_LAST), own)
