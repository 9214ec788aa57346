"""Manifests: what can be believed of them, and what makes one damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui_migrate.consent.deliveries import gap, judge
from tui_migrate.errors import DataSaysNo
from tui_migrate.staging.deliveries import (
    Delivery,
    Manifest,
    Promise,
    files_of,
    find_deliveries,
    hash_files,
    read_manifest,
    unread_files,
)

SOUND = {"sequence": 3, "kind": "delta", "zone": "Europe/Brussels", "files": []}


def _read(folder: Path, content: str | bytes) -> Manifest:
    path = folder / "manifest.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_manifest(path)


def test_a_sound_manifest_is_taken_over(tmp_path: Path) -> None:
    files = [{"name": "a.csv", "rows": 0, "sha256": "AB"}, {"name": "b.csv"}]
    content = b"\xef\xbb\xbf" + json.dumps(SOUND | {"files": files}).encode()
    assert _read(tmp_path, content) == Manifest(
        3, "delta", "Europe/Brussels", (Promise("a.csv", 0, "ab"), Promise("b.csv", None, None))
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sequence": 1_000_000_000_000}, "sequence: 1000000000000 is not a whole number"),
        ({"sequence": 1_000_001}, "from 1 to 1000000"),
        ({"sequence": 0}, "sequence: 0"),
        ({"sequence": -4}, "sequence: -4"),
        ({"sequence": float("inf")}, "sequence: inf"),
        ({"sequence": 1.5}, "sequence: 1.5"),
        ({"sequence": True}, "sequence: True"),
        ({"sequence": [1]}, "sequence: [1]"),
        ({"zone": "Mars/Phobos"}, "zone: Mars/Phobos is no time zone"),
        ({"zone": "../../etc/passwd"}, "is no time zone"),
        ({"zone": "Europe"}, "is no time zone"),
        ({"files": [{"name": "a", "rows": -1}]}, "rows: -1"),
        ({"files": [{"name": "a", "rows": float("nan")}]}, "rows: nan"),
        ({"files": [{"rows": 1}]}, "'name' is missing"),
        ({"files": [{"name": "a"}, {"name": "a"}]}, "the name of another"),
        ({"files": "a.csv"}, "string"),
        ({"files": 7}, "iterable"),
    ],
)
def test_values_that_cannot_be_make_it_damaged(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    manifest = _read(tmp_path, json.dumps(SOUND | change))
    assert said in manifest.problem
    assert manifest.sequence is None


@pytest.mark.parametrize("content", ["", "[]", "7", "{", "[" * 100_000, b"\xff\xfe{}"])
def test_what_is_no_object_is_damaged(tmp_path: Path, content: str | bytes) -> None:
    assert _read(tmp_path, content).problem


def _delivery(folder: Path, name: str, manifest: Manifest) -> Delivery:
    place = folder / name
    place.mkdir()
    (place / "a.csv").write_text("nr\n1\n")
    return Delivery("s", name, place, (place / "a.csv",), manifest)


def test_numbers_far_apart_are_said_in_spans(tmp_path: Path) -> None:
    promised = (Promise("a.csv", 1, None),)
    numbers = {"a": 1, "b": 3, "c": 1_000_000, "d": None}
    deliveries = [
        _delivery(tmp_path, name, Manifest(number, "delta", None, promised))
        for name, number in numbers.items()
    ]
    judged = judge(deliveries, lambda d: {"a.csv": d.name})
    assert [(j.status, j.reason) for j in judged] == [
        ("accepted", ""),
        ("out_of_order", "missing: 2"),
        ("out_of_order", "missing: 2, 4–999999"),
        ("mismatch", "no usable manifest"),
    ]
    assert gap(judged).missing == ((2, 2), (4, 999_999))
    assert gap(judged).count == 999_997


def test_a_delta_of_which_nothing_is_promised_says_so(tmp_path: Path) -> None:
    unproved = Manifest(1, "delta", None, (Promise("a.csv", None, None),))
    damaged = Manifest(problem="zone: Mars/Phobos is no time zone")
    deliveries = [_delivery(tmp_path, "a", unproved), _delivery(tmp_path, "b", damaged)]
    assert [(j.status, j.reason) for j in judge(deliveries, lambda _d: {"a.csv": "x"})] == [
        ("accepted", "its manifest gives neither rows nor sha256 of a.csv"),
        ("mismatch", "the manifest is damaged: zone: Mars/Phobos is no time zone"),
    ]


def test_whoever_hashes_a_delivery_refuses_what_lies_outside(tmp_path: Path) -> None:
    outside, folder = tmp_path / "p.csv", tmp_path / "ws" / "d"
    folder.mkdir(parents=True)
    outside.write_text("nr\n1\n")
    (folder / "p.csv").symlink_to(outside)
    (delivery,) = find_deliveries(tmp_path / "ws", "s", ["d/*.csv"])
    with pytest.raises(DataSaysNo, match="leads out of the workspace"):
        hash_files(delivery, tmp_path / "ws")


def test_a_link_to_nothing_is_not_overlooked(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "p.csv").symlink_to(folder / "gone.csv")
    (folder / "q.csv").write_text("nr\n")
    patterns = ["d/*.csv"]
    unread = unread_files(tmp_path, patterns, files_of(tmp_path, patterns))
    assert (unread.named, unread.stray) == ((), ("d/p.csv",))
