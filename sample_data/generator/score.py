"""`python -m sample_data.generator.score TRUTH_DIR EXPORTS_DIR [--policy P] [--json]`

Exit code 0: all targets met; 1: not; 2: a file or column is missing.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .policy import POLICIES
from .score_consents import Consents, score_consents
from .score_matching import Matching, score_matching
from .tables import read_crosswalk, read_facts, read_pairs

PRECISION, RECALL, WITH_REVIEW = 0.99, 0.60, 0.85


def score(
    truth: Path, exports: Path, policy: str, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """All figures of one run, and which targets it misses."""
    facts = read_facts(truth)
    crosswalk = read_crosswalk(exports)
    matching = score_matching(facts, crosswalk, read_pairs(exports))
    consents = score_consents(truth, exports, facts, crosswalk, policy, without)
    return {
        "policy": policy,
        "records": matching.records,
        "records_in_profiles": matching.in_profiles,
        "unknown_records": matching.unknown,
        "merged_pairs": matching.merged,
        "precision": round(matching.precision, 5),
        "reachable_pairs": matching.reachable,
        "unreachable_pairs": matching.unreachable,
        "auto_recall": round(matching.recall, 5),
        "auto_and_review_recall": round(matching.recall_with_review, 5),
        "lost_optouts": consents.lost,
        "invented_optins": consents.invented,
        "consents_exact": consents.exact,
        "consents": consents.rows,
        "optouts_without_profile": consents.homeless,
        "pure_persons": consents.pure_persons,
        "pure_exact": consents.pure_exact,
        "pure_rows": consents.pure_rows,
        "wrong": dict(consents.wrong.most_common()),
        "examples": consents.examples,
        "missed": _missed(matching, consents),
    }


def _missed(matching: Matching, consents: Consents) -> list[str]:
    targets = {
        "precision": matching.precision >= PRECISION,
        "auto recall": matching.recall >= RECALL,
        "auto + review recall": matching.recall_with_review >= WITH_REVIEW,
        "lost opt-outs": consents.lost == 0,
        "invented opt-ins": consents.invented == 0,
        "consents exact": consents.exact == consents.rows,
    }
    return [name for name, met in targets.items() if not met]


def render(f: dict[str, Any]) -> str:
    """The figures for a reader."""
    lines = [
        f"records               {f['records_in_profiles']:,} of {f['records']:,} in profiles"
        f" ({f['unknown_records']:,} in the crosswalk that the truth does not know)",
        f"precision             {f['precision']:.4f}  of {f['merged_pairs']:,} pairs merged"
        f" without a person (target {PRECISION})",
        f"automatic recall      {f['auto_recall']:.4f}  of {f['reachable_pairs']:,} reachable true"
        f" pairs (target {RECALL}); {f['unreachable_pairs']:,} are not reachable",
        f"with review           {f['auto_and_review_recall']:.4f}  (target {WITH_REVIEW})",
        f"lost opt-outs         {f['lost_optouts']:,}  (target 0);"
        f" {f['optouts_without_profile']:,} belong to records in no profile",
        f"invented opt-ins      {f['invented_optins']:,}  (target 0)",
        f"consents exact        {f['consents_exact']:,} of {f['consents']:,}"
        f"  (policy {f['policy']}, on the migration's own profiles)",
        f"on pure profiles      {f['pure_exact']:,} of {f['pure_rows']:,}"
        f"  ({f['pure_persons']:,} persons)",
    ]
    lines += [f"  wrong: {count:,} × {what}" for what, count in f["wrong"].items()]
    lines += [f"  e.g. {example}" for example in f["examples"]]
    lines.append("missed: " + ", ".join(f["missed"]) if f["missed"] else "all targets met")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sample_data.generator.score", description=__doc__)
    parser.add_argument("truth", type=Path, metavar="TRUTH_DIR")
    parser.add_argument("exports", type=Path, metavar="EXPORTS_DIR")
    parser.add_argument("--policy", choices=POLICIES, default="newest")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="SOURCE",
        help="leave out consent facts that this source delivered (email_changes: before the deltas)",
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        figures = score(given.truth, given.exports, given.policy, frozenset(given.without))
    except (OSError, ValueError) as error:
        print(f"cannot score: {error}", file=sys.stderr)
        return 2
    print(json.dumps(figures, indent=1, ensure_ascii=False) if given.json else render(figures))
    return 1 if figures["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
