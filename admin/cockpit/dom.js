/* SPDX-License-Identifier: Apache-2.0 */

/* Elements of the page. What comes from clients is only ever text: nothing here reads HTML. */

/** An element; `attributes` that are functions are listeners, false and null ones are left out. */
export function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function")
            node.addEventListener(name, value);
        else if (value === true)
            node.setAttribute(name, "");
        else if (value !== false && value !== null && value !== undefined)
            node.setAttribute(name, value);
    }
    node.append(...children.filter(child => child !== null && child !== undefined));
    return node;
}

/** A button with a text; `click` may be asynchronous: it cannot be pressed again meanwhile. */
export function button(text, click, attributes = {}) {
    const node = element("button", { type: "button", ...attributes }, text);
    node.addEventListener("click", async () => {
        node.disabled = true;
        try {
            await click(node);
        } finally {
            node.disabled = false;
        }
    });
    return node;
}

let count = 0;

/** An id of the document that nothing else has. */
export function freshId(prefix) {
    return `${prefix}-${++count}`;
}

/** A label with its input: [node, input]. */
export function field(label, attributes = {}) {
    const id = freshId("field");
    const input = element("input", { id, ...attributes });
    const isBox = attributes.type === "checkbox";
    const text = element("label", { for: id }, label);
    return [element("div", { class: isBox ? "field box" : "field" },
                    ...(isBox ? [input, text] : [text, input])), input];
}

/** A label with a choice of [value, text]: [node, select]. */
export function choice(label, options, attributes = {}) {
    const id = freshId("field");
    const select = element("select", { id, ...attributes },
                           ...options.map(([value, text]) => element("option", { value }, text)));
    return [element("div", { class: "field" }, element("label", { for: id }, label), select), select];
}
