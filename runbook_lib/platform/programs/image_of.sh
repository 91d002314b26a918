# shellcheck shell=bash disable=SC2329

# image_of CONTAINER: the image that it was started from: by its name where that still means this image, else by its id. A pull
# or a build gives the name to another one, and the container goes on with its own until it is made anew.
image_of() {
    local found id name
    found=$(docker inspect --format '{{.Image}} {{.Config.Image}}' "$1") || return
    id=${found%% *} name=${found#* }
    if [[ $(docker image inspect --format '{{.Id}}' -- "$name" 2>/dev/null) == "$id" ]]; then echo "$name"; else echo "$id"; fi
}
