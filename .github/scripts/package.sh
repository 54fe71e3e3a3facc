#!/usr/bin/env bash
# package.sh TARGET FOLDER: packs what was built in FOLDER for a target triple into `dist/`, under the names that
# `[package.metadata.binstall]` in Cargo.toml tells cargo-binstall.
set -euo pipefail

target=$1
built=$(cd "$2" && pwd)
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=unpark-v$version-$target
out=${DIST:-dist}
mkdir -p "$out"
out=$(cd "$out" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$work/$name
mkdir -p "$folder/completions" "$folder/man"
cp README.md CHANGELOG.md LICENSE-APACHE "$folder/"

suffix=
case $target in *windows*) suffix=.exe ;; esac
for program in unpark cargo-unpark; do
  cp "$built/$program$suffix" "$folder/"
done

# Also a first sign that it starts on the machine that it was built for.
for shell in bash zsh fish elvish powershell; do
  "$folder/unpark$suffix" completions "$shell" >"$folder/completions/unpark.$shell"
done
"$folder/unpark$suffix" man >"$folder/man/unpark.1"

case $target in
*windows*)
  archive=$name.zip
  (cd "$work" && 7z a -tzip -bso0 "$out/$archive" "$name")
  ;;
*)
  archive=$name.tgz
  tar -C "$work" -czf "$out/$archive" "$name"
  ;;
esac

cd "$out"
if command -v sha256sum >/dev/null; then
  sha256sum "$archive" >"$archive.sha256"
else
  shasum -a 256 "$archive" >"$archive.sha256"
fi
echo "$out/$archive"
