/* SPDX-License-Identifier: Apache-2.0 */

/* Who is connected. */

import { call, plain } from "./broker.js";
import { ask, notice, show } from "./dialog.js";
import { button, element, field } from "./dom.js";
import { describeAll } from "./facts.js";
import { number, whole } from "./format.js";
import { attempt, PAGE, TablePage } from "./page.js";

const ADMINISTRATIVE_ACTION = 0x98;

async function open(client) {
    const answer = await attempt(() => call("GetClient", "s", [client]));

    if (answer)
        show(`Client ${client}`, describeAll(plain(answer[0])));
}

async function disconnect(client, page) {
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
        await page.table.reload();
    }
}

export class Clients extends TablePage {
    constructor() {
        super({
            caption: "Connected clients",
            hint: "Client identifier, * for any text",
            empty: "No client is connected that fits.",
            fetch: async (pattern, after) => {
                const [rows, next] = await call("ListClients", "sssssu", [pattern, "", "", "", after, PAGE]);
                return { rows, next };
            },
            open: row => open(row[0]),
            columns: [
                { title: "Client", text: row => row[0] },
                { title: "User", text: row => row[1] || "–" },
                { title: "Address", text: row => row[2] },
                { title: "Listener", text: row => row[3] },
                { title: "Protocol", text: row => row[4] },
                { title: "Subscriptions", text: row => whole(row[5]), isNumber: true },
                { title: "Received", text: row => number(row[9]), isNumber: true },
                { title: "Sent", text: row => number(row[10]), isNumber: true },
                { title: "Waiting", text: row => whole(row[7]), isNumber: true },
                { title: "", actions: row => [button("Disconnect", () => disconnect(row[0], this),
                                                     { "aria-label": `Disconnect ${row[0]}` })] },
            ],
        });
    }
}
