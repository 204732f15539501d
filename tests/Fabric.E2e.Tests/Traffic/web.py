#!/usr/bin/env python3
"""web.py NAME PORT...   HTTP servers that answer with NAME and the address that the client seems to have; says "ready"."""
import http.server
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{sys.argv[1]} {self.client_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass


servers = [http.server.ThreadingHTTPServer(("", int(port)), Handler) for port in sys.argv[2:]]
threads = [threading.Thread(target=server.serve_forever) for server in servers]
for thread in threads:
    thread.start()
print("ready", flush=True)
