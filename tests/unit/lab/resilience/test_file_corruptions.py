"""Corruptions of the two files as bytes: each does what its name says, and leaves the other file as it was."""

from __future__ import annotations

import gzip
import hashlib
import random
import re
from collections.abc import Iterable

import pytest

from lab.resilience.backup_pair import Corruption, Pair
from lab.resilience.file_corruptions import SEED, bit_flips, manifest_corruptions, replaced_files, truncations
from tests.unit.lab.resilience.sample_backups import GOOD, OTHER

SIZE = len(GOOD.raw)


def applied(corruptions: Iterable[Corruption]) -> dict[str, Pair]:
    return {one.name: one.apply(GOOD, OTHER) for one in corruptions}


def chance() -> random.Random:
    return random.Random(SEED)


def differing_bits(one: bytes, other: bytes) -> int:
    assert len(one) == len(other)
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def agrees(pair: Pair) -> bool:
    return (pair.data["sha256"], pair.data["size_bytes"]) == (hashlib.sha256(pair.raw).hexdigest(), len(pair.raw))


def test_a_truncated_file_is_the_beginning_of_the_good_one_as_long_as_its_name_says() -> None:
    for name, pair in applied(truncations(GOOD, chance())).items():
        length = int(re.findall(r"after (\d+)", name)[0])
        assert pair.dump == GOOD.raw[:length], name
        assert agrees(pair) == name.endswith("new manifest"), name


def test_a_file_is_truncated_in_every_byte_of_its_header_and_its_trailer() -> None:
    lengths = {len(pair.raw) for name, pair in applied(truncations(GOOD, chance())).items() if "manifest" not in name}
    assert lengths >= {*range(1, 19), *range(SIZE - 8, SIZE)}
    assert SIZE not in lengths


def test_exactly_one_bit_is_flipped_where_the_name_says() -> None:
    for name, pair in applied(bit_flips(GOOD, chance())).items():
        bit, at = map(int, re.findall(r"bit (\d) of byte (\d+)", name)[0])
        assert differing_bits(pair.raw, GOOD.raw) == 1, name
        assert pair.raw[at] ^ GOOD.raw[at] == 1 << bit, name
        assert agrees(pair) == name.endswith("new manifest"), name


def test_every_replaced_file_comes_with_the_old_manifest_and_with_one_made_for_it() -> None:
    pairs = applied(replaced_files())
    old = {name: pair for name, pair in pairs.items() if not name.endswith(", new manifest")}
    assert {pair.manifest for pair in old.values()} == {GOOD.manifest}
    for name in old:
        if name != "another good backup under this name":
            new = pairs[f"{name}, new manifest"]
            assert agrees(new) and new.data["tables"] == GOOD.data["tables"], name


def test_what_replaces_a_file_is_what_its_name_says() -> None:
    pairs = applied(replaced_files())
    assert pairs["an empty file"].dump == b""
    assert gzip.decompress(pairs["an empty gzip of 20 bytes"].raw) == b"" and len(pairs["an empty gzip of 20 bytes"].raw) == 20
    assert pairs["plain SQL, never compressed"].dump == GOOD.sql
    assert pairs["two dumps in a row"].sql == GOOD.sql + OTHER.sql
    assert pairs["a second gzip after the end"].sql == GOOD.sql + b"DROP TABLE users;\n"
    assert b"public." not in pairs["the dump of another database"].sql
    assert pairs["another good backup under this name"].dump == OTHER.dump


@pytest.mark.parametrize("name", ["a valid gzip of garbage", "zeroes of the same length", "a page of zeroes in the middle"])
def test_what_is_damaged_at_random_is_not_the_dump_any_more(name: str) -> None:
    damaged = applied(replaced_files())[name]
    assert damaged.raw != GOOD.raw
    assert not agrees(damaged)


def test_a_corrupted_manifest_leaves_the_dump_alone() -> None:
    pairs = applied(manifest_corruptions(GOOD, chance()))
    without = pairs.pop("manifest: without a dump")
    assert (without.dump, without.manifest) == (None, GOOD.manifest)
    assert {pair.dump for pair in pairs.values()} == {GOOD.dump}
    assert pairs["manifest: missing"].manifest is None
    assert GOOD.manifest not in {pair.manifest for pair in pairs.values()}


def test_a_manifest_of_something_else_claims_what_its_name_says() -> None:
    pairs = applied(manifest_corruptions(GOOD, chance()))
    disguised = pairs["manifest: another backup's, with this one's name"].data
    kept = ("file", "snapshot", "tables")
    assert {name: disguised[name] for name in kept} == {name: GOOD.data[name] for name in kept}
    assert (disguised["sha256"], disguised["number"]) == (OTHER.data["sha256"], OTHER.data["number"])
    assert pairs["manifest: of another database"].data["snapshot"] == GOOD.data["snapshot"] | {"database": "billing"}
    assert pairs["manifest: taken at another time"].data["snapshot"]["taken_at"] == "2020-02-29T02:00:00Z"
    assert pairs["manifest: names no table"].data["tables"] == []
