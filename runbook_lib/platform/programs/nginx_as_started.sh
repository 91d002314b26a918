# shellcheck shell=sh disable=SC2329
# nginx_as_started WORD…: nginx with the file (-c), the folder (-p) and the settings (-g) that the running one was started
# with. Plain `nginx -t` and `nginx -s reload` mean the file that was compiled in: of an image that starts nginx with
# another one (SWAG and other images of linuxserver.io, a `command:` with -c) they test files that it does not use, and look for
# its process where it is not noted. nginx shows its own words as the title of its process, without quotes.
nginx_as_started() {
    master=$(grep -ls "^[n]ginx: master process" /proc/[0-9]*/cmdline | head -n 1)
    if [ -n "$master" ]; then
        title=" $(tr '\000' ' ' <"$master" | sed 's/^nginx: master process *//; s/ *$//')"
        settings=$(printf '%s\n' "$title" | sed -n 's/^.* -g *//p' | sed 's/ -[cep] .*$//')
        [ -z "$settings" ] || set -- -g "$settings" "$@"
        for option in c p; do
            place=$(printf '%s\n' "$title" | sed -n "s/^.* -$option *\([^ ]*\).*$/\1/p")
            [ -z "$place" ] || set -- "-$option" "$place" "$@"
        done
    fi
    nginx "$@"
}
