#!/usr/bin/env python3
"""Reads a log as C2SP tlog-tiles has it and recomputes the root of its checkpoint.

usage: read_log.py https://portal/log/PARTNER/EPOCH

Only the standard library, no code of the project. Checks that every leaf hash is
that of its entry, that every tile above is what the tiles below give, and that all
of it gives the signed root. Prints one JSON line.
"""

import base64
import hashlib
import json
import sys
import urllib.request


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def number_path(number: int) -> str:
    parts = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03d}")
    return "/".join(parts)


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def root(hashes: list) -> bytes:
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:])).digest()


def tiles(prefix: str, level: int, count: int) -> list:
    hashes = []
    for number in range((count + 255) // 256):
        width = min(256, count - number * 256)
        partial = "" if width == 256 else f".p/{width}"
        data = fetch(f"{prefix}/tile/{level}/{number_path(number)}{partial}")
        assert len(data) == 32 * width, f"tile {level}/{number} has {len(data)} bytes"
        hashes += [data[at : at + 32] for at in range(0, len(data), 32)]
    return hashes


def entries(prefix: str, count: int) -> list:
    found = []
    for number in range((count + 255) // 256):
        width = min(256, count - number * 256)
        partial = "" if width == 256 else f".p/{width}"
        data = fetch(f"{prefix}/tile/entries/{number_path(number)}{partial}")
        at = 0
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            found.append(data[at + 2 : at + 2 + length])
            at += 2 + length
    return found


def main() -> None:
    prefix = sys.argv[1].rstrip("/")
    note = fetch(f"{prefix}/checkpoint").decode()
    origin, size, signed_root = note.split("\n")[:3]
    size = int(size)
    leaves = tiles(prefix, 0, size)
    bundle = entries(prefix, size)
    assert [leaf_hash(entry) for entry in bundle] == leaves, "entries and leaf hashes differ"
    below, level = leaves, 1
    while len(below) >= 256:
        full = [root(below[at : at + 256]) for at in range(0, len(below) - 255, 256)]
        assert tiles(prefix, level, len(full)) == full, f"tiles of level {level} differ from those below"
        below, level = full, level + 1
    assert root(leaves) == base64.b64decode(signed_root), "the entries don't give the signed root"
    signatures = [line for line in note.split("\n\n", 1)[1].split("\n") if line.startswith("— ")]
    print(json.dumps({"origin": origin, "size": size, "entries": len(bundle), "signatures": len(signatures)}))


if __name__ == "__main__":
    main()
