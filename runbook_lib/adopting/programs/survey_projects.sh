# shellcheck shell=sh
# Compose projects of a server: a line `project<TAB>folder` for each container; then, where the folder has exactly one,
# its networks and the inspection of its containers. Nothing is changed. Argument: the folder.
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
ids=$(docker ps --all --quiet --no-trunc --filter "label=$project=$name" --filter "label=com.docker.compose.oneoff=False")
# shellcheck disable=SC2086 # one word an id
[ -z "$ids" ] || docker inspect $ids
