#!/bin/sh
# Install the Chromium that tests of the viewer drive, where that can be done; else say what to do.
set -eu
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q && apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core && exit 0
fi
echo "no Chromium: tests that need one are skipped. As root: apt-get install chromium fonts-dejavu-core" >&2
[ "${CI:-}" != true ]
