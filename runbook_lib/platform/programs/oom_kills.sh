# shellcheck shell=sh
# oom_kills.sh CGROUPS PROJECT SERVICE: the kernel's counters for memory of the service's containers, however many it has:
# memory.events (control groups version 2) or memory.oom_control (version 1). From the server's own files below CGROUPS where
# they can be read: a watch asks every other second, and a process in the container costs four times as much and needs a
# shell there. Below another parent, or where the engine runs on another machine, the container is asked for its own view.
cgroups=$1 project=$2 service=$3
found=$(docker ps --quiet --no-trunc --filter status=running --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" --filter "label=com.docker.compose.oneoff=False") || exit 125
[ -n "$found" ] || exit 126
by_files() {
    for folder in "$cgroups/memory/docker/$1" "$cgroups/system.slice/docker-$1.scope" "$cgroups/docker/$1" \
        "$cgroups/memory/system.slice/docker-$1.scope"; do
        cat "$folder/memory.events" 2>/dev/null || cat "$folder/memory.oom_control" 2>/dev/null || continue
        return 0
    done
    return 1
}
for id in $found; do
    by_files "$id" || docker exec --interactive "$id" sh -c \
        'cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null; true' </dev/null
done
