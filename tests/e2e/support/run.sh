#!/bin/sh
# run.sh NODE TEST: runs one file of node:test; 77 (skipped) when the packages are not installed.
#
# The limit is for what hangs: on a machine that does much else a file takes ten times its time. It ends before ctest's own, because node then says which
# test hung and ends what it started. Without isolation, node holds each test to it; with it, only the file, of which nothing would be shown.
[ -x "$1" ] || { echo "the packages of tests/e2e are not installed; ./dev test installs them"; exit 77; }
exec "$1" --test --experimental-test-isolation=none --test-reporter=spec --test-timeout="${TOOLRACK_TEST_SECONDS:-580}000" "$2"
