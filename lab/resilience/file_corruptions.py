"""Corruptions of the two files as bytes: truncations, bit flips, replaced files, manifests that do not fit."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from lab.resilience.backup_pair import Corruption, Pair

Transform = Callable[[Pair, Pair], Pair]
Bytes = Callable[[bytes], bytes]

SEED = 20251015


def truncations(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """The file ends early: in gzip's header, in the stream, in the trailer; also with a new manifest."""
    size = len(good.raw)
    lengths = [*range(1, 19), *sorted(chance.sample(range(19, size - 8), 32)), *range(size - 8, size)]
    for length in lengths:
        yield Corruption(f"truncated after {length} of {size} bytes", _dump(_head(length)))
    for length in (0, 5, 18, size // 3, size // 2, size - 9, size - 8, size - 4, size - 1):
        yield Corruption(f"truncated after {length} bytes, new manifest", _dump(_head(length), new_manifest=True))


def bit_flips(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """One bit differs; also with a new manifest, which leaves only gzip's own checksum to reveal it."""
    size = len(good.raw)
    for at in (0, 1, 2, 3, *sorted(chance.sample(range(10, size), 40)), size - 5, size - 1):
        bit = chance.randrange(8)
        yield Corruption(f"bit {bit} of byte {at} flipped", _dump(_flip(at, bit)))
    for at in (0, 1, *sorted(chance.sample(range(10, size), 12)), size - 7, size - 2):
        bit = chance.randrange(8)
        yield Corruption(f"bit {bit} of byte {at} flipped, new manifest", _dump(_flip(at, bit), new_manifest=True))


def replaced_files() -> Iterator[Corruption]:
    """Something else has the file's name; each also with a manifest made for it."""
    empty, garbage = gzip.compress(b"", mtime=0), gzip.compress(random.Random(SEED).randbytes(50_000), mtime=0)
    contents: tuple[tuple[str, Callable[[Pair, Pair], bytes]], ...] = (
        ("an empty file", lambda pair, other: b""),
        ("an empty gzip of 20 bytes", lambda pair, other: empty),
        ("a valid gzip of garbage", lambda pair, other: garbage),
        ("plain SQL, never compressed", lambda pair, other: pair.sql),
        ("zeroes of the same length", lambda pair, other: bytes(len(pair.raw))),
        ("a page of zeroes in the middle", lambda pair, other: _with_zeroes(pair.raw)),
        ("two dumps in a row", lambda pair, other: pair.raw + other.raw),
        ("bytes after the end", lambda pair, other: pair.raw + b"rest of another file"),
        ("a second gzip after the end", lambda pair, other: pair.raw + gzip.compress(b"DROP TABLE users;\n")),
        ("the dump of another database", lambda pair, other: gzip.compress(_of_another_app(pair.sql), 1, mtime=0)),
    )
    for name, content in contents:
        yield Corruption(name, _replaced(content))
        yield Corruption(f"{name}, new manifest", _replaced(content, new_manifest=True))
    yield Corruption("another good backup under this name", lambda pair, other: replace(pair, dump=other.dump))


def manifest_corruptions(good: Pair, chance: random.Random) -> Iterator[Corruption]:
    """The dump is good; its manifest is damaged, or belongs to something else."""
    text = good.manifest or b""
    for at in sorted(chance.sample(range(len(text) - 1), 40)):
        bit = chance.randrange(8)
        yield Corruption(f"manifest: bit {bit} of byte {at} flipped", _manifest(_flip(at, bit)))
    for length in (0, 1, len(text) // 4, len(text) // 2, len(text) - 80, len(text) - 3):
        yield Corruption(f"manifest: truncated after {length} bytes", _manifest(_head(length)))
    yield from _wrong_manifests()
    for value in (b"null", b"[]", b'"text"', b"{}", b"\xff\xfe\x00", b"{" * 500):
        yield Corruption(f"manifest: {value[:12]!r}", _manifest(_constant(value)))


def _wrong_manifests() -> Iterator[Corruption]:
    yield Corruption("manifest: missing", lambda pair, other: replace(pair, manifest=None))
    yield Corruption("manifest: without a dump", lambda pair, other: replace(pair, dump=None))
    yield Corruption("manifest: another backup's", lambda pair, other: replace(pair, manifest=other.manifest))
    yield Corruption("manifest: another backup's, with this one's name", lambda pair, other: replace(
        pair, manifest=other.with_manifest(file=pair.data["file"], snapshot=pair.data["snapshot"]).manifest))
    yield Corruption("manifest: of another database", lambda pair, other: pair.with_manifest(
        snapshot={**pair.data["snapshot"], "database": "billing"}))
    yield Corruption("manifest: taken at another time", lambda pair, other: pair.with_manifest(
        snapshot={**pair.data["snapshot"], "taken_at": "2020-02-29T02:00:00Z"}))
    yield Corruption("manifest: names no table", lambda pair, other: pair.with_manifest(tables=[]))


def _dump(change: Bytes, *, new_manifest: bool = False) -> Transform:
    return _replaced(lambda pair, other: change(pair.raw), new_manifest=new_manifest)


def _replaced(content: Callable[[Pair, Pair], bytes], *, new_manifest: bool = False) -> Transform:
    def apply(pair: Pair, other: Pair) -> Pair:
        dump = content(pair, other)
        return pair.with_dump(dump) if new_manifest else replace(pair, dump=dump)

    return apply


def _manifest(change: Bytes) -> Transform:
    return lambda pair, other: replace(pair, manifest=change(pair.manifest or b""))


def _head(length: int) -> Bytes:
    return lambda raw: raw[:length]


def _constant(value: bytes) -> Bytes:
    return lambda raw: value


def _flip(at: int, bit: int) -> Bytes:
    def flip(raw: bytes) -> bytes:
        changed = bytearray(raw)
        changed[at] ^= 1 << bit
        return bytes(changed)

    return flip


def _with_zeroes(raw: bytes) -> bytes:
    """A lost page of the disk."""
    middle = len(raw) // 2
    return raw[:middle] + bytes(4096) + raw[middle + 4096 :]


def _of_another_app(sql: bytes) -> bytes:
    return sql.replace(b"public.", b"billing.")
