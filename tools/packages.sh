#!/bin/sh
# Install the Debian packages that the lists name and that are missing: packages.sh LIST…
# Root installs them; anybody else gets the line to run. Status 3: something is missing.
set -eu
wanted=$(sed -e 's/#.*//' "$@" | tr -s '\n' ' ')
if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: make sure that the equivalents of these are there: $wanted" >&2
    exit 0
fi
missing=
for package in $wanted; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "Debian packages are missing; run this, then the same command again:" >&2
    echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 3
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing Debian packages:$missing"
apt-get update -qq
apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null
