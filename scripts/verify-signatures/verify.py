"""Verifies deliveries by Standard Webhooks' library for Python, through the code in docs/webhooks.md, and by the
skill document's own `verify_webhook`. Says what is wrong and exits 1, or how much was checked.

verify.py KEPT FRESH STALE: deliveries of a time long past, of this minute, and of six minutes ago.
"""
import datetime
import json
import re
import sys
from unittest import mock

import standardwebhooks.webhooks as library

done = 0


def check(holds, what):
    global done
    if not holds:
        sys.exit(f"python: {what}")
    done += 1


def shown_in(path):
    """The names that a document's one block of Python defines."""
    (code,) = re.findall(r"^```python\n(.*?)^```", open(path, encoding="utf-8").read(), re.S | re.M)
    names = {}
    exec(compile(code, path, "exec"), names)
    return names


verify = shown_in("docs/webhooks.md")["verify"]
verify_webhook = shown_in("crates/api/src/skill.md")["verify_webhook"]


def clock(seconds):
    """Stops the library's clock."""

    class Stopped(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(seconds, tz)

    return mock.patch.object(library, "datetime", Stopped)


def refusal(body, headers, secret):
    try:
        verify(body, headers, secret)
    except library.WebhookVerificationError as error:
        return str(error)
    return None


def changed(body):
    """The body with each of its bytes changed in turn."""
    for place in range(len(body)):
        yield body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def check_standard(vector):
    """What holds while the delivery is neither too old nor too new."""
    name, headers, body = vector["name"], vector["headers"], vector["body"].encode()
    for secret in vector["signed_by"]:
        said = refusal(body, headers, secret)
        check(said is None, f"{name}: is not verified: {said}")
        check(verify(body, headers, secret) == json.loads(body), f"{name}: is read as another event")
        for other in changed(body):
            check(refusal(other, headers, secret) == "No matching signature found", f"{name}: {other} passes")
        second = str(int(headers["webhook-timestamp"]) - 1)
        for other in {"webhook-id": "other"}, {"webhook-timestamp": second}:
            said = refusal(body, headers | other, secret)
            check(said == "No matching signature found", f"{name}: {other} passes, or {said}")
        for missing in "webhook-id", "webhook-timestamp", "webhook-signature":
            check(refusal(body, headers | {missing: ""}, secret), f"{name}: passes without {missing}")
    for secret in vector["not_signed_by"]:
        check(refusal(body, headers, secret) == "No matching signature found", f"{name}: a wrong secret passes")


def check_hex(vector):
    """What holds at any time: this header tells none."""
    name, signature, body = vector["name"], vector["headers"]["x-clankdin-signature"], vector["body"].encode()
    newest, *before = vector["signed_by"]
    check(verify_webhook(body, signature, newest), f"{name}: is not verified by the skill document")
    for other in changed(body):
        check(not verify_webhook(other, signature, newest), f"{name}: {other} passes the skill document's check")
    for secret in before + vector["not_signed_by"]:
        check(not verify_webhook(body, signature, secret), f"{name}: a wrong secret passes the skill document's check")


kept, fresh, stale = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
names = [vector["name"] for vector in kept]
check(names and all([vector["name"] for vector in vectors] == names for vectors in (fresh, stale)), "vectors are missing")

for vector in kept:
    check_hex(vector)
    sent_at = int(vector["headers"]["webhook-timestamp"])
    with clock(sent_at):
        check_standard(vector)
    edges = {-301: "Message timestamp too new", -300: None, 300: None, 301: "Message timestamp too old"}
    for seconds, why in edges.items():
        with clock(sent_at + seconds):
            said = refusal(vector["body"].encode(), vector["headers"], vector["signed_by"][0])
            check(said == why, f"{vector['name']}: {said} instead of {why} after {seconds} s")
for vector in fresh:
    check_hex(vector)
    check_standard(vector)
for vector in kept + stale:
    said = refusal(vector["body"].encode(), vector["headers"], vector["signed_by"][0])
    check(said == "Message timestamp too old", f"{vector['name']}: {said} instead of too old")
print(f"python: {len(kept)} kept and {len(fresh)} fresh deliveries, {done} checks hold")
