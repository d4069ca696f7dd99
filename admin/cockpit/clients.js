/* SPDX-License-Identifier: Apache-2.0 */

/* Who is connected. */

import { call, plain } from "./broker.js";
import { ask, facts, notice, show } from "./dialog.js";
import { button, element, field } from "./dom.js";
import { bytes, duration, whole } from "./format.js";
import { search, Table } from "./table.js";

const PAGE = 200;
const ADMINISTRATIVE_ACTION = 0x98;
const NEVER = 0xFFFFFFFF;

/* Of GetClient, in the words of the page; one that is not named here is shown under its own name. */
const WORDS = {
    KeepAlive: ["Keep alive", value => value ? duration(value) : "none"],
    InFlight: ["Messages under way", whole],
    Queued: ["Messages that wait", whole],
    QueuedBytes: ["Bytes that wait", bytes],
    Unsent: ["Bytes not yet taken", bytes],
    SessionExpiry: ["Session is kept for", value => value === NEVER ? "ever" : duration(value)],
    Silent: ["Last heard of", value => `${duration(value / 1000)} ago`],
};

function describe(name, value) {
    const [title, format] = WORDS[name] || [name, item => item];
    const shown = format(value);

    return [title, shown === true ? "yes" : shown === false ? "no" : String(shown)];
}

export class Clients {
    constructor() {
        const [form, pattern] = search("Client identifier", "Identifier, * for any text",
                                       () => this.table.reload());
        this.table = new Table({
            caption: "Connected clients",
            empty: "No client is connected that fits.",
            fetch: async after => {
                const [rows, next] = await call("ListClients", "sssssu",
                                                [pattern(), "", "", "", after, PAGE]);
                return { rows, next };
            },
            open: row => this.#open(row[0]),
            columns: [
                { title: "Client", text: row => row[0] },
                { title: "User", text: row => row[1] || "–" },
                { title: "Address", text: row => row[2] },
                { title: "Listener", text: row => row[3] },
                { title: "Protocol", text: row => row[4] },
                { title: "Subscriptions", text: row => whole(row[5]), isNumber: true },
                { title: "Waiting", text: row => whole(row[7]), isNumber: true },
                { title: "", actions: row => [button("Disconnect", () => this.#disconnect(row[0]),
                                                     { "aria-label": `Disconnect ${row[0]}` })] },
            ],
        });
        this.node = element("div", {},
                            element("div", { class: "toolbar" }, form,
                                    button("Refresh", () => this.table.reload())),
                            this.table.node);
    }

    async enter() {
        await this.table.reload();
    }

    async #open(client) {
        try {
            const [found] = await call("GetClient", "s", [client]);
            show(`Client ${client}`, facts(Object.entries(plain(found)).map(pair => describe(...pair))));
        } catch (error) {
            notice(error.message, true);
        }
    }

    async #disconnect(client) {
        const [reason, text] = field("What the client and the log are told", { type: "text" });
        const [box, will] = field("Its will is published", { type: "checkbox" });
        const done = await ask({
            title: `Disconnect ${client}?`,
            body: [element("p", {}, "It may connect again; to keep it out, ban it."), reason, box],
            verb: "Disconnect",
            isDanger: true,
            action: () => call("Disconnect", "subs",
                               [client, ADMINISTRATIVE_ACTION, will.checked, text.value]),
        });

        if (done) {
            notice(`${client} was disconnected.`);
            await this.table.reload();
        }
    }
}
