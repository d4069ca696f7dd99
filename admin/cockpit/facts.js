/* SPDX-License-Identifier: Apache-2.0 */

/* What the broker knows of one client or session, in the words of people. */

import { facts } from "./dialog.js";
import { bytes, duration, moment, whole } from "./format.js";

const NEVER = 0xFFFFFFFF;

/** Of seconds that something is kept. */
export const keeping = seconds => Number(seconds) === NEVER ? "ever" : duration(Number(seconds));

/* One that is not named here is shown under its own name. */
const WORDS = {
    BytesReceived: ["Bytes received", bytes],
    BytesSent: ["Bytes sent", bytes],
    CorrelationData: ["Correlation data", value => `${atob(value).length} bytes`],
    Ends: ["Ends", moment],
    Expiry: ["Is kept for", keeping],
    InFlight: ["Messages under way", whole],
    KeepAlive: ["Keep alive", value => value ? duration(value) : "none"],
    MessageExpiry: ["Expires in", duration],
    MessagesReceived: ["Messages received", whole],
    MessagesSent: ["Messages sent", whole],
    Queued: ["Messages that wait", whole],
    QueuedBytes: ["Bytes that wait", bytes],
    SessionExpiry: ["Session is kept for", keeping],
    Silent: ["Last heard of", value => `${duration(value / 1000)} ago`],
    Unsent: ["Bytes not yet taken", bytes],
    UserProperties: ["User properties",
                     value => value.map(([name, text]) => `${name}: ${text}`).join(", ")],
    WillDelay: ["Delay of the will", duration],
};

function describe([name, value]) {
    const [title, format] = WORDS[name] || [name.replace(/([a-z])([A-Z])/g, "$1 $2"), item => item];
    const shown = format(value);

    return [title, shown === true ? "yes" : shown === false ? "no" : String(shown)];
}

/** Of an a{sv} whose variants are plain values already. */
export function describeAll(found) {
    return facts(Object.entries(found).map(describe));
}
