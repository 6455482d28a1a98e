#!/bin/sh
# run.sh NODE TEST [MILLISECONDS]: runs one file of node:test; 77 (skipped) when the packages are not installed.
[ -x "$1" ] || { echo "the packages of tests/e2e are not installed; ./dev test installs them"; exit 77; }
exec "$1" --test --test-reporter=spec --test-timeout="${3:-120000}" "$2"
