/* SPDX-License-Identifier: Apache-2.0 */

/* The broker on the bus of the system. Who asks is who is logged in: the bus and polkit decide. */

const cockpit = window.cockpit;

const NAME = "org.hawker.Broker1";
const PATH = "/org/hawker/Broker1";
const PROPERTIES = "org.freedesktop.DBus.Properties";
export const UNIT = "hawker.service";
export const MANAGER = `${NAME}.Manager`;
export const LISTENER = `${NAME}.Listener`;

const ABSENT = new Set([
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.DBus.Error.NoReply",
    "org.freedesktop.DBus.Error.Disconnected",
    "org.freedesktop.systemd1.NoSuchUnit",
]);

const DENIED = new Set([
    "org.freedesktop.DBus.Error.AccessDenied",
    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
    "org.freedesktop.DBus.Error.AuthFailed",
]);

let bus = null;

/* It is closed when the broker is not there, and when it goes. */
function connection() {
    if (!bus) {
        const opened = cockpit.dbus(NAME, { bus: "system", superuser: "try" });

        opened.addEventListener("close", () => {
            if (bus === opened)
                bus = null;
        });
        bus = opened;
    }
    return bus;
}

/** What a call failed with: `isDenied`, `isAbsent`, and a text for people. */
export class BrokerError extends Error {
    constructor(problem) {
        super(problem.message || problem.problem || String(problem));
        this.code = problem.name || problem.problem || "";
        this.isDenied = DENIED.has(this.code) || problem.problem === "access-denied";
        this.isAbsent = ABSENT.has(this.code) || problem.problem === "not-found";
        if (this.isDenied)
            this.message = "You may not do this: turn on administrative access, or have yourself " +
                "put into the group hawker-admin.";
        else if (this.isAbsent)
            this.message = "The broker is not running.";
    }
}

async function ask(path, face, method, type, args) {
    try {
        return await connection().call(path, face, method, args, { type, flags: "i" });
    } catch (problem) {
        throw new BrokerError(problem);
    }
}

/** A method of the Manager; an array of what it answers. */
export function call(method, type = "", args = []) {
    return ask(PATH, MANAGER, method, type, args);
}

/** One of another object. */
export function callAt(path, face, method, type = "", args = []) {
    return ask(path, face, method, type, args);
}

/** Variants become their values, at any depth that the bus of the broker has. */
export function plain(value) {
    if (Array.isArray(value))
        return value.map(plain);
    if (value && typeof value === "object")
        return "t" in value && "v" in value
            ? plain(value.v)
            : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    return value;
}

/** All properties of an interface. */
export async function properties(path = PATH, face = MANAGER) {
    const [values] = await ask(path, PROPERTIES, "GetAll", "s", [face]);
    return plain(values);
}

/** The objects below the broker's: {path: {interface: {property: value}}}. */
export async function objects() {
    const [found] = await ask(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "", []);
    return plain(found);
}

/** Bytes as this bus gives them to a page, and back. */
export function fromBytes(text) {
    return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}

export function toBytes(text) {
    return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** systemctl VERB hawker.service */
export async function systemctl(verb) {
    try {
        await cockpit.spawn(["systemctl", verb, UNIT], { superuser: "try", err: "message" });
    } catch (problem) {
        throw new BrokerError(problem);
    }
}
