/* SPDX-License-Identifier: Apache-2.0 */

/* Lines that grow to the right: the last minutes of a few figures. */

import { element } from "./dom.js";

const POINTS = 150;
const WIDTH = 300;
const HEIGHT = 80;
const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes))
        node.setAttribute(name, value);
    return node;
}

/** `names`: of its lines; `format`: of a value. What is drawn is also there as text. */
export class Chart {
    constructor(title, names, format) {
        this.format = format;
        this.lines = names.map((name, at) => ({
            name,
            values: [],
            path: shape("polyline", { class: `line line-${at}`, fill: "none" }),
            value: element("span", { class: "value" }, "–"),
        }));
        const picture = shape("svg", {
            viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true",
        });
        picture.append(shape("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }),
                       ...this.lines.map(line => line.path));
        this.top = element("span", { class: "top" });
        this.node = element(
            "figure", { class: "chart" },
            element("figcaption", {}, title),
            element("div", { class: "picture" }, picture, this.top),
            element("ul", {}, ...this.lines.map((line, at) => element(
                "li", { class: `line-${at}` }, element("span", {}, line.name), " ", line.value))));
    }

    /** The next point of each line; null: not known. */
    add(values) {
        let highest = 0;

        this.lines.forEach((line, at) => {
            if (values[at] !== null)
                line.value.textContent = this.format(values[at]);
            line.values.push(values[at]);
            if (line.values.length > POINTS)
                line.values.shift();
            highest = Math.max(highest, ...line.values.map(value => value ?? 0));
        });
        this.top.textContent = highest > 0 ? this.format(highest) : "";
        for (const line of this.lines)
            line.path.setAttribute("points", this.#points(line.values, highest || 1));
    }

    #points(values, highest) {
        const begin = POINTS - values.length;

        return values
            .map((value, at) => value === null ? null
                : `${((begin + at) * WIDTH / (POINTS - 1)).toFixed(1)},` +
                  `${(HEIGHT - value / highest * (HEIGHT - 4)).toFixed(1)}`)
            .filter(point => point !== null)
            .join(" ");
    }
}
