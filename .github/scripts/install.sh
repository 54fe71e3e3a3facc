#!/usr/bin/env bash
# Installs unpark for the action: UNPARK_VERSION, or else the version that the action itself is of.
set -euo pipefail

version=${UNPARK_VERSION:-}
source=$(cd "$(dirname "$0")/../.." && pwd)

if [ -z "$version" ]; then
  if command -v unpark >/dev/null; then
    unpark --version
    exit
  fi
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$source/Cargo.toml" | head -n 1)
fi

# Built where there is no release for this kind of machine.
if cargo binstall --version >/dev/null 2>&1; then
  cargo binstall --no-confirm --locked "unpark@$version"
elif [ -z "${UNPARK_VERSION:-}" ]; then
  cargo install --locked --path "$source"
else
  cargo install --locked "unpark@$version"
fi
unpark --version
