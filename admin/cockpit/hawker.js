/* SPDX-License-Identifier: Apache-2.0 */

/* The page: its parts, of which one is shown, and what is true of all of them. */

import { Bans } from "./bans.js";
import { BrokerError, call, properties, systemctl } from "./broker.js";
import { Clients } from "./clients.js";
import { ask, notice } from "./dialog.js";
import { button, element } from "./dom.js";
import { Listeners } from "./listeners.js";
import { Log } from "./log.js";
import { Overview } from "./overview.js";
import { RetainedMessages } from "./retained.js";
import { Sessions } from "./sessions.js";
import { followTheme } from "./theme.js";

const cockpit = window.cockpit;

const PERIOD = 2000; // milliseconds from one reading to the next

const overview = new Overview();
const parts = [
    ["overview", "Overview", overview],
    ["clients", "Clients", new Clients()],
    ["sessions", "Sessions", new Sessions()],
    ["retained", "Retained", new RetainedMessages()],
    ["listeners", "Listeners", new Listeners()],
    ["bans", "Bans", new Bans()],
    ["log", "Log", new Log()],
];
let shown = null;

/* --- the parts --- */

const view = document.getElementById("view");
const tabs = parts.map(([name, title]) => element("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "view",
    click: () => cockpit.location.go([name]),
}, title));

function show() {
    const wanted = cockpit.location.path[0] || "overview";
    const at = Math.max(0, parts.findIndex(([name]) => name === wanted));
    const [name, , part] = parts[at];

    if (shown === part)
        return;
    shown?.leave?.();
    shown = part;
    tabs.forEach((tab, index) => {
        tab.setAttribute("aria-selected", index === at ? "true" : "false");
        tab.tabIndex = index === at ? 0 : -1;
    });
    view.setAttribute("aria-labelledby", `tab-${name}`);
    view.replaceChildren(part.node);
    part.enter?.();
}

/* The arrows go from tab to tab, as screen readers tell their users. */
function turn(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    const at = tabs.indexOf(document.activeElement);

    if (at < 0 || !(event.key in steps))
        return;
    event.preventDefault();
    const next = (at + steps[event.key] + tabs.length) % tabs.length;
    tabs[next].focus();
    tabs[next].click();
}

/* --- the broker --- */

const state = document.getElementById("state");
const actions = document.getElementById("actions");

async function reload() {
    try {
        const [changes] = await call("Reload");
        notice(changes.length === 0 ? "Reloaded: nothing has changed."
            : `Reloaded: ${changes.length} ${changes.length === 1 ? "change" : "changes"}.`);
    } catch (error) {
        notice(error.message, true);
    }
    await refresh();
}

async function restart() {
    const done = await ask({
        title: "Restart the broker?",
        body: [element("p", {}, "The process is replaced. Connections stay.")],
        verb: "Restart",
        action: () => call("Restart"),
    });

    if (done)
        notice("The broker restarts.");
}

async function start() {
    try {
        await systemctl("start");
    } catch (error) {
        notice(error.message, true);
    }
    await refresh();
}

const running = [button("Reload", reload), button("Restart …", restart)];
const stopped = [button("Start", start, { class: "primary" })];

function describe(text, kind, buttons) {
    state.textContent = text;
    state.className = kind;
    if (actions.firstChild !== buttons[0])
        actions.replaceChildren(...buttons);
}

async function refresh() {
    try {
        const now = await properties();

        Object.assign(now, { at: Date.now() });
        describe(now.Status, now.State, running);
        overview.update(now);
    } catch (error) {
        if (!(error instanceof BrokerError))
            throw error;
        describe(error.message, "absent", error.isAbsent ? stopped : []);
        overview.update(null);
    }
}

/* One after the other, however long each takes; nobody is asked for a page that is not looked at. */
async function follow() {
    if (!cockpit.hidden)
        await refresh();
    setTimeout(follow, PERIOD);
}

followTheme();
document.getElementById("tabs").append(...tabs);
document.getElementById("tabs").addEventListener("keydown", turn);
cockpit.addEventListener("locationchanged", show);
show();
follow();
