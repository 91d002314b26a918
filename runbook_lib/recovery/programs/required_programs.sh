# shellcheck shell=bash disable=SC2329
# What a server must have for dumps to be written and read there; a minimal Debian, RHEL or Alpine lacks some of it. Asked
# before anything is begun: the fault would show in the middle of a backup, or make a good file look unreadable.

# lacking_programs: their names, a line each; nothing where all are there.
lacking_programs() {
    local one
    for one in gzip gunzip flock awk diff od sha256sum; do command -v "$one" >/dev/null || echo "$one"; done
    # perl-base has no Digest::MD5
    env -u PERL5OPT -u PERL_UNICODE -u PERLIO perl -MDigest::MD5 -e 1 2>/dev/null || echo 'perl with Digest::MD5'
}
