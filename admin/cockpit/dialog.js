/* SPDX-License-Identifier: Apache-2.0 */

/* A question before something is done. */

import { button, element, freshId } from "./dom.js";

/**
 * Shows it until it is answered. `action` is called with nothing when the button with the text
 * `verb` is pressed; what it throws is shown, and the question stays. True: it was done.
 */
export function ask({ title, body = [], verb, isDanger = false, action }) {
    return new Promise(resolve => {
        const id = freshId("dialog");
        const trouble = element("p", { class: "error", role: "alert" });
        let done = false;

        const form = element("form", { method: "dialog" },
                             element("h2", { id }, title), ...body, trouble);
        const confirm = element("button", { type: "submit", class: isDanger ? "danger" : "primary" }, verb);
        const node = element("dialog", { "aria-labelledby": id }, form);

        form.append(element("div", { class: "buttons" }, confirm,
                            button("Cancel", () => node.close())));
        form.addEventListener("submit", async event => {
            event.preventDefault();
            confirm.disabled = true;
            trouble.textContent = "";
            try {
                await action();
                done = true;
                node.close();
            } catch (error) {
                trouble.textContent = error.message;
            }
            confirm.disabled = false;
        });
        node.addEventListener("close", () => {
            node.remove();
            resolve(done);
        });
        document.body.append(node);
        node.showModal();
    });
}

/** Shows something, with nothing to be done but to close it. */
export function show(title, ...body) {
    const id = freshId("dialog");
    const node = element("dialog", { "aria-labelledby": id, class: "wide" },
                         element("h2", { id }, title), ...body,
                         element("div", { class: "buttons" }, button("Close", () => node.close())));

    node.addEventListener("close", () => node.remove());
    document.body.append(node);
    node.showModal();
}

/** Rows of names and values. */
export function facts(pairs) {
    return element("dl", {}, ...pairs.flatMap(([name, value]) =>
        [element("dt", {}, name), element("dd", {}, value)]));
}

const SHOWN = 6000; // milliseconds

/** One line for a while, read to those who do not see it. */
export function notice(text, isError = false) {
    const node = element("p", { class: isError ? "error" : "done" }, text);

    document.getElementById("notices").append(node);
    setTimeout(() => node.remove(), SHOWN);
}
