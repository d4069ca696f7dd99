/* SPDX-License-Identifier: Apache-2.0 */

/* A part of the page that is a table, with a search above it. */

import { notice } from "./dialog.js";
import { button, element } from "./dom.js";
import { search, Table } from "./table.js";

export const PAGE = 200; // rows that are asked for at a time

/** `hint`: of the search, whose text `fetch(text, after)` gets; null: there is none. */
export class TablePage {
    constructor({ hint = null, tools = [], fetch, ...table }) {
        let value = () => "";

        if (hint) {
            const [form, get] = search(hint, hint, () => this.table.reload());
            tools = [form, ...tools];
            value = get;
        }
        this.table = new Table({ ...table, fetch: after => fetch(value(), after) });
        this.node = element(
            "div", {},
            element("div", { class: "toolbar" }, ...tools,
                    button("Refresh", () => this.table.reload())),
            this.table.node);
    }

    async enter() {
        await this.table.reload();
    }
}

/** Does it, and shows what it failed with. */
export async function attempt(action) {
    try {
        return await action();
    } catch (error) {
        notice(error.message, true);
        return null;
    }
}
