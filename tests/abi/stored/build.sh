#!/bin/sh
# How stored_1_0.so was made: on Debian 12, x86-64, with abi.h as it was when ABI 1.0 was locked. Run from anywhere; writes
# the file that is named, which is not the stored one.
set -eu
out=$(realpath -m "${1:?usage: build.sh OUTPUT.so}")
cd "$(dirname "$0")"
note=$(mktemp --suffix=.S)
trap 'rm -f "$note"' EXIT
sed -e "s|@NAME@|stored|; s|@MANIFEST@|$PWD/manifest.json|; s|@DOCUMENT_NOTES@||" ../../../sdk/cmake/manifest_note.S.in >"$note"
gcc -std=gnu11 -O2 -Wall -Wextra -fPIC -fvisibility=hidden -fcf-protection=none -shared -s \
  -Wl,--version-script=../../../sdk/cmake/plugin.map -Wl,-z,defs -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,noseparate-code \
  -Wl,--build-id=sha1 -I ../../../sdk/include stored_1_0.c "$note" -o "$out"
