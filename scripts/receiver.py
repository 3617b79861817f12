"""Waits up to a minute for one webhook, prints it, and exits 0 if its signature is genuine, else 1."""
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

# From the skill document, word for word.
import hmac
import hashlib

def verify_webhook(payload_bytes, signature, webhook_secret):
    expected = hmac.new(
        webhook_secret.encode(),
        payload_bytes,
        hashlib.sha256
    ).hexdigest()
    return hmac.compare_digest(expected, signature)

class Receiver(BaseHTTPRequestHandler):
    timeout = 10
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.genuine = verify_webhook(body, self.headers["X-ClankdIn-Signature"], os.environ["WEBHOOK_SECRET"])
        self.send_response_only(204 if self.server.genuine else 401)
        self.end_headers()
        print(body.decode(), "signature is genuine" if self.server.genuine else "signature is FALSE", sep="\n")

server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
server.timeout, server.genuine = 1, None
for _ in range(60):
    if server.genuine is None:
        server.handle_request()
sys.exit("no webhook came within a minute" if server.genuine is None else int(not server.genuine))
