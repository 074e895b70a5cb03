#!/bin/sh
# Prints the path of a LiveKit server; builds one with Go, once per machine, where there is none.
set -eu
version=1.13.5
cache=${XDG_CACHE_HOME:-$HOME/.cache}/longroom
binary=$cache/livekit-server-$version

for found in "${LIVEKIT_SERVER_BIN:-}" "$(command -v livekit-server || true)" "$binary"; do
    if [ -n "$found" ] && [ -x "$found" ]; then
        echo "$found"
        exit 0
    fi
done

if ! command -v go >/dev/null; then
    echo "longroom: no livekit-server found and no Go to build it with." \
        "Install Go from https://go.dev/dl, or set LIVEKIT_SERVER_BIN to a livekit-server." >&2
    exit 1
fi

echo "longroom: building livekit-server $version into $cache (once, some minutes) ..." >&2
mkdir -p "$cache"
build=$(mktemp -d "$cache/build-XXXXXX")
trap 'rm -rf "$build"' EXIT
CGO_ENABLED=0 GOBIN=$build go install "github.com/livekit/livekit-server/cmd/server@v$version" >&2
mv "$build/server" "$binary" # a rename, so that a second build at the same time does no harm
echo "$binary"
