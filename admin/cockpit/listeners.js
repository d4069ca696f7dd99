/* SPDX-License-Identifier: Apache-2.0 */

/* Where clients come in. */

import { callAt, LISTENER, objects } from "./broker.js";
import { ask, facts, show } from "./dialog.js";
import { button, element } from "./dom.js";
import { bytes, moment, whole } from "./format.js";
import { attempt, TablePage } from "./page.js";

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
    const found = Object.entries(await objects())
        .filter(([, interfaces]) => LISTENER in interfaces)
        .map(([path, interfaces]) => ({ ...interfaces[LISTENER], path }))
        .sort((one, other) => one.Name.localeCompare(other.Name));

    return { rows: found, next: "" };
}

async function pause(listener, page) {
    const done = await ask({
        title: `Pause ${listener.Name}?`,
        body: [element("p", {}, "Nobody can connect there until it is resumed. Connections stay.")],
        verb: "Pause",
        isDanger: true,
        action: () => callAt(listener.path, LISTENER, "Pause"),
    });

    if (done)
        await page.table.reload();
}

async function resume(listener, page) {
    await attempt(() => callAt(listener.path, LISTENER, "Resume"));
    await page.table.reload();
}

function switches(listener, page) {
    return [listener.Paused
        ? button("Resume", () => resume(listener, page), { "aria-label": `Resume ${listener.Name}` })
        : button("Pause", () => pause(listener, page), { "aria-label": `Pause ${listener.Name}` })];
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
                { title: "State", text: row => row.Paused ? "paused" : "accepts" },
                { title: "Connections", text: row => whole(row.Connections), isNumber: true },
                { title: "Accepted", text: row => whole(row.Accepted), isNumber: true },
                { title: "Refused", text: row => whole(sum(row.Refused)), isNumber: true },
                { title: "", actions: row => switches(row, this) },
            ],
        });
    }
}
