/* SPDX-License-Identifier: Apache-2.0 */

/* How the broker is: figures, and lines of the last minutes. */

import { Chart } from "./chart.js";
import { facts } from "./dialog.js";
import { element } from "./dom.js";
import { bytes, bytesPerSecond, duration, milliseconds, moment, perSecond, whole } from "./format.js";

/** Of two readings of a counter; null if there was none before, or the broker is another one. */
function rate(before, now, seconds, name) {
    if (!before || before.StartedAt !== now.StartedAt || seconds <= 0)
        return null;
    return Math.max(0, (now[name] - before[name]) / seconds);
}

/** Milliseconds within which so many of the messages since then were written; null: there were none. */
function within(before, now, share) {
    const known = before && before.StartedAt === now.StartedAt ? before.MessageLatency : [];
    const counts = now.MessageLatency.map(([, n], i) => Number(n) - Number(known[i]?.[1] ?? 0));
    const at = counts.findIndex(n => n >= share * counts.at(-1));
    const bounds = now.MessageLatency.map(([bound]) => Number(bound) / 1000);

    return counts.at(-1) > 0 ? bounds[Math.min(at, bounds.length - 2)] : null;
}

/** It lives as long as the page, so that its lines go on while another part is shown. */
export class Overview {
    constructor() {
        this.before = null;
        this.charts = {
            messages: new Chart("Messages", ["received", "sent", "dropped"], perSecond),
            bytes: new Chart("Bytes", ["received", "sent"], bytesPerSecond),
            clients: new Chart("Clients", ["connected", "sessions away"], whole),
            queues: new Chart("Messages that wait", ["queued", "retained"], whole),
            latency: new Chart("Way of a message", ["half within", "99 % within"], milliseconds),
        };
        this.figures = element("div", { class: "figures" });
        this.reload = element("div", { class: "reload" });
        this.node = element("div", {}, this.figures,
                            element("div", { class: "charts" },
                                    ...Object.values(this.charts).map(chart => chart.node)),
                            this.reload);
    }

    /** What the broker said of itself; null: it is not there. */
    update(now) {
        const before = this.before;
        const seconds = before && now ? (now.at - before.at) / 1000 : 0;
        const per = name => now ? rate(before, now, seconds, name) : null;

        this.before = now;
        this.charts.messages.add(["MessagesReceived", "MessagesSent", "MessagesDropped"].map(per));
        this.charts.bytes.add(["BytesReceived", "BytesSent"].map(per));
        this.charts.clients.add(now ? [now.ClientsConnected, now.SessionsAway] : [null, null]);
        this.charts.queues.add(now ? [now.MessagesQueued, now.RetainedMessages] : [null, null]);
        this.charts.latency.add(now ? [0.5, 0.99].map(share => within(before, now, share)) : [null, null]);
        if (now)
            this.#describe(now);
    }

    #describe(now) {
        this.figures.replaceChildren(facts([
            ["Version", now.Version],
            ["Running for", duration((now.at - now.StartedAt / 1000) / 1000)],
            ["Workers", whole(now.Workers)],
            ["Clients connected", whole(now.ClientsConnected)],
            ["Sessions", whole(now.Sessions)],
            ["Subscriptions", whole(now.Subscriptions)],
            ["Retained messages", whole(now.RetainedMessages)],
            ["Messages that wait", whole(now.MessagesQueued)],
            ["Connections refused", whole(now.ConnectionsRefused)],
            ["Memory", bytes(now.MemoryResident)],
        ]));
        this.reload.replaceChildren(...describeReload(now.LastReload));
    }
}

/** What the last reload has changed, or why it has not. */
function describeReload([when, isGood, summary, changes]) {
    if (!Number(when))
        return [];
    return [
        element("h2", {}, "Last reload"),
        element("p", { class: isGood ? "" : "error" }, `${moment(when)}: ${summary}`),
        changes.length === 0 ? null : element(
            "ul", {}, ...changes.map(change => element("li", {}, change.filter(Boolean).join(" · ")))),
    ].filter(Boolean);
}
