# shellcheck shell=bash disable=SC2154,SC2034,SC2317
# Runs a release's migrations on a copy of the live schema: `bash -s -- CHECKOUT COMMIT PROJECT SERVICE DATABASE USER IMAGE
# FOLDER API…`. IMAGE is the release's own, built from FOLDER; the APIs are services that may run an earlier one. Follows
# read_git.sh and schema_copy.sh. Prints one record a line: image, before, libraries, after, seconds, result.

main() {
    local checkout=$1 commit=$2 project=$3 service=$4 database=$5 user=$6 release_image=$7 folder=$8 live image
    scratch=$(mktemp -d) || exit 1
    copy="runbook-schema-copy-$project-$$-${RANDOM}"
    trap 'docker rm --force --volumes "$copy" "$copy-migrations" >/dev/null 2>&1; rm -rf -- "$scratch"' EXIT
    find_commit "$checkout" "$commit" "$scratch"
    live=$(one_container "$project" "$service" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -n $live ]] || result no-database <<<'no database is running'
    image=$(image_to_migrate "${@:9}" 2>"$scratch/log") || result error <"$scratch/log"
    [[ -n $image ]] || result no-image <<<'no image of the release, or of an earlier one, is on the server'
    printf 'image\t%s\n' "$image"
    start_copy_of "$live" >"$scratch/log" 2>&1 || result error <"$scratch/log"
    whole_schema "$live"
    compare_libraries "$image"
    local started=$SECONDS after
    migrate "$image" >"$scratch/log" 2>&1 || not_done
    after=$(revision "$copy" 2>>"$scratch/log") || result error <"$scratch/log"
    printf 'after\t%s\nseconds\t%s\n' "$after" "$((SECONDS - started))"
    result passed <"$scratch/log"
}

main "$@"; exit
