/* SPDX-License-Identifier: Apache-2.0 */

/* Where clients come in. */

import { properties } from "./broker.js";
import { whole } from "./format.js";
import { Table } from "./table.js";

const sum = pairs => Object.values(pairs).reduce((total, value) => total + value, 0);

export class Listeners {
    constructor() {
        this.table = new Table({
            caption: "Listeners",
            fetch: async () => ({ rows: (await properties()).ListenerCounters, next: "" }),
            columns: [
                { title: "Listener", text: row => row[0] },
                { title: "Accepted", text: row => whole(row[1]), isNumber: true },
                { title: "Refused", text: row => whole(sum(row[6])), isNumber: true },
            ],
        });
        this.node = this.table.node;
    }

    async enter() {
        await this.table.reload();
    }
}
