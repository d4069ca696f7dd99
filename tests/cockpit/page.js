// SPDX-License-Identifier: Apache-2.0
/* page.js SCENE FACTS: opens the page in Chromium and goes through a scene. Ends with 1 if what it
 * sees is not what it should be. FACTS: JSON with `url`, `role`, `screenshots` and those of the scene. */
"use strict";

const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const net = require("node:net");
const { chromium } = require("playwright-core");

const [scene, text] = process.argv.slice(2);
const facts = JSON.parse(text);
const LIMIT = 60000; // milliseconds of a single wait

const tab = (page, name) => page.getByRole("tab", { name }).click();
const rows = page => page.locator("tbody tr");
const picture = (page, name) =>
    page.screenshot({ path: `${facts.screenshots}/${name}-${facts.role}.png`, fullPage: true });

/* Waits until the function, in this program, is true of what the page shows. */
async function until(what, test) {
    const end = Date.now() + LIMIT;

    while (!await test()) {
        assert(Date.now() < end, `never: ${what}`);
        await new Promise(resolve => setTimeout(resolve, 50));
    }
}

const figure = (page, name) =>
    page.locator(`.figures dt:text-is("${name}") + dd`).textContent();

/* A client that hears what it says, ten times a second; returns what ends it. */
function talk() {
    const socket = net.connect(1883, "127.0.0.1");
    const bytes = text => Buffer.from(text, "latin1");

    socket.resume();
    socket.write(bytes("\x10\x12\0\x04MQTT\x04\x02\0\0\0\x06talker"));
    socket.write(bytes("\x82\x06\0\x01\0\x01t\0"));
    const timer = setInterval(() => socket.write(bytes("\x30\x04\0\x01tx")), 100);
    return () => {
        clearInterval(timer);
        socket.destroy();
    };
}

const scenes = {
    async overview(page) {
        await until("clients", async () =>
            (await figure(page, "Clients connected")).replace(/\D/g, "") === String(facts.clients));
        await until("rates", async () =>
            /\/s$/.test(await page.locator(".chart .value").first().textContent()));
        await until("a line", async () =>
            (await page.locator("polyline").nth(5).getAttribute("points") || "").includes(" "));
        const end = talk();
        await until("a message", async () =>
            /^\d+ µs$|^\d+\.\d ms$/.test(await page.locator(".chart .value").last().textContent()));
        await picture(page, "overview");
        end();
    },

    async clients(page) {
        await tab(page, "Clients");
        await until("a page", async () => await rows(page).count() === 200);
        await picture(page, "clients");
        await page.getByRole("button", { name: "Show more" }).click();
        await until("two pages", async () => await rows(page).count() === 400);
        await page.getByRole("button", { name: "Show more" }).click();
        await until("all", async () => await rows(page).count() === facts.clients);
        assert(!await page.getByRole("button", { name: "Show more" }).isVisible());
        await page.getByRole("searchbox").fill("*victim*");
        await page.getByRole("button", { name: "Search" }).click();
        await until("the one", async () => await rows(page).count() === 1);
        await page.getByRole("button", { name: facts.victim, exact: true }).click();
        await page.getByRole("dialog").getByText("Keep alive").waitFor();
        await picture(page, "client");
        await page.getByRole("button", { name: "Close" }).click();
        await page.getByRole("button", { name: `Disconnect ${facts.victim}` }).click();
        await page.getByLabel("What the client and the log are told").fill("for a test");
        await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
        await page.getByText("was disconnected").waitFor();
        await until("none", async () => await rows(page).count() === 0);
        await page.getByText("No client is connected that fits.").waitFor();
    },

    async sessions(page) {
        await tab(page, "Sessions");
        await until("both", async () => await rows(page).count() === 2);
        await page.getByRole("row", { name: facts.away }).getByText("away").waitFor();
        await picture(page, "sessions");
        await page.getByRole("button", { name: facts.away, exact: true }).click();
        await page.getByRole("dialog").getByText("Messages that wait").waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: `End ${facts.away}` }).click();
        await page.getByRole("dialog").getByRole("button", { name: "End it" }).click();
        await page.getByText("has ended").waitFor();
        await until("one", async () => await rows(page).count() === 1);
    },

    async retained(page) {
        await tab(page, "Retained");
        await page.getByRole("searchbox").fill("house/+/state");
        await page.getByRole("button", { name: "Search" }).click();
        await until("those", async () => await rows(page).count() === 2);
        await picture(page, "retained");
        await page.getByRole("button", { name: "house/door/state", exact: true }).click();
        await page.getByRole("dialog").getByText("<b>öffen</b>").waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "house/noise/state", exact: true }).click();
        await page.getByRole("dialog").getByText("ff 00 fe").waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "Remove house/noise/state" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
        await until("the other", async () => await rows(page).count() === 1);
        await page.getByRole("button", { name: "Publish …" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Topic").fill("house/+");
        await dialog.getByRole("button", { name: "Publish" }).click();
        await dialog.locator(".error:not(:empty)").waitFor();
        await dialog.getByLabel("Topic").fill("house/new/state");
        await dialog.getByLabel("Payload").fill("größer");
        await dialog.getByLabel("Retain it").check();
        await dialog.getByRole("button", { name: "Publish" }).click();
        await page.locator("#notices").getByText("ublished").waitFor();
        await until("one more", async () => await rows(page).count() === 2);
    },

    async listeners(page) {
        await tab(page, "Listeners");
        await until("all", async () => await rows(page).count() === facts.names.length);
        for (const name of facts.names)
            await page.getByRole("button", { name, exact: true }).waitFor();
        await page.getByText("(soon)").waitFor();
        await picture(page, "listeners");
        await page.getByRole("button", { name: facts.secure, exact: true }).click();
        await page.getByRole("dialog").getByText(facts.subject).waitFor();
        await page.keyboard.press("Escape");
        if (facts.role !== "root")
            return;
        await page.getByRole("button", { name: `Pause ${facts.secure}` }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
        await page.getByRole("cell", { name: "paused" }).waitFor();
        await page.getByRole("button", { name: `Resume ${facts.secure}` }).click();
        await until("none", async () => await page.getByRole("cell", { name: "paused" }).count() === 0);
    },

    async guest(page) {
        await until("clients", async () => await figure(page, "Clients connected") === "1");
        for (const name of ["Clients", "Sessions", "Retained", "Bans"]) {
            await tab(page, name);
            await page.getByText("You may not do this").waitFor();
            assert.strictEqual(await rows(page).count(), 0);
        }
        await picture(page, "denied");
        await page.getByRole("button", { name: "Reload", exact: true }).click();
        await page.locator("#notices").getByText("You may not do this").waitFor();
        await page.getByRole("button", { name: "Restart …" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Restart" }).click();
        await page.getByRole("dialog").getByText("You may not do this").waitFor();
        await page.keyboard.press("Escape");
        await until("no dialog", async () => await page.getByRole("dialog").count() === 0);
    },

    async bans(page) {
        await tab(page, "Bans");
        await page.getByText("Nobody is banned.").waitFor();
        await page.getByRole("button", { name: "Ban …" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Kind").selectOption("address");
        await dialog.getByLabel("Subject").fill("nonsense");
        await dialog.getByRole("button", { name: "Ban" }).click();
        await dialog.locator(".error:not(:empty)").waitFor();
        await dialog.getByLabel("Kind").selectOption("client");
        await dialog.getByLabel("Subject").fill(facts.subject);
        await dialog.getByLabel("Reason").fill("a test");
        await dialog.getByRole("button", { name: "Ban" }).click();
        await until("the ban", async () => await rows(page).count() === 1);
        await picture(page, "bans");
    },

    async lift(page) {
        await tab(page, "Bans");
        await page.getByRole("button", { name: `Lift ${facts.subject}` }).click();
        await page.getByText("Nobody is banned.").waitFor();
    },

    async reload(page) {
        await page.getByRole("button", { name: "Reload", exact: true }).click();
        await page.getByText("Reloaded: 1 change.").waitFor();
        await page.locator(".reload li").getByText(facts.change).waitFor();
        await picture(page, "reload");
    },

    async "failed-reload"(page) {
        await page.getByRole("button", { name: "Reload", exact: true }).click();
        await page.locator("#notices .error").getByText(facts.place).waitFor();
        await until("degraded", async () =>
            await page.locator("#state").getAttribute("class") === "degraded");
    },

    async restart(page) {
        await page.getByRole("button", { name: "Restart …" }).click();
        await page.getByRole("dialog").getByRole("button", { name: "Restart" }).click();
        await page.getByText("The broker restarts.").waitFor();
        await until("running again", async () =>
            await page.locator("#state").getAttribute("class") === "running");
    },

    async log(page) {
        await tab(page, "Log");
        await page.locator(".log li").first().waitFor();
        execFileSync(facts.program[0], facts.program.slice(1));
        await page.locator(".log li").getByText("seen-in-the-log").first().waitFor();
        await picture(page, "log");
    },

    async stopped(page) {
        await page.getByText("The broker is not running.").waitFor();
        await picture(page, "stopped");
        await page.getByRole("button", { name: "Start" }).click();
        await until("running", async () =>
            await page.locator("#state").getAttribute("class") === "running");
    },

    async keyboard(page) {
        await page.getByRole("tab", { name: "Overview" }).focus();
        await page.keyboard.press("ArrowRight");
        await until("the next tab", async () =>
            await page.getByRole("tab", { name: "Clients" }).getAttribute("aria-selected") === "true");
        await until("a client", async () => await rows(page).count() === 1);
        await page.getByRole("button", { name: "a", exact: true }).focus();
        await page.keyboard.press("Enter");
        await page.getByRole("dialog", { name: "Client a" }).waitFor();
        await page.keyboard.press("Escape");
        await until("no dialog", async () => await page.getByRole("dialog").count() === 0);
        await nameless(page);
    },

    async dark(page) {
        const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const light = await background();
        await page.emulateMedia({ colorScheme: "dark" });
        await until("dark", async () => await background() !== light);
        await picture(page, "dark");
        await page.evaluate(() => localStorage.setItem("shell:style", "light"));
        await page.evaluate(() => window.dispatchEvent(new Event("cockpit-style")));
        await until("light", async () => await background() === light);
    },
};

/* What can be used has a name that a screen reader can say. */
async function nameless(page) {
    for (const part of ["Overview", "Clients", "Sessions", "Retained", "Listeners", "Bans", "Log"]) {
        await tab(page, part);
        assert.deepStrictEqual(await page.evaluate(() =>
            [...document.querySelectorAll("button, input, select")]
                .filter(item => !(item.getAttribute("aria-label") ||
                    [...item.labels || []].map(label => label.textContent).join("") ||
                    item.textContent.trim()))
                .map(item => item.outerHTML)), [], part);
    }
}

async function main() {
    const browser = await chromium.launch({
        timeout: 2 * LIMIT,
        executablePath: "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu"],
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const troubles = [];

    page.setDefaultTimeout(LIMIT);
    // A notice stays, however late it is looked for.
    await page.addInitScript(() => {
        const later = window.setTimeout;

        window.setTimeout = (done, after, ...rest) => after === 6000 ? 0 : later(done, after, ...rest);
    });
    page.on("pageerror", error => troubles.push(String(error)));
    page.on("console", message => message.type() === "error" && troubles.push(message.text()));
    try {
        await page.goto(facts.url);
        await scenes[scene](page);
        assert.deepStrictEqual(troubles, []);
    } catch (error) {
        await picture(page, `failed-${scene}`);
        console.log(troubles.join("\n"));
        throw error;
    } finally {
        await browser.close();
    }
}

main().catch(error => {
    console.log(error.stack);
    process.exitCode = 1;
});
