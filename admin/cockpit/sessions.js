/* SPDX-License-Identifier: Apache-2.0 */

/* Who is kept something for, connected or not. */

import { call, plain } from "./broker.js";
import { ask, notice, show } from "./dialog.js";
import { button, element, field } from "./dom.js";
import { describeAll, keeping } from "./facts.js";
import { bytes, whole } from "./format.js";
import { attempt, PAGE, TablePage } from "./page.js";

async function open(client) {
    const answer = await attempt(() => call("GetSession", "s", [client]));

    if (answer)
        show(`Session of ${client}`, describeAll(plain(answer[0])));
}

async function drop(client, page) {
    const [box, will] = field("Its will is published", { type: "checkbox" });
    const done = await ask({
        title: `End the session of ${client}?`,
        body: [element("p", {}, "Its subscriptions and all that waits for it are gone for good."), box],
        verb: "End it",
        isDanger: true,
        action: () => call("DropSession", "sbs", [client, will.checked, ""]),
    });

    if (done) {
        notice(`The session of ${client} has ended.`);
        await page.table.reload();
    }
}

export class Sessions extends TablePage {
    constructor() {
        super({
            caption: "Sessions",
            hint: "Client identifier, * for any text",
            empty: "There is no session that fits.",
            fetch: async (pattern, after) => {
                const [rows, next] = await call("ListSessions", "sstsu", [pattern, "", 0, after, PAGE]);
                return { rows, next };
            },
            open: row => open(row[0]),
            columns: [
                { title: "Client", text: row => row[0] },
                { title: "State", text: row => row[1] ? "connected" : "away" },
                { title: "Subscriptions", text: row => whole(row[2]), isNumber: true },
                { title: "Waiting", text: row => whole(row[4]), isNumber: true },
                { title: "Bytes", text: row => bytes(row[5]), isNumber: true },
                { title: "Kept for", text: row => keeping(row[6]) },
                { title: "", actions: row => [button("End", () => drop(row[0], this),
                                                     { "aria-label": `End ${row[0]}` })] },
            ],
        });
    }
}
