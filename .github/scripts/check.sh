#!/usr/bin/env bash
# The action's check: annotations, a SARIF file, and the exit code of `unpark --check`.
set -euo pipefail

if [ "${UNPARK_MODE:-check}" != check ]; then
  echo "::error::mode is \`check\` or \`fix\`, and not \`$UNPARK_MODE\`"
  exit 2
fi
read -r -d '' -a args <<<"${UNPARK_ARGS:-}" || true
sarif=$RUNNER_TEMP/unpark.sarif

status=0
unpark --check --message-format github --report "sarif=$sarif" ${args[@]+"${args[@]}"} || status=$?

if [ "$status" -le 1 ]; then
  {
    echo "sarif=$sarif"
    if [ "$status" -eq 1 ]; then echo "changed=true"; else echo "changed=false"; fi
  } >>"$GITHUB_OUTPUT"
fi
exit "$status"
