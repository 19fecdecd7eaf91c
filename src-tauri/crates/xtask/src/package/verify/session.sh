#!/bin/bash
# What a user does with an installed Paddock, in a clean root without a network. Run by `cargo xtask package --verify` as
# a user of that root. /verify/session is where it and the task wait for each other.
set -u
data="$HOME/.local/share/dev.paddock.desktop"

fail() {
    echo "FAILED: $*"
    [ -n "${app:-}" ] && kill -KILL "$app" 2>/dev/null
    exit 1
}
# until_true SECONDS WHAT COMMAND...
until_true() {
    local left=$(($1 * 5)) what=$2
    shift 2
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || fail "$what"
        sleep 0.2
    done
}

echo "== the command"
paddock --version || fail "paddock --version"
if ldd "$(command -v paddock)" | grep -iE 'gtk|webkit'; then
    fail "the command is linked to a window system"
fi
[ -x /usr/bin/paddock-guard ] || fail "there is no guard"

echo "== the window"
paddock-desktop 2>/tmp/app.log &
app=$!
until_true 60 "the app did not open its data folder: $(cat /tmp/app.log)" test -f "$data/run/host.json"
touch /verify/session/up
until_true 120 "nobody saw the window" test -f /verify/session/seen
kill -0 "$app" || fail "the app ended: $(cat /tmp/app.log)"

echo "== the model"
key=$(paddock import /verify/model.gguf --json | sed -n 's/.*"key": *"\([^"]*\)".*/\1/p' | head -n 1)
[ -n "$key" ] || fail "the model was not imported"
echo "imported as $key"
paddock engine ls || fail "paddock engine ls"
if [ "$WITH_ENGINE" = yes ]; then
    paddock load "$key" --ctx-size 2048 || fail "the model does not load with the packed engine"
    body="{\"model\":\"$key\",\"prompt\":\"The capital of France is\",\"max_tokens\":6,\"temperature\":0}"
    exec 3<>/dev/tcp/127.0.0.1/8421 || fail "nothing listens at the endpoint"
    printf 'POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:8421\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %s\r\n\r\n%s' \
        "${#body}" "$body" >&3
    answer=$(cat <&3)
    exec 3>&-
    echo "$answer" | grep -o '"text":"[^"]*"' || fail "no answer: $answer"
    paddock ps || fail "paddock ps"
fi
paddock doctor || echo "(doctor found something)"

echo "== the end"
kill -TERM "$app"
wait "$app"
code=$?
[ "$code" = 0 ] || fail "the app ended with $code: $(cat /tmp/app.log)"
# A process that has ended and that nobody has asked after has no command line any more.
nothing_is_left() {
    local folder words
    for folder in /proc/[0-9]*; do
        words=$(tr '\0' ' ' <"$folder/cmdline" 2>/dev/null)
        case $words in
            *session.sh*) ;;
            *paddock* | *llama-server* | *WebKit*) return 1 ;;
        esac
    done
}
until_true 5 "something was left running" nothing_is_left
echo "== done"
