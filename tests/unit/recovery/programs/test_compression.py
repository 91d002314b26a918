"""What compresses a backup writes what gunzip reads; what reads it again finds what gzip finds, in bounded memory."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

PROGRAM = programs.text("recovery/dump_contents.sh", "recovery/compression.sh")
NUMBERS = random.Random(7)
TEXT = b"".join(b"%d\treading of device %d\t%s\n" % (n, n % 97, NUMBERS.randbytes(6).hex().encode()) for n in range(30_000))


def run(what: str, data: bytes, before: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    # none of the faster programs, whatever this machine has
    hidden = 'command() { [[ $2 != igzip && $2 != pigz ]] && builtin command "$@"; }\n'
    return subprocess.run(["bash", "-c", f"{before}\n{PROGRAM}\n{hidden}{what}"], input=data, capture_output=True, timeout=120,
                          env={**os.environ, **environment})


@pytest.fixture
def without_zlib(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "Compress/Raw").mkdir(parents=True)
    (tmp_path / "Compress/Raw/Zlib.pm").write_text("die")
    return {"PERL5LIB": str(tmp_path)}


@pytest.mark.parametrize("data", [b"", b"x", TEXT, bytes(3_000_000), NUMBERS.randbytes(500_000)], ids=["nothing", "a byte", "rows", "zeros", "noise"])
def test_what_is_compressed_is_read_by_gunzip_and_by_us(data: bytes) -> None:
    done = run("compress", data)
    assert done.returncode == 0, done.stderr
    assert gzip.decompress(done.stdout) == data
    for reader in (("gzip", "-t"), ("bash", "-c", f"{PROGRAM}\ntest_compressed")):
        assert subprocess.run(reader, input=done.stdout, capture_output=True, timeout=60).returncode == 0, reader
    assert len(done.stdout) <= len(gzip.compress(data, 4, mtime=0)) * 1.02 + 64


def test_where_perl_has_no_zlib_gzip_does_it(without_zlib: dict[str, str]) -> None:
    made = run("compress", TEXT, **without_zlib)
    assert (made.returncode, gzip.decompress(made.stdout) == TEXT) == (0, True)
    assert run("has_zlib", b"", **without_zlib).returncode != 0
    assert run("test_compressed", made.stdout, **without_zlib).returncode == 0
    assert run("test_compressed", made.stdout[:-1], **without_zlib).returncode != 0


WHOLE = gzip.compress(TEXT, 4, mtime=0)


@pytest.mark.parametrize(("data", "good"), [
    (WHOLE, True), (WHOLE * 2, True), (WHOLE + gzip.compress(b""), True),
    (b"", False), (WHOLE[:-1], False), (WHOLE[:-8], False), (WHOLE[:len(WHOLE) // 2], False), (WHOLE[:12], False),
    (WHOLE + WHOLE[:9], False), (WHOLE + b"garbage", False), (TEXT, False),
], ids=["whole", "two", "an empty one after it", "nothing", "a byte short", "no checksum", "half", "a header", "half a second", "garbage behind", "not compressed"])
def test_what_is_not_whole_is_found(data: bytes, good: bool) -> None:
    done = run("has_zlib && test_compressed", data)
    assert (done.returncode == 0) is good, done.stderr
    assert bool(done.stderr) is not good


def test_a_flipped_bit_is_found_wherever_it_is() -> None:
    for place in (*range(10, len(WHOLE), len(WHOLE) // 12), *range(len(WHOLE) - 8, len(WHOLE))):
        damaged = bytearray(WHOLE)
        damaged[place] ^= 1 << place % 8
        assert run("test_compressed", bytes(damaged)).returncode != 0, place


def test_memory_does_not_grow_with_what_comes_out() -> None:
    """A thousand to one: all that one read holds would be 64 MB at once."""
    made = run("head -c 300000000 /dev/zero | compress", b"", "ulimit -v 60000")
    assert made.returncode == 0, made.stderr
    done = run("test_compressed", made.stdout, "ulimit -v 60000")
    assert done.returncode == 0, done.stderr


def test_a_full_disk_is_a_failure() -> None:
    done = run("compress >/dev/full", TEXT)
    assert done.returncode != 0 and b"cannot be written" in done.stderr
