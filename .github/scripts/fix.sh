#!/usr/bin/env bash
# The action's fix: commits, pushed to UNPARK_BRANCH or left as patches.
set -euo pipefail

read -r -d '' -a args <<<"${UNPARK_ARGS:-}" || true
branch=${UNPARK_BRANCH:-}

# It is overwritten: never the branch that others push to.
for other in "${GITHUB_REF_NAME:-}" "${GITHUB_HEAD_REF:-}" "${GITHUB_BASE_REF:-}"; do
  if [ -n "$branch" ] && [ "$branch" = "$other" ]; then
    echo "::error::\`branch\` has to be one of unpark's own, and \`$branch\` is what this run is about"
    exit 2
  fi
done

if ! git var GIT_COMMITTER_IDENT >/dev/null 2>&1; then
  git config user.name 'github-actions[bot]'
  git config user.email '41898282+github-actions[bot]@users.noreply.github.com'
fi

base=$(git rev-parse HEAD)
status=0
unpark --apply --commit ${args[@]+"${args[@]}"} || status=$?
# 1: the compiler did not accept every change, and the others are made.
if [ "$status" -gt 1 ]; then
  exit "$status"
fi

if [ "$(git rev-parse HEAD)" = "$base" ]; then
  echo "changed=false" >>"$GITHUB_OUTPUT"
  exit
fi
echo "changed=true" >>"$GITHUB_OUTPUT"

if [ -z "$branch" ]; then
  patches=$RUNNER_TEMP/unpark-patches
  git format-patch --quiet --output-directory "$patches" "$base"
  echo "patches=$patches" >>"$GITHUB_OUTPUT"
elif git fetch --quiet --depth 1 origin "refs/heads/$branch" 2>/dev/null && git diff --quiet FETCH_HEAD HEAD; then
  echo "$branch has these changes already"
else
  git push --quiet --force origin "HEAD:refs/heads/$branch"
fi
