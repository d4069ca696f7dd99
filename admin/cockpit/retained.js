/* SPDX-License-Identifier: Apache-2.0 */

/* The last message of each topic that has one. */

import { call, fromBytes, plain, toBytes } from "./broker.js";
import { ask, notice, show } from "./dialog.js";
import { button, choice, element, field } from "./dom.js";
import { describeAll } from "./facts.js";
import { bytes, duration } from "./format.js";
import { attempt, PAGE, TablePage } from "./page.js";

const SHOWN = 65536; // bytes of a payload

/* As text if it is some, else as numbers. */
function readable(payload) {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(payload);
    } catch {
        return Array.from(payload, byte => byte.toString(16).padStart(2, "0")).join(" ");
    }
}

async function open(topic) {
    const answer = await attempt(() => call("GetRetained", "s", [topic]));

    if (!answer)
        return;
    const payload = fromBytes(answer[0]);
    show(topic, describeAll(plain(answer[1])),
         element("p", {}, payload.length > SHOWN
             ? `The first ${bytes(SHOWN)} of ${bytes(payload.length)}:` : bytes(payload.length)),
         element("pre", { tabindex: "0", "aria-label": "Payload" }, readable(payload.slice(0, SHOWN))));
}

async function clear(topic, page) {
    const done = await ask({
        title: "Remove a retained message?",
        body: [element("p", {}, topic)],
        verb: "Remove",
        isDanger: true,
        action: () => call("ClearRetained", "s", [topic]),
    });

    if (done)
        await page.table.reload();
}

async function publish(page) {
    const [topicNode, topic] = field("Topic", { type: "text", required: true });
    const [textNode, text] = field("Payload", { type: "text" });
    const [qosNode, qos] = choice("QoS", [["0", "0"], ["1", "1"], ["2", "2"]]);
    const [retainNode, retain] = field("Retain it", { type: "checkbox" });
    let matched = false;
    const done = await ask({
        title: "Publish a message",
        body: [topicNode, textNode, qosNode, retainNode],
        verb: "Publish",
        action: async () => {
            [matched] = await call("Publish", "sayyba{sv}",
                                   [topic.value, toBytes(text.value), Number(qos.value), retain.checked, {}]);
        },
    });

    if (done) {
        notice(matched ? "The message was published." : "Published; nobody has subscribed to it.");
        await page.table.reload();
    }
}

export class RetainedMessages extends TablePage {
    constructor() {
        super({
            caption: "Retained messages",
            hint: "Topic filter, as sensors/+/state",
            tools: [button("Publish …", () => publish(this))],
            empty: "No message is retained that fits.",
            fetch: async (filter, after) => {
                const [rows, next] = await call("ListRetained", "ssu", [filter, after, PAGE]);
                return { rows, next };
            },
            open: row => open(row[0]),
            columns: [
                { title: "Topic", text: row => row[0] },
                { title: "QoS", text: row => String(row[1]), isNumber: true },
                { title: "Payload", text: row => bytes(row[2]), isNumber: true },
                { title: "Expires in", text: row => row[3] ? duration(row[3]) : "–" },
                { title: "Author", text: row => row[4] || row[5] || "–" },
                { title: "", actions: row => [button("Remove", () => clear(row[0], this),
                                                     { "aria-label": `Remove ${row[0]}` })] },
            ],
        });
    }
}
