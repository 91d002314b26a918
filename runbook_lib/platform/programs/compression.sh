# shellcheck shell=bash disable=SC2329
# tool_for FILE: the program that decompresses a rotated log; `cat` where it is not compressed.
# By the first bytes, not by the name: `compressext` names them as one likes.
tool_for() {
    case $(od -An -N6 -tx1 -- "$1" | tr -d ' \n') in
    1f8b* | 1f9d*) echo gzip ;;
    425a68*) echo bzip2 ;;
    fd377a585a00) echo xz ;;
    28b52ffd*) echo zstd ;;
    04224d18*) echo lz4 ;;
    *) echo cat ;;
    esac
}
