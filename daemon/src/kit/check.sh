#!/bin/sh
# Checks every file of this kit against SHA256SUMS. Exit code 0: all sound, 1: damage, 2: cannot tell.
# Needs a POSIX shell and one of sha256sum, shasum, openssl. Says nothing about sound files.
set -u
cd "$(dirname "$0")" || exit 2

if command -v sha256sum > /dev/null 2>&1; then
    digest() { sha256sum < "$1" | cut -d ' ' -f 1; }
elif command -v shasum > /dev/null 2>&1; then
    digest() { shasum -a 256 < "$1" | cut -d ' ' -f 1; }
elif command -v openssl > /dev/null 2>&1; then
    digest() { openssl dgst -sha256 < "$1" | sed 's/.* //'; }
else
    echo "none of sha256sum, shasum, openssl is installed" >&2
    exit 2
fi
[ -s SHA256SUMS ] || { echo "MISSING SHA256SUMS"; exit 1; }

files=0 bad=0
while read -r expected name; do
    files=$((files + 1))
    if [ ! -f "$name" ]; then
        echo "MISSING $name"
        bad=$((bad + 1))
    elif [ "$(digest "$name")" != "$expected" ]; then
        echo "DAMAGED $name"
        bad=$((bad + 1))
    fi
done < SHA256SUMS

echo "$files files checked, $bad missing or damaged"
[ "$bad" -eq 0 ]
