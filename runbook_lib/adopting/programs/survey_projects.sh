# shellcheck shell=sh
# Compose projects of a server: a line `project<TAB>folder` for each container; then, where the folder has exactly one,
# its networks, the inspection of its containers, and its files as Compose reads them there, filled in and as written.
# Nothing is changed. Argument: the folder.
set -eu
folder=$1
project=com.docker.compose.project

docker ps --all --format "{{.Label \"$project\"}}	{{.Label \"$project.working_dir\"}}" | sort -u | grep '[^	 ]' || true
echo '--- networks'
name=$(docker ps --all --filter "label=$project.working_dir=$folder" --format "{{.Label \"$project\"}}" | sort -u)
case $name in *'
'*) name= ;; esac
[ -n "$name" ] || { echo '--- containers'; exit 0; }
docker network ls --filter "label=$project=$name" --format '{{.Name}} {{.Internal}}'
echo '--- containers'
tries=0
while :; do
    ids=$(docker ps --all --quiet --no-trunc --filter "label=$project=$name" --filter "label=com.docker.compose.oneoff=False")
    [ -n "$ids" ] || exit 0
    # one that was removed in this moment makes the whole command fail
    # shellcheck disable=SC2086 # one word an id
    found=$(docker inspect $ids) && break
    [ $((tries += 1)) -lt 5 ] || exit 1
done
printf '%s\n' "$found"
named=$(docker inspect --format "{{index .Config.Labels \"$project.config_files\"}}" "${ids%%[!0-9a-f]*}")
given=$(docker inspect --format "{{index .Config.Labels \"$project.environment_file\"}}" "${ids%%[!0-9a-f]*}")
cd "$folder" 2>/dev/null || exit 0
IFS=,
set --
for file in $given; do set -- "$@" --env-file "$file"; done
for file in $named; do
    # a release's own images are none of the project's files
    case $file in */.runbook/*) ;; *) set -- "$@" --file "$file" ;; esac
done
unset IFS
read_files() { docker compose --project-name "$name" --project-directory "$folder" "$@" --format json 2>/dev/null; }
echo '--- files'
read_files "$@" config || exit 0
echo '--- as written'
# "${PORT}:80" is a port only when it is filled in
read_files "$@" config --no-interpolate || read_files "$@" config --no-interpolate --no-normalize --no-consistency || true
