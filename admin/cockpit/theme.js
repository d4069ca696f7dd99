/* SPDX-License-Identifier: Apache-2.0 */

/* Light or dark, as the shell of Cockpit is: it keeps the choice where all its pages can see it. */

const KEY = "shell:style";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function apply() {
    const style = localStorage.getItem(KEY) || "auto";
    const isDark = style === "dark" || (style === "auto" && dark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

export function followTheme() {
    apply();
    window.addEventListener("storage", event => event.key === KEY && apply());
    window.addEventListener("cockpit-style", apply);
    dark.addEventListener("change", apply);
}
