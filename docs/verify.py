"""A second verifier, from audit-format.md alone: verify.py [FOLDER] [--expect HEAD] [--proof FILE]"""
import argparse, base64, hashlib, json, re, shutil, subprocess, sys, tempfile, textwrap
from pathlib import Path
import pyarrow.parquet

COLUMNS = ["profile", "seq", "event", "field", "rule", "other", "commitment"]
GOES_ON = ("step.started", "config.changed", "item.answered", "step.redo", "gate.voided", "step.stale")
NOT_STATED = ("kind", "role", "giver", "bound", "signature", "key", "head_seq")
KEPT, ARMOUR = ("match.model", "match.proposed", "lane.drawn", "lane.decided"), "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n"
SIGNERS, SSH, signatures, problems = "allowed_signers", shutil.which("ssh-keygen"), [], []
def need(right, where, what): right or problems.append(f"{where}: {what}")
def sha(data): return hashlib.sha256(data).digest()
def canonical(x): return json.dumps(x, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
def leaf(content): return sha(b"\0" + content)
def own_hash(x): return sha(canonical({k: v for k, v in x.items() if k not in ("hash", "signature")})).hex()
def fingerprint(blob): return "SHA256:" + base64.b64encode(sha(blob)).decode().rstrip("=")
def is_file_of(file, sha256): return file.is_file() and sha(file.read_bytes()).hex() == sha256
def drawn(file, seed, n): return [line.split(" ") for line in sorted(file.read_text().split("\n")[:-1] if file.is_file() else (), key=lambda line: sha(f"{seed}|{line}".encode()))[:n]]
def sized(value): return b"-" if value is None else b"%d:%s" % (len(str(value).encode()), str(value).encode())
def row_text(row): return b"|".join(map(sized, row))
def above(level): return [sha(b"\1" + a + b) for a, b in zip(level[::2], level[1::2])] + level[len(level) // 2 * 2 :]
def root(level): return root(above(level)) if len(level) > 1 else level[0].hex() if level else ""
def climb(h, index, count, path):
    if count <= 1: return "" if path or index else h.hex()
    if index ^ 1 < count:
        other, path = bytes.fromhex("".join(path[:1])), path[1:]
        h = sha(b"\1" + (other + h if index % 2 else h + other))
    return climb(h, index // 2, (count + 1) // 2, path)

def signed(where, signers, name, space, message, signature, *more):  # plain OpenSSH checks it
    if not SSH: return
    with tempfile.TemporaryDirectory() as at:
        Path(at, "signers").write_bytes(signers)
        Path(at, "sig").write_text(ARMOUR.format("\n".join(textwrap.wrap(signature, 70))))
        line = [SSH, "-Y", "verify", "-f", f"{at}/signers", "-I", name, "-n", f"tui-migrate@{space}", "-s", f"{at}/sig"]
        done = subprocess.run([*line, *more], input=message, capture_output=True, env={"TZ": "UTC"})
    signatures.append(where)
    need(done.returncode == 0, where, "it is not signed, or the signature does not hold")
def by_key(where, public, key, space, message, signature):
    need(fingerprint(base64.b64decode(public.split()[1])) == key, where, f"the key is not {key}")
    signed(where, f"key {public}\n".encode(), "key", space, message, signature)
def chained(file, number):  # lines of journal or seals, each holding the hash of the one before
    prev = "0" * 64
    for n, line in enumerate(file.open("rb") if file.exists() else (), 1):
        try:
            x = json.loads(line)
            right = (x[number], x["prev"], x["hash"]) == (n, prev, own_hash(x)) and canonical(x) + b"\n" == line
        except (ValueError, KeyError, TypeError): right = False
        if not right: return need(False, f"{file.name}, line {n}", "changed or out of place; trust ends before it")
        yield x
        prev = x["hash"]
def segment(folder, where, named):
    file, rows, total, leaves, text, last = folder / named["path"], 0, 0, [], b"", None
    if not is_file_of(file, named["sha256"]): return need(False, where, f"segment {named['path']} is missing or changed")
    for batch in pyarrow.parquet.ParquetFile(file).iter_batches(columns=COLUMNS):
        for row in zip(*(column.to_pylist() for column in batch.columns)):
            line = row_text(row)
            rows, total = rows + 1, total + int.from_bytes(hashlib.md5(line).digest()[8:], "little")
            if text and row[0] != last:
                leaves.append(leaf(text)); text = b""
            text, last = text + line + b"\n", row[0]
    found = [rows, f"{rows}:{total}", named.get("root") and root([*leaves, leaf(text)])]
    need(found == [named["rows"], named["digest"], named.get("root")], where, f"segment {named['path']} holds other rows")
def sign_off(where, x, fact, run, hashes, earliest, signers, demanded):
    if not fact.get("signature"): return need(not demanded, where, "the sign-off lacks the SSH signature demanded")
    seq, blob = fact["head_seq"], base64.b64decode(fact["signature"])[10:]
    fresh = seq >= earliest and hashes[seq - 1 : seq] == [fact["head"]]
    own = fingerprint(blob[4 : 4 + int.from_bytes(blob[:4], "big")]) == fact["key"]
    need(fresh and own, where, "the sign-off was signed for another moment, for another journal, or with another key")
    said = canonical({"run": run, "by": x["by"], "seq": seq, **{k: v for k, v in fact.items() if v and k not in NOT_STATED}})
    at, allowed = re.sub(r"\D", "", x["at"])[:14], signers.read_bytes() if signers.is_file() else b""
    signed(where, allowed, x["by"], "gate", said, fact["signature"], "-O", f"verify-time={at}")

def verify(folder, expect):
    (hashes, named, keys), (made, passed, asked, demands, objects) = ([], [], []), ({}, {}, {}, {}, {})
    run = outcome = kind = ""
    for x in chained(folder / "journal.jsonl", "seq"):
        seq, fact, kind, where, kept = x["seq"], x["fact"], x["fact"]["kind"], f"entry {x['seq']}", [x["fact"]["sha256"]] if x["fact"]["kind"] in KEPT else []
        if kind in ("run.opened", "config.changed"):
            run, objects = fact.get("run", run), fact["objects"]
            demands, kept = {s["id"]: s.get("signature", ()) for s in fact["steps"]}, objects.values()
        elif kind == "unit.committed" and fact["segment"]:
            named.append((seq, fact["segment"]))
            segment(folder, where, fact["segment"])
        elif kind == "gate.signed":
            earliest = max(1, *(asked.get((fact["gate"], who), 0) for who in ("", x["by"])))
            demanded = fact.get("key") or fact["role"] in demands.get(fact["gate"], ())
            sign_off(where, x, fact, run, hashes, earliest, folder / "objects" / objects.get(SIGNERS, "none"), demanded)
            asked[fact["gate"], x["by"]] = seq
        elif kind in ("step.waiting", "gate.evidence_changed"): asked[fact.get("step") or fact["gate"], ""] = seq
        elif kind == "seal.key":
            if fact["reason"] == "rotated" and keys:
                by_key(where, *keys[-1][1:], "seal-key", canonical({"key": fact["key"], "run": run}), fact["proof"])
            need((fact["reason"] == "first") != bool(keys), where, "the seal key does not follow the one before")
            keys.append((seq, fact["public"], fact["key"]))
        elif kind == "gate.passed": passed[seq] = fact["gate"]
        elif kind == "seal.made": made[seq] = (fact["seal"], fact["sha256"])
        for name in kept: need(is_file_of(folder / "objects" / name, name), where, f"object {name} is missing or changed")
        if kind == "lane.drawn": need(fact["sample"] == drawn(folder / "objects" / fact["sha256"], fact["seed"], len(fact["sample"])), where, "its seed draws another sample")
        outcome = fact["outcome"] if kind == "run.ended" else outcome * (outcome != "done" or kind not in GOES_ON)
        hashes.append(x["hash"])
    files = sorted(str(p.relative_to(folder)) for p in (folder / "trail").rglob("*") if p.is_file())
    need(files == sorted(part["path"] for _, part in named), "trail", "segments missing, or named twice or by nobody")
    public = sha(f"{keys[-1][1]}\n".encode()).hex() if keys else ""
    need(not keys or is_file_of(folder / "seal.pub", public), "seal.pub", "this is not the key that the journal names")
    seals = {}
    for x in chained(folder / "seals.jsonl", "number"):
        seq, where, seals[x["number"]] = x["seq"], f"seal {x['number']}", (x["hash"], x["reason"], x["seq"])
        rows = sorted([part["path"], part["sha256"], part.get("root", "")] for at, part in named if at <= seq)
        agreed = (len(rows), sha(canonical([row[:2] for row in rows])).hex(), hashes[seq - 1 : seq], run)
        said = (x["segments"], x["segments_sha256"], [x["head"]], x.get("run", run))
        need(agreed == said, where, "it is of another journal, another run, or other segments")
        for _, public, key in [key for key in keys if key[0] <= seq][-1:]:
            top = (key, root([leaf(canonical(row)) for row in rows]))
            need(top == (x.get("key"), x.get("segments_root", "")), where, "it names another key or other records")
            by_key(where, public, key, "seal", x["hash"].encode(), x.get("signature", ""))
    for seq, (number, sha256) in made.items():
        need(seals.get(number, " ")[0] == sha256, f"entry {seq}", f"seal {number} is missing or another one")
    for seq, gate in passed.items():
        behind = seals.get(made.get(seq + 1, " ")[0], " ")[1:] == (gate, seq)
        need(behind or seq == len(hashes), f"entry {seq}", f"gate {gate} is passed, but no seal says so")
    need(outcome and kind == "seal.made", "the end", "the run is not finished, or its end was cut off")
    need(not expect or expect in hashes, "the head", f"the journal does not contain {expect}")
    print(f"folder: {len(hashes)} entries, {len(named)} segments, {len(seals)} seals; head {hashes[-1] if hashes else 'none'}")
def proof(p, folder):
    seal = p["seal"]
    need(own_hash(seal) == seal["hash"], "proof", "its seal was changed")
    need(not folder or seal in [*chained(folder / "seals.jsonl", "number")], "proof", "its seal is not in the folder")
    by_key("proof", p["key"], seal["key"], "seal", seal["hash"].encode(), seal["signature"])
    for s in p["segments"]:
        own = leaf(b"".join(row_text([p["profile"], *row]) + b"\n" for row in s["rows"]))
        top = leaf(canonical([s["path"], s["sha256"], s["root"]]))
        inside = climb(own, s["index"], s["records"], s["record_path"]) == s["root"]
        inside = inside and climb(top, s["segment_index"], seal["segments"], s["segment_path"]) == seal["segments_root"]
        need(inside, "proof", f"the rows in {s['path']} are not what was sealed")
    rows, where = sum(len(s["rows"]) for s in p["segments"]), "" if folder else "not "
    print(f"proof: {rows} rows of {p['profile']}; seal {seal['number']}, {where}looked for in the folder")
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?"), parser.add_argument("--expect")
    parser.add_argument("--proof", type=Path)
    said = parser.parse_args()
    if not (said.folder or said.proof and not said.expect): parser.error("name a FOLDER, or a --proof without --expect")
    if said.folder: verify(said.folder, said.expect)
    if said.proof: proof(json.loads(said.proof.read_bytes()), said.folder)
    print(f"signatures: {len(signatures)} checked" + (SSH is None) * ", since there is no ssh-keygen", *problems, sep="\n")
    held = ["authentic up to that head" if said.expect else "consistent"][: bool(said.folder)]
    print("WRONG" if problems else "; ".join(held + ["the proof holds"][: bool(said.proof)]))
    sys.exit(bool(problems))
