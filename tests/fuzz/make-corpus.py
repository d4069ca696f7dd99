#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the hand-made seeds of the fuzzers of the packet decoders into corpus/.

Notation: hex digits, and words in quotes that stand for their bytes. Seeds of fuzzers that are
not listed here are files like any other and stay as they are.
"""
import pathlib
import re

V5, V311, V31 = "00 ", "01 ", "02 "

SIGNATURE = " 0D0A0D0A000D0A515549540A "
USER = "26 0001 'k' 0001 'v'"
SEEDS = {
    "ack": {
        "plain": V311 + "02 0001",
        "plain-31-dup": V31 + "0A 0001",
        "plain-5": V5 + "00 FFFF",
        "puback-reason": V5 + "00 0001 10",
        "pubrel-reason": V5 + "02 0001 92",
        "reason-string": V5 + "00 0001 87 04 1F 0001 'x'",
        "user-properties": V5 + "02 0001 00 10" + USER + USER,
    },
    "auth": {
        "empty": V5 + "00",
        "method": V5 + "00 18 04 15 0001 'm'",
        "method-data": V5 + "00 19 0F 15 0005 'SCRAM' 16 0004 00FF8001",
        "all": V5 + "00 00 14 15 0001 'm' 16 0001 'd' 1F 0001 'r'" + USER,
    },
    "connack": {
        "accepted": V311 + "00 0100",
        "refused": V311 + "00 0005",
        "accepted-31": V31 + "00 0000",
        "accepted-5": V5 + "00 00 00 00",
        "limits": V5 + "00 00 00 0B 22 000A 27 001E8480 21 0014",
        "flags": V5 + "00 01 00 0A 24 01 25 00 28 01 29 00 2A 01",
        "strings": V5 + "00 00 9C 16 12 0002 'id' 13 003C 1A 0001 'i' 1C 0001 's' 1F 0003 'why'",
    },
    "connect": {
        "31": V31 + "00 0006 'MQIsdp' 03 02 003C 0002 'id'",
        "31-no-name": V31 + "00 0006 'MQIsdp' 03 C2 003C 0002 'id'",
        "311": V311 + "00 0004 'MQTT' 04 02 003C 0002 'id'",
        "311-bridge": V311 + "00 0004 'MQTT' 84 00 003C 0002 'id'",
        "311-all": V311 + "00 0004 'MQTT' 04 EE 003C 0001 'c' 0001 't' 0001 'p' 0001 'u' 0001 'w'",
        "5": V5 + "00 0004 'MQTT' 05 02 003C 00 0000",
        "5-password": V5 + "00 0004 'MQTT' 05 42 0000 00 0000 0002 FF00",
        "5-properties": V5 + "00 0004 'MQTT' 05 02 0000 23 11 FFFFFFFF 21 0014 27 00010000 22 "
        "000A 19 01 "
        "17 00 15 0001 'm' 16 0001 'd'" + USER + " 0002 'id'",
        "5-will": V5 + "00 0004 'MQTT' 05 3E 0000 00 0002 'id' 2B 18 00000005 01 01 02 0000003C "
        "03 0001 'c' "
        "08 0001 'r' 09 0001 'd'" + USER + USER + " 0004 'will' 0004 'gone'",
        "6": V5 + "00 0004 'MQTT' 06 02 0000 00 0000",
        "http": V5 + "00 'GET / HTTP/1.1'",
    },
    "disconnect": {
        "empty": V311 + "00",
        "empty-5": V5 + "00",
        "reason": V5 + "00 04",
        "session-expiry": V5 + "00 00 05 11 0000003C",
        "server-reference": V5 + "00 9C 0C 1C 0001 's' 1F 0001 'r' 1F",
        "moved": V5 + "00 9D 10 1C 0001 's' 1F 0001 'r'" + USER,
    },
    "packet-json": {
        "connect": V5 + "00 10 33 0004 'MQTT' 05 C6 003C 0B 11 0000000A 26 0001 'a' 0000 0001 'c' 00 "
        "0001 'w' 0001 'x' 0003 'eve' 000C 'open sesame!'",
        "connack": V5 + "00 20 06 01 00 03 21 0007",
        "publish": V5 + "00 30 0E 0000 07 23 0001 0B 01 0B 02 'text'",
        "publish-cut": V311 + "03 3B 09 0001 't' 0102 C3A4 FF FE",
        "subscribe": V5 + "00 82 09 0001 02 0B 05 0001 '#' 2D",
        "suback": V311 + "00 90 04 0001 00 80",
        "unsubscribe": V311 + "00 A2 05 0001 0001 '#'",
        "unsuback": V5 + "00 B0 04 0001 00 11",
        "disconnect": V5 + "00 E0 01 8E",
        "auth": V5 + "00 F0 0D 18 0B 15 0001 'm' 16 0004 'key!'",
    },
    "properties": {
        "empty": "03 00",
        "user": "08 10" + USER + USER,
        "publish": "03 23 01 01 02 0000003C 03 0001 'c' 08 0001 'r' 09 0001 'd' 0B 80 01 23 "
        "0001" + USER,
        "identifiers": "03 06 0B 01 0B 8080 01",
        "will": "00 0D 18 00000005" + USER,
        "connect": "01 0D 11 00000001 21 0001 27 00000001",
        "connack": "02 10 24 01 25 01 28 01 29 01 2A 01 13 0001 22 0001",
        "auth": "0F 08 15 0001 'm' 16 0001 'd'",
    },
    "proxy": {
        "1-tcp4": "00 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 1883' 0D0A 100C",
        "1-tcp6": "00 'PROXY TCP6 2001:db8::1 ::1 1 65535' 0D0A",
        "1-unknown": "00 'PROXY UNKNOWN ffff::1 whatever' 0D0A",
        "1-port": "00 'PROXY TCP4 192.0.2.1 192.0.2.2 65536 1' 0D0A",
        "1-long": "00 'PROXY UNKNOWN ' " + "41" * 120,
        "2-tcp4": "01" + SIGNATURE + "2111 000C C0000201 C0000202 DC04 075B 100C",
        "2-tcp6": "01" + SIGNATURE + "2121 0024" + "20" * 32 + "0001 FFFF",
        "2-unix": "01" + SIGNATURE + "2131 00D8" + "2F" * 216,
        "2-local": "01" + SIGNATURE + "2000 0003 010203",
        "2-tls": "01" + SIGNATURE + "2111 0023 C0000201 C0000202 DC04 075B 20 0014 05 00000000 "
        "21 0007 'TLSv1.3' 22 0002 'cn'",
        "2-short": "01" + SIGNATURE + "2111 000F C0000201 C0000202 DC04 075B 20 0001",
        "2-sum": "01" + SIGNATURE + "2111 0013 C0000201 C0000202 DC04 075B 03 0004 00000000",
    },
    "websocket-state": {
        "fresh": "3A 01 00 00 00 0000000000000000000000000000 00 00 0000000000000000000000000000 "
        "0000 E803 00000000 0000000000000000 0000000000000000  8281 00000000 61",
        "header": "3A 01 00 00 03 82FE000000000000000000000000 00 00 0000000000000000000000000000 "
        "0000 E803 00000000 0000000000000000 0000000000000000  7E000000006161616161616161",
        "payload": "3A 01 01 02 00 0000000000000000000000000000 00 00 0000000000000000000000000000 "
        "0000 E803 01020304 0500000000000000 0000000000000000  6162",
        "control": "3C 01 13 09 00 0000000000000000000000000000 00 00 0000000000000000000000000000 "
        "0000 E803 00000000 0300000000000000 0000000000000000 0161 626364 8880 00000000",
        "control-none": "3A 01 03 09 00 0000000000000000000000000000 00 00 0000000000000000000000000000 "
        "0000 E803 00000000 0300000000000000 0000000000000000  626364",
        "ping": "3C 01 20 00 00 0000000000000000000000000000 00 00 0000000000000000000000000000 "
        "0000 E803 00000000 0000000000000000 0000000000000000 0161",
        "answer": "3F 01 40 00 00 0000000000000000000000000000 02 02 8207000000000000000000000000 "
        "0000 E803 00000000 0000000000000000 0700000000000000 0301 8A0161 8281 00000000 "
        "61",
        "early": "41 01 00 00 00 0000000000000000000000000000 00 00 0000000000000000000000000000 "
        "0000 E803 00000000 0000000000000000 0000000000000000 8281 00000000 61",
        "closed": "3A 01 08 00 00 0000000000000000000000000000 00 00 0000000000000000000000000000 "
        "ED03 E803 00000000 0000000000000000 0000000000000000  61",
    },
    "request-head": {
        "get": "FF FF 'GET / HTTP/1.1' 0D0A 'Host: a' 0D0A 0D0A",
        "pieces": "FF 01 'GET /mqtt HTTP/1.1' 0D0A 'Host: a' 0D0A 'Upgrade: websocket' 0D0A 0D0A 8281",
        "pipelined": "FF FF 'GET / HTTP/1.0' 0D0A 0D0A 'GET / HTTP/1.0' 0D0A 0D0A",
        "large": "00 FF 'GET / HTTP/1.1' 0D0A 'Host: a' 0D0A 0D0A",
        "lone-lf": "FF FF 'GET / HTTP/1.1' 0A 'Host: a' 0A 0A",
        "folded": "FF FF 'GET / HTTP/1.1' 0D0A 'X: a' 0D0A 20 'b' 0D0A 0D0A",
        "body": "FF FF 'PUT / HTTP/1.1' 0D0A 'Content-Length: 5' 0D0A 0D0A",
        "chunked": "FF FF 'PUT / HTTP/1.1' 0D0A 'Transfer-Encoding: chunked' 0D0A 0D0A",
        "h2": "FF FF 'PRI * HTTP/2.0' 0D0A 0D0A 'SM' 0D0A 0D0A",
        "mqtt": "FF FF 100C 0004 'MQTT' 0402 003C 0000",
    },
    "http": {
        "get": "00 00 'GET / HTTP/1.1' 0D0A 'Host: a' 0D0A 0D0A",
        "file": "00 00 'GET /%62ase-passwd/../passwd.master?a=b&c HTTP/1.0' 0D0A "
        "'If-None-Match: *' 0D0A 0D0A",
        "upgrade": "04 10 'GET /mqtt HTTP/1.1' 0D0A 'Host: a' 0D0A 'Upgrade: websocket' 0D0A "
        "'Connection: Upgrade' 0D0A 'Sec-WebSocket-Version: 13' 0D0A "
        "'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' 0D0A 'Sec-WebSocket-Protocol: mqtt' 0D0A "
        "'X-Forwarded-For: ::1, 1.2.3.4:5' 0D0A 'Origin: https://a.example' 0D0A 0D0A",
        "page": "01 00 'HEAD /metrics?a=b HTTP/1.1' 0D0A 'Host: a' 0D0A "
        "'Authorization: Basic YTpi' 0D0A 0D0A",
        "body": "00 00 'POST / HTTP/1.1' 0D0A 'Host: a' 0D0A 'Content-Length: 5' 0D0A 0D0A 'hello'",
        "chunked": "01 00 'GET / HTTP/1.1' 0D0A 'Host: a' 0D0A 'Transfer-Encoding: chunked' 0D0A "
        "0D0A '0' 0D0A 0D0A",
        "folded": "00 00 'GET / HTTP/1.1' 0D0A 'Host: a' 0D0A 20 'b' 0A 0A",
        "h2c": "00 00 'GET / HTTP/1.1' 0D0A 'Host: a' 0D0A 'Upgrade: h2c' 0D0A "
        "'HTTP2-Settings: AAMAAABk' 0D0A 0D0A",
        "h2": "00 00 'PRI * HTTP/2.0' 0D0A 0D0A 'SM' 0D0A 0D0A 000000040000000000",
    },
    "answer-head": {
        "upgrade": "'HTTP/1.1 101 Switching Protocols' 0D0A 'Upgrade: websocket' 0D0A 0D0A",
        "mqtt": "'HTTP/1.1 101 OK' 0D0A 'Upgrade: WebSocket' 0D0A 'Sec-WebSocket-Protocol: mqtt' "
        "0D0A 0D0A 8200",
        "extension": "'HTTP/1.1 101 OK' 0D0A 'Upgrade: websocket' 0D0A "
        "'Sec-WebSocket-Extensions: x' 0D0A 0D0A",
        "not-found": "'HTTP/1.1 404 Not Found' 0D0A 0D0A",
        "half": "'HTTP/1.1 101 OK' 0D0A 'Upgrade: websocket' 0D0A",
        "h2": "0000 1204 0000 0000 00",
    },
    "websocket": {
        "binary": "0000 8283 01020304 60606000",
        "two": "0500 8281 00000000 61 8281 00000000 62",
        "fragments": "0100 0281 00000000 61 8985 01020304 6967 6F68 6E 8081 00000000 62",
        "close": "0000 8882 00000000 03E8 8281 00000000 61",
        "close-reason": "0000 8884 00000000 03E8 C3BC",
        "long-16": "0300 82FE 007E 01020304 " + "55" * 126,
        "long-64": "0000 82FF 0000000000010000 00000000 6162",
        "text": "0000 8181 00000000 61",
        "unmasked": "0000 8201 61",
        "pong": "0000 8A81 00000000 61 8281 00000000 61",
    },
    "publish": {
        "qos0": V311 + "00 0005 'a/b/c' 'payload'",
        "qos1-dup": V311 + "0A 0001 't' 0001 'p'",
        "qos2-retain": V31 + "05 0001 't' FFFF",
        "5": V5 + "00 0001 't' 00 'p'",
        "5-qos1": V5 + "02 0001 't' 0001 00 'p'",
        "alias": V5 + "00 0000 03 23 0001 'p'",
        "forwarded": V5 + "01 0001 't' 16 01 01 03 0001 'c' 08 0001 'r' 09 0001 'd'" + USER + " "
        "C3A9",
        "mixed": V5 + "00 0001 't' 1B 02 0000003C" + USER + "0B 05 23 0001" + USER + "'p'",
        "utf8": V5 + "00 0009 C3A9 E282AC F09F9880 00 'p'",
    },
    "suback": {
        "311": V311 + "00 0001 00010280",
        "5": V5 + "00 0001 00 000102 878F91979EA1A2",
        "reason-string": V5 + "00 0001 0C 1F 0001 'r'" + USER + " 00",
    },
    "subscribe": {
        "31": V31 + "02 0001 0001 'a' 00",
        "311": V311 + "02 0001 0003 'a/+' 01 0001 '#' 02",
        "5": V5 + "02 0001 00 0001 'a' 2E",
        "identifier": V5 + "02 0001 03 0B 8001 0001 'a' 00",
        "shared": V5 + "02 0001 00 000A '$share/g/a' 01",
        "shared-no-local": V5 + "02 0001 00 000A '$share/g/a' 05",
        "user": V5 + "02 0001 08" + USER + " 0005 'a/b/#' 12 0001 '/' 21",
    },
    "topic": {
        "equal": "'a/b' 0A 'a/b'",
        "plus": "'a/+/c' 0A 'a/b/c'",
        "hash": "'a/#' 0A 'a'",
        "hash-below": "'a/#' 0A 'a/b/c'",
        "all": "'#' 0A '/a/'",
        "system": "'$SYS/#' 0A '$SYS/broker'",
        "hidden": "'+/a' 0A '$SYS/a'",
        "empty-levels": "'//+' 0A '//'",
        "share": "'$share/g/a/+' 0A 'a/b'",
        "share-root": "'$share/g//' 0A '/'",
        "invalid": "'a/#/b' 0A 'a/b'",
    },
    "topic-name": {
        "short": "'a/b'",
        "word": "'/ab/cd/e'",
        "overlap": "'sensors/kitchen/temperature'",
        "neighbours": "'\"$*,-./' 22 24 2A 2C A3 AB 03 0B 63 6B",
        "most-levels": "2F" * 199,
        "too-many-levels": "2F" * 200,
    },
    "unsuback": {
        "311": V311 + "00 0001",
        "5": V5 + "00 0001 00 00 11 87",
        "reason-string": V5 + "00 0001 04 1F 0001 'r' 11",
    },
    "unsubscribe": {
        "311": V311 + "02 0001 0001 'a' 0003 'b/#'",
        "31-dup": V31 + "0A 0001 0001 'a'",
        "5": V5 + "02 0001 00 000A '$share/g/a'",
        "user": V5 + "02 0001 08" + USER + " 0001 '+'",
    },
    "utf8": {
        "ascii": "'the quick brown fox jumps over the lazy dog'",
        "mixed": "C3A9 'text' E282AC 'text' F09F9880 'more text that fills a word'",
        "edges": "7F C280 DFBF E0A080 ED9FBF EE8080 EFBFBF F0908080 F48FBFBF",
        "surrogate": "EDA080",
        "overlong": "C080",
        "too-high": "F4908080",
        "null": "'a' 00 'b'",
    },
    "packet": {
        "session": V311 + "100E 0004 'MQTT' 04 02 003C 0002 'id' 20020000 8206 0001 0001 'a' 01 "
        "9003 0001 01 3206 0001 'a' 0002 'p' 40020002 C000 D000 E000",
        "session-5": V5 + "100F 0004 'MQTT' 05 02 003C 00 0002 'id' 2003000000 3405 0001 'a' "
        "0002 00 "
        "50020002 62020002 70020002 F000 E00104",
        "session-31": V31 + "1010 0006 'MQIsdp' 03 02 003C 0002 'id' 6A020001 8A06 0001 0001 "
        "'a' 01",
        "padded": V311 + "C0808000",
        "long": V5 + "308001 0001 't' 00" + "41" * 124,
        "too-large": V5 + "30FFFFFF7F 00",
        "reserved": V5 + "0000",
        "flags": V5 + "1100",
        "first": "03 1002 0004",
    },
}


def encode(text):
    out = b""
    for word, digits in re.findall(r"'([^']*)'|([0-9A-Fa-f]+)", text):
        out += word.encode() if word else bytes.fromhex(digits)
    return out


def main():
    corpus = pathlib.Path(__file__).resolve().parent / "corpus"
    for fuzzer, seeds in SEEDS.items():
        (corpus / fuzzer).mkdir(parents=True, exist_ok=True)
        for name, text in seeds.items():
            (corpus / fuzzer / name).write_bytes(encode(text))


if __name__ == "__main__":
    main()
