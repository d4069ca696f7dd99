/* SPDX-License-Identifier: Apache-2.0 */

/* What the journal has of the service, and what is added to it. */

import { UNIT } from "./broker.js";
import { element } from "./dom.js";

const cockpit = window.cockpit;

const LINES = 500;
const ERROR = 3;
const WARNING = 4;

export class Log {
    constructor() {
        this.rest = "";
        this.lines = element("ol", { class: "log", "aria-label": "Log of the broker", tabindex: "0" });
        this.state = element("p", { class: "empty", role: "status" });
        this.node = element("div", {}, this.state, this.lines);
    }

    enter() {
        this.lines.replaceChildren();
        this.rest = "";
        this.state.textContent = "";
        this.process = cockpit.spawn(
            ["journalctl", "--follow", "--output=json", `--lines=${LINES}`, `--unit=${UNIT}`,
             "--output-fields=MESSAGE,PRIORITY"],
            { superuser: "try", err: "message" });
        this.process.stream(data => this.#take(data));
        this.process.catch(problem => {
            if (problem.problem !== "terminated" && problem.problem !== "cancelled")
                this.state.textContent = problem.message || problem.problem;
        });
    }

    leave() {
        this.process?.close("cancelled");
        this.process = null;
    }

    #take(data) {
        const parts = (this.rest + data).split("\n");

        this.rest = parts.pop();
        for (const part of parts)
            this.#add(JSON.parse(part));
        while (this.lines.childElementCount > LINES)
            this.lines.firstElementChild.remove();
        this.lines.scrollTop = this.lines.scrollHeight;
    }

    #add(entry) {
        const time = new Date(Number(entry.__REALTIME_TIMESTAMP) / 1000);
        const level = Number(entry.PRIORITY);

        /* What is no text is an array of bytes in the journal's JSON. */
        const text = Array.isArray(entry.MESSAGE)
            ? new TextDecoder().decode(Uint8Array.from(entry.MESSAGE)) : entry.MESSAGE || "";
        this.lines.append(element(
            "li", { class: level <= ERROR ? "error" : level === WARNING ? "warning" : null },
            element("time", { datetime: time.toISOString() }, time.toLocaleTimeString()), " ", text));
    }
}
