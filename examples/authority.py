#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An authority for the Hawker MQTT broker: see hawker-authority(7).

    authority.py SOCKET USERS

USERS is a file with a line for each user: name, password and a topic filter, blanks between. The
user may publish and subscribe to what is below the filter's first level. In hawker.conf(5):

    auth_service unix:SOCKET
"""
import base64
import hmac
import json
import os
import socketserver
import sys

REMEMBER = 30  # seconds for which the broker need not ask again


def load(path):
    with open(path, encoding="utf-8") as file:
        return {name: (password, root) for name, password, root in map(str.split, file)}


def password_of(question):
    if "password_base64" in question:
        return base64.b64decode(question["password_base64"])
    return question.get("password", "").encode()


def decide(question, users):
    password, root = users.get(question.get("username"), ("", None))
    if root is None:
        return False
    if question["ask"] == "connect":
        return hmac.compare_digest(password.encode(), password_of(question))
    if question["ask"] == "stay":
        return True
    return question["topic"].split("/")[0] == root.split("/")[0]


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            allow = decide(json.loads(line), self.server.users)
            answer = {"allow": allow, "ttl": REMEMBER if allow else 0}
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class Authority(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main(path, users):
    if os.path.exists(path):
        os.unlink(path)
    os.umask(0o117)  # who may write to the socket may ask: the broker's group
    with Authority(path, Conversation) as authority:
        authority.users = load(users)
        authority.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
