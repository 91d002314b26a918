# shellcheck shell=bash disable=SC2329,SC2016
# Writes what gunzip reads, and reads it again, by the fastest program that the server has. Follows dump_contents.sh.
#
# Of a dump of 285 MB, in seconds of a processor: gzip 2.8 to write at its fourth level and 1.2 to read, zlib (in Perl)
# 2.3 and 0.5, pigz 1.8 and 0.6, igzip 0.35 and 0.2. The fourth level takes a fifteenth more space than gzip's sixth.

# Two threads: the application needs the other processors.
compress() {
    if command -v igzip >/dev/null; then igzip -c
    elif command -v pigz >/dev/null; then pigz -c -4 -p 2
    elif has_zlib; then "${PERL[@]}" -e "$(deflate_program)"
    else gzip -c -4; fi
}

# test_compressed: reads its input to its last byte. Fails where it is not whole, or its checksums do not fit.
test_compressed() {
    if command -v igzip >/dev/null; then igzip -t
    elif has_zlib; then "${PERL[@]}" -e "$(inflate_program)"
    else gzip -t; fi
}

# in the package of Digest::MD5 on Debian; a package of its own elsewhere
has_zlib() { "${PERL[@]}" -MCompress::Raw::Zlib -e 1 2>/dev/null; }

deflate_program() {
    cat <<'PERL'
use strict; use warnings; use Compress::Raw::Zlib;
my ($made, $deflater, $status) = ('');
($deflater, $status) = Compress::Raw::Zlib::Deflate->new(-Level => 4, -WindowBits => WANT_GZIP, -AppendOutput => 1, -Bufsize => 1 << 18);
die "zlib cannot begin: $status\n" unless $status == Z_OK;
sub put {
    my $sent = 0;
    while ($sent < length $made) { $sent += syswrite(STDOUT, $made, length($made) - $sent, $sent) // die "What was compressed cannot be written: $!\n" }
    $made = '';
}
while (1) {
    my $got = sysread STDIN, my $plain, 1 << 18;
    die "What is to be compressed cannot be read: $!\n" unless defined $got;
    last unless $got;
    ($status = $deflater->deflate($plain, $made)) == Z_OK or die "zlib cannot go on: $status\n";
    put() if length $made >= 65536;
}
($status = $deflater->flush($made)) == Z_OK or die "zlib cannot end: $status\n";
put();
PERL
}

inflate_program() {
    cat <<'PERL'
use strict; use warnings; use Compress::Raw::Zlib;
my ($inflater, $status) = Compress::Raw::Zlib::Inflate->new(-WindowBits => WANT_GZIP, -LimitOutput => 1, -Bufsize => 1 << 17);
die "zlib cannot begin: $status\n" unless $status == Z_OK;
my ($ended, $plain) = (0, '');
while (1) {
    my $got = sysread STDIN, my $bytes, 65536;
    die "What was compressed cannot be read: $!\n" unless defined $got;
    last unless $got;
    while (length $bytes || $status == Z_BUF_ERROR) {
        # as gzip: another one may follow, and is a part of it
        if ($ended) { $inflater->inflateReset() == Z_OK or die "zlib cannot begin again\n"; $ended = 0 }
        $status = $inflater->inflate($bytes, $plain);
        if ($status == Z_STREAM_END) { $ended = 1 }
        elsif ($status == Z_BUF_ERROR) { last unless length $plain || length $bytes }
        elsif ($status != Z_OK) { die "The compressed data are damaged: $status\n" }
    }
}
die "The compressed data end too early\n" unless $ended;
PERL
}
