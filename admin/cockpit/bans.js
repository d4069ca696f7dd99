/* SPDX-License-Identifier: Apache-2.0 */

/* Who is kept out. */

import { call } from "./broker.js";
import { ask, notice } from "./dialog.js";
import { button, choice, element, field } from "./dom.js";
import { moment } from "./format.js";
import { attempt, PAGE, TablePage } from "./page.js";

const KINDS = [["address", "Address or prefix"], ["user", "User"], ["client", "Client identifier"]];
const TIMES = [["3600", "an hour"], ["86400", "a day"], ["604800", "a week"], ["0", "good"]];

async function add(page) {
    const [kindNode, kind] = choice("Kind", KINDS);
    const [subjectNode, subject] = field("Subject", { type: "text", required: true });
    const [timeNode, time] = choice("For", TIMES);
    const [reasonNode, reason] = field("Reason, for the list and the log", { type: "text" });

    await ask({
        title: "Ban",
        body: [element("p", {}, "Who is connected leaves at once."), kindNode, subjectNode, timeNode,
               reasonNode],
        verb: "Ban",
        isDanger: true,
        action: () => call("Ban", "ssst",
                           [kind.value, subject.value.trim(), reason.value, Number(time.value)]),
    });
    await page.table.reload();
}

async function lift(kind, subject, page) {
    if (await attempt(() => call("Unban", "ss", [kind, subject])))
        notice(`${subject} may come again.`);
    await page.table.reload();
}

export class Bans extends TablePage {
    constructor() {
        super({
            caption: "Bans",
            tools: [button("Ban …", () => add(this), { class: "primary" })],
            empty: "Nobody is banned.",
            fetch: async (_, after) => {
                const [rows, next] = await call("ListBans", "su", [after, PAGE]);
                return { rows, next };
            },
            columns: [
                { title: "Subject", text: row => row[1] },
                { title: "Kind", text: row => row[0] },
                { title: "Until", text: row => moment(row[2]) },
                { title: "Reason", text: row => row[3] },
                { title: "From", text: row => row[4] || "the broker" },
                { title: "", actions: row => row[4] ? [] : [
                    button("Lift", () => lift(row[0], row[1], this), { "aria-label": `Lift ${row[1]}` })] },
            ],
        });
    }
}
