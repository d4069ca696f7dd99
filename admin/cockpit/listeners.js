/* SPDX-License-Identifier: Apache-2.0 */

/* Where clients come in. */

import { LISTENER, objects } from "./broker.js";
import { facts, show } from "./dialog.js";
import { bytes, moment, whole } from "./format.js";
import { TablePage } from "./page.js";

const SOON = 14 * 86400 * 1e6; // microseconds: a certificate should have been renewed by now

const sum = counts => Object.values(counts).reduce((total, count) => total + count, 0);

function expiry(listener) {
    if (!listener.TLS)
        return "no TLS";
    if (!listener.CertificateNotAfter)
        return "no certificate";
    const left = listener.CertificateNotAfter - Date.now() * 1000;
    const hint = left < 0 ? " (expired)" : left < SOON ? " (soon)" : "";
    return moment(listener.CertificateNotAfter) + hint;
}

function open(listener) {
    const refused = Object.entries(listener.Refused).filter(([, count]) => count > 0);

    show(`Listener ${listener.Name}`, facts([
        ["Addresses", listener.Addresses.join(", ")],
        ["Protocol", listener.Protocol],
        ["Certificate of", listener.CertificateSubject || "–"],
        ["Serial number", listener.CertificateSerial || "–"],
        ["Expires", expiry(listener)],
        ["Handshakes", whole(listener.Handshakes)],
        ["Failed handshakes", whole(listener.HandshakesFailed)],
        ["Bytes of handshakes", bytes(listener.HandshakeBytesReceived + listener.HandshakeBytesSent)],
        ...refused.map(([reason, count]) => [`Refused: ${reason}`, whole(count)]),
    ]));
}

async function fetch() {
    const found = Object.values(await objects())
        .map(interfaces => interfaces[LISTENER])
        .filter(Boolean)
        .sort((one, other) => one.Name.localeCompare(other.Name));

    return { rows: found, next: "" };
}

export class Listeners extends TablePage {
    constructor() {
        super({
            caption: "Listeners",
            empty: "There is no listener.",
            fetch,
            open,
            columns: [
                { title: "Listener", text: row => row.Name },
                { title: "Addresses", text: row => row.Addresses.join(", ") },
                { title: "Protocol", text: row => row.Protocol },
                { title: "Certificate", text: expiry },
                { title: "Connections", text: row => whole(row.Connections), isNumber: true },
                { title: "Accepted", text: row => whole(row.Accepted), isNumber: true },
                { title: "Refused", text: row => whole(sum(row.Refused)), isNumber: true },
            ],
        });
    }
}
