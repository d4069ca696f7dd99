/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers and times, as people read them. */

const SUFFIXES = ["", "k", "M", "G", "T"];

function scaled(value, base, suffixes) {
    let step = 0;
    while (Math.abs(value) >= base && step < suffixes.length - 1) {
        value /= base;
        step++;
    }
    const digits = step === 0 ? (Number.isInteger(value) ? 0 : 1) : value < 10 ? 2 : value < 100 ? 1 : 0;
    return [value.toFixed(digits), suffixes[step]];
}

/** "1.25 M" */
export function number(value) {
    return scaled(Number(value), 1000, SUFFIXES).join(" ").trim();
}

/** "1 250 000", whole. */
export function whole(value) {
    return Number(value).toLocaleString();
}

/** "1.25 MiB" */
export function bytes(value) {
    return scaled(Number(value), 1024, ["B", "KiB", "MiB", "GiB", "TiB"]).join(" ");
}

export const perSecond = value => `${number(value)}/s`;
export const milliseconds = value =>
    value < 1 ? `${Math.round(value * 1000)} µs` : `${value.toFixed(1)} ms`;
export const bytesPerSecond = value => `${bytes(value)}/s`;

/** Of seconds: "3 d 4 h", the two largest units. */
export function duration(seconds) {
    const parts = [];
    for (const [name, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
        const n = Math.floor(seconds / size);
        seconds -= n * size;
        if (n > 0)
            parts.push(`${n} ${name}`);
    }
    return parts.slice(0, 2).join(" ") || "0 s";
}

/** Of microseconds since 1970, as the bus has them; 0: never. */
export function moment(microseconds) {
    return Number(microseconds) ? new Date(Number(microseconds) / 1000).toLocaleString() : "never";
}
