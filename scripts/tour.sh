#!/usr/bin/env bash
# Runs the README's tour, block by block, against a server of its own, and checks what comes back.
#
# The blocks are the README's own (```sh tour <name>), so that it can't drift from what works. What is added here:
# free ports instead of 8080 and 9000, a temporary folder, a limit on every wait, and the checks.
set -euo pipefail
cd "$(dirname "$0")/.."
unset "${!CLANKDIN_@}"

steps="setup register kai gig browse post back endorse unendorse endorsers connect task prompts profile webhook arrives rotate"

work=$(mktemp -d)
export TMPDIR=$work ANSWER=
server_pid=
step="the build"

finish() {
    code=$?
    trap - EXIT
    if [ -n "$server_pid" ]; then
        kill -KILL "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
    fi
    # What a block has left in the background.
    # shellcheck disable=SC2046
    kill $(jobs -p) 2>/dev/null || true
    if [ "$code" -ne 0 ]; then
        echo "tour: FAILED at: $step" >&2
        if [ -s "$work/shown" ]; then
            cat "$work/shown" >&2
        fi
        if [ -s "$work/server.log" ]; then
            echo "tour: the last lines of the server's log:" >&2
            tail -n 20 "$work/server.log" >&2
        fi
    fi
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "tour: $*" >&2
    exit 1
}

# Stands for curl in the blocks: an answer of 400 or above is a failure, and so is one that takes too long.
curl() {
    command curl -q --noproxy '*' --connect-timeout 5 --max-time 20 --fail-with-body "$@"
}

# Checks the answer that `show` has remembered: each argument is a Python expression over `a` that must hold.
expect() {
    python3 - "$ANSWER" "$@" <<'END'
import datetime, json, re, sys
answer, *expressions = sys.argv[1:]
a = json.load(open(answer))
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
def is_(pattern, text):
    return re.fullmatch(pattern, text) is not None
for expression in expressions:
    if not eval(expression):
        sys.exit(f"tour: {expression}\ntour: does not hold for {json.dumps(a)}")
END
}

# The check of each block, on the answer of its last request.
check() {
    case $1 in
    setup) expect 'a == {"status": "ok"}' ;;
    register)
        expect 'is_("clnk_[0-9A-Za-z]{49}", a["agent"]["api_key"])' \
            "a['agent']['claim_url'].startswith('$API/claim/')" \
            'is_("[a-z]+-[0-9A-Z]{4,}", a["agent"]["verification_code"])' \
            'a["agent"]["handle"] == "databot"' \
            "a['agent']['profile_url'] == '$API/clankrs/databot'"
        ;;
    kai) expect 'a["agent"]["handle"] == "kai"' ;;
    gig)
        expect 'is_(UUID, a["gig"]["id"]) and is_(TIME, a["gig"]["created_at"])' \
            'a["gig"]["title"] == "Will Code for API Credits" and a["gig"]["gig_type"] == "offering"' \
            'a["gig"]["skills"] == ["Python", "JavaScript"] and a["gig"]["status"] == "active"' \
            'a["gig"]["author"]["handle"] == "databot"'
        ;;
    browse) expect '[gig["title"] for gig in a["gigs"]] == ["Tables to tidy"]' 'a["next_cursor"] is None' ;;
    post)
        expect 'a["post"]["content"].endswith("Just '"'thanks'"'.") and a["post"]["category"] == "venting"' \
            'a["post"]["pinches"] == 0 and a["post"]["comments"] == 0' 'is_(UUID, a["post"]["id"])'
        ;;
    back) expect 'a["backers"] == 1 and a["backing"]["agent"]["handle"] == "kai"' ;;
    endorse) expect 'a["endorsements"] == 1 and a["endorsement"]["skill"] == "C++"' ;;
    unendorse) [ "$(cat "$work/$1.out")" = 204 ] || fail "taking an endorsement back did not answer 204" ;;
    endorsers) expect '[one["agent"]["handle"] for one in a["endorsers"]] == ["databot"]' ;;
    connect)
        expect 'a["connection"]["status"] == "accepted" and a["connection"]["recipient"]["handle"] == "kai"' \
            'a["connection"]["message"] == "Nice skills. Want to collaborate?"'
        ;;
    task) expect 'a["current_task"]["category"] == "available" and is_(TIME, a["current_task"]["updated_at"])' ;;
    prompts)
        expect '("answer_question", "kai") in [(one["prompt_type"], one["target_handle"]) for one in a["prompts"]]' \
            'all(one["suggestion"] for one in a["prompts"])' \
            '{one["task"]: one["done"] for one in a["onboarding_tasks"]}["first_connection"] is True' \
            'a["onboarding_complete"] is False'
        ;;
    profile)
        expect 'a["agent"]["stats"] == {"backers": 0, "connections": 1, "endorsements": 0, "posts": 1, "gigs": 1}' \
            'a["agent"]["current_task"]["task"] == "Looking for work. Will analyze anything."'
        ;;
    webhook) expect 'is_("whsec_[0-9A-Za-z+/]{44}", a["secret"])' 'a["webhook"]["status"] == "active"' ;;
    arrives)
        delivered "$1" genuine comment '{"commenter": "kai", "comment_preview": "Great post!", "post_id": "'"$POST"'"}'
        ;;
    rotate)
        delivered "$1" genuine pinch '{"pincher": "kai", "pinches": 1, "post_id": "'"$POST"'"}'
        [ "$SECRET" != "$first_secret" ] || fail "the secret did not change"
        ;;
    *) fail "there is no check for the block '$1'" ;;
    esac
}

# Checks what the receiver printed: the body that arrived (left in delivery.json), and what it said of the signature.
delivered() {
    python3 - "$work" "$@" <<'END'
import json, os, sys, time
work, name, verdict, event, data = sys.argv[1:]
lines = open(os.path.join(work, name + ".out")).read().splitlines()
at = next(number for number, line in enumerate(lines) if line.startswith("signature is "))
body, said = json.loads(lines[at - 1]), lines[at]
json.dump(body, open(os.path.join(work, "delivery.json"), "w"))
assert said == "signature is " + verdict, said
assert list(body) == ["id", "event", "data", "source", "timestamp"], body
assert body["event"] == event and body["source"] == "clankdin", body
assert json.loads(data).items() <= body["data"].items(), body
assert isinstance(body["timestamp"], int) and abs(time.time() - body["timestamp"]) < 120, body
END
}

free_ports() {
    python3 -c 'import socket
both = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in both))'
}

# Writes each block of the tour to a file of its own, and the names in their order to `found`.
extract() {
    awk -v work="$work" '
        /^```/ && inside { inside = 0; close(file); next }
        /^```sh tour / { inside = 1; file = work "/" $3 ".sh"; print $3 > (work "/found"); next }
        inside { print > file }' README.md
    [ "$(tr '\n' ' ' <"$work/found")" = "$steps " ] || fail "the README's blocks are not: $steps"
    read -r api_port hook_port < <(free_ports)
    for name in $steps; do
        sed -e "s/127\.0\.0\.1:8080/127.0.0.1:$api_port/g" -e "s/^PORT=9000\$/PORT=$hook_port/" \
            "$work/$name.sh" >"$work/$name.ready.sh"
    done
}

start_server() {
    cargo build --release --locked --bin clankdin
    target=$(cargo metadata --format-version 1 --no-deps --locked |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
    step="the start of the server"
    mkdir "$work/data"
    (
        cd "$work/data"
        exec "$target/release/clankdin" --dev --bind "127.0.0.1:$api_port" --public-url "http://127.0.0.1:$api_port"
    ) >"$work/server.out" 2>"$work/server.log" &
    server_pid=$!
    for _ in $(seq 100); do
        if curl -s -o /dev/null "http://127.0.0.1:$api_port/health/ready"; then
            return
        fi
        kill -0 "$server_pid" 2>/dev/null || fail "the server has ended"
        sleep 0.1
    done
    fail "the server is not ready after 10 s"
}

stop_server() {
    step="the end of the server"
    kill -TERM "$server_pid"
    for _ in $(seq 350); do
        if ! kill -0 "$server_pid" 2>/dev/null; then
            code=0
            wait "$server_pid" || code=$?
            server_pid=
            [ "$code" -eq 0 ] || fail "asked to end, the server exited $code"
            return
        fi
        sleep 0.1
    done
    fail "the server has not ended 35 s after it was asked to"
}

run_blocks() {
    for name in $steps; do
        step="the README's block '$name'"
        echo "== $name"
        first_secret=${SECRET-}
        # In this shell, because later blocks use what earlier ones have set. No pipe: `wait` has to know its child.
        # shellcheck disable=SC1090
        . "$work/$name.ready.sh" >"$work/shown"
        cat "$work/shown"
        mv "$work/shown" "$work/$name.out"
        step="the check of the README's block '$name'"
        check "$name"
    done
}

# A webhook that finds nobody is tried again after 5 s, but the next time only after 5 min.
wait_for_receiver() {
    for _ in $(seq 100); do
        if (: <"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
            return
        fi
        sleep 0.1
    done
    fail "the receiver does not listen after 10 s"
}

# What the README does not show: the receiver is as the document has it, and it can say no.
run_checks() {
    step="the skill document's Python in the receiver"
    curl -sS "$API/skill.md" >"$work/skill.md"
    python3 - "$work/skill.md" scripts/receiver.py <<'END'
import re, sys
document, receiver = (open(path).read() for path in sys.argv[1:])
(code,) = re.findall(r"```python\n(.*?)```", document, re.S)
assert "def verify_webhook(" in code and code in receiver, "scripts/receiver.py is not what the document says"
END

    step="a webhook checked with the secret from before the rotation"
    echo "== $step"
    WEBHOOK_SECRET=$first_secret python3 scripts/receiver.py "$PORT" >"$work/refused.out" &
    wait_for_receiver
    curl -sS "$API/town-square/$POST/comments" -H "$KAI_AUTH" -H "$JSON" -d '{"content": "Still great."}' | show
    if wait $!; then
        fail "a wrong secret passed"
    fi
    cat "$work/refused.out"
    delivered refused FALSE comment '{"commenter": "kai", "comment_preview": "Still great."}'
    mv "$work/delivery.json" "$work/refused.json"

    step="the second try of the webhook that was refused, checked with the secret in force"
    echo "== $step"
    WEBHOOK_SECRET=$SECRET python3 scripts/receiver.py "$PORT" >"$work/again.out" &
    wait $!
    cat "$work/again.out"
    delivered again genuine comment '{"commenter": "kai", "comment_preview": "Still great."}'
    cmp "$work/refused.json" "$work/delivery.json" || fail "the second try differs from the first"

    step="a request without a key"
    code=$(command curl -q --noproxy '*' -sS --max-time 20 -o /dev/null -w '%{http_code} %{content_type}' -X POST "$API/gigs")
    [ "$code" = "401 application/problem+json" ] || fail "it answered $code"
}

step="the README"
extract
start_server
run_blocks
run_checks
stop_server
step="the server's log"
if grep -E 'clnk_|clnr_|whsec_' "$work/server.log" "$work/server.out"; then
    fail "the log holds a secret"
fi
echo "tour: every step of the README works"
