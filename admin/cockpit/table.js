/* SPDX-License-Identifier: Apache-2.0 */

/* Rows that are fetched a page at a time. */

import { button, element } from "./dom.js";

/**
 * `columns`: of {title, text(row), isNumber, actions(row)}; `fetch(after)`: {rows, next}, next empty
 * at the end. `open(row)`, if there is one, makes the first column a button.
 */
export class Table {
    constructor({ caption, columns, fetch, open = null, empty = "None." }) {
        Object.assign(this, { columns, fetch, open, empty });
        this.next = "";
        this.turn = 0;
        this.body = element("tbody");
        this.state = element("p", { class: "empty", role: "status" });
        this.more = button("Show more", () => this.#load(this.next), { class: "more", hidden: true });
        this.node = element(
            "section", { class: "rows" },
            element("table", {},
                    element("caption", {}, caption),
                    element("thead", {}, element("tr", {}, ...columns.map(column => element(
                        "th", { scope: "col", class: column.isNumber ? "number" : null }, column.title)))),
                    this.body),
            this.state, this.more);
    }

    /** From the beginning. The rows that are there stay until the new ones are. */
    async reload() {
        await this.#load("");
    }

    async #load(after) {
        const turn = ++this.turn;
        let page;

        try {
            page = await this.fetch(after);
        } catch (error) {
            if (turn === this.turn)
                this.#fail(error);
            return;
        }
        if (turn !== this.turn) // a later one was quicker
            return;
        if (after === "")
            this.body.replaceChildren();
        this.body.append(...page.rows.map(row => this.#row(row)));
        this.next = page.next;
        this.more.hidden = page.next === "";
        this.state.className = "empty";
        this.state.textContent = this.body.childElementCount === 0 ? this.empty : "";
    }

    #fail(error) {
        this.body.replaceChildren();
        this.more.hidden = true;
        this.state.className = "error";
        this.state.textContent = error.message;
    }

    #row(row) {
        return element("tr", {}, ...this.columns.map((column, at) => this.#cell(column, row, at)));
    }

    #cell(column, row, at) {
        if (column.actions)
            return element("td", { class: "actions" }, ...column.actions(row));
        const text = column.text(row);
        if (at > 0)
            return element("td", { class: column.isNumber ? "number" : null }, text);
        return element("th", { scope: "row" }, this.open
            ? button(text, () => this.open(row), { class: "link" }) : text);
    }
}

/** A form with one field, asked when it is sent; [node, value()]. */
export function search(label, hint, begin) {
    const input = element("input", { type: "search", "aria-label": label, placeholder: hint });
    const node = element("form", { class: "search", role: "search" }, input,
                         element("button", { type: "submit" }, "Search"));

    node.addEventListener("submit", event => {
        event.preventDefault();
        begin();
    });
    return [node, () => input.value.trim()];
}
