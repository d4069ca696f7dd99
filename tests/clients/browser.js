// SPDX-License-Identifier: Apache-2.0
// A page in Chromium against a broker that serves it: browser.js URL [CA] prints TAP. Started by
// mqttjs.py --browser. What stands in page.evaluate() runs in the page.
'use strict';

const assert = require('assert');
const { chromium } = require('playwright-core');

const url = process.argv[2];
const scheme = url.split(':')[0];
const site = url.replace(/^ws/, 'http');
const LIMIT = 60000;
const tests = [];

function test(name, cases, run) {
        for (const [caseName, value] of Object.entries(cases || { '': undefined })) {
                tests.push({ name: ['/clients/browser', scheme, name, caseName].filter(Boolean).join('/'), value, run });
        }
}

// What the tests use in the page.
function prepare() {
        window.room = {
                clients: [],
                open(address, name, options = {}) {
                        const client = mqtt.connect(address, { clientId: name, reconnectPeriod: 0, ...options });
                        client.inbox = [];
                        client.waiting = [];
                        client.on('message', (topic, payload, packet) => {
                                const one = { topic, size: payload.length, text: payload.length < 100 ? String(payload) : '', retain: packet.retain, qos: packet.qos, payload };
                                const waiter = client.waiting.shift();
                                if (waiter) waiter(one);
                                else client.inbox.push(one);
                        });
                        room.clients.push(client);
                        return new Promise((resolve, reject) => {
                                client.once('connect', () => resolve(client));
                                client.once('error', reject);
                                client.once('close', () => reject(new Error('closed')));
                        });
                },
                message(client) {
                        if (client.inbox.length) return Promise.resolve(client.inbox.shift());
                        return new Promise((resolve) => client.waiting.push(resolve));
                },
                end: () => Promise.all(room.clients.splice(0).map((client) => client.endAsync(true).catch(() => {}))),
        };
}

const VERSIONS = { 'v3.1.1': { protocolVersion: 4 }, v5: { protocolVersion: 5 } };
const ROWS = {};
for (const [name, options] of Object.entries(VERSIONS)) for (const qos of [0, 1, 2]) ROWS[`${name}/qos-${qos}`] = { options, qos };

test('page-comes-from-the-broker', null, async (page) => {
        assert.strictEqual(await page.title(), 'function');
        assert.strictEqual(new URL(page.url()).origin, site);
});

test('missing-file-is-404', null, async (page) => {
        assert.strictEqual(await page.evaluate(async () => (await fetch('/nothing.js')).status), 404);
});

test('message-arrives', ROWS, async (page, row) => {
        const got = await page.evaluate(async ([address, { options, qos }]) => {
                const subscriber = await room.open(address, 'sub', options);
                await subscriber.subscribeAsync('b/t', { qos });
                const publisher = await room.open(address, 'pub', options);
                await publisher.publishAsync('b/t', 'hello', { qos });
                const { topic, text } = await room.message(subscriber);
                return { topic, text };
        }, [url, row]);
        assert.deepStrictEqual(got, { topic: 'b/t', text: 'hello' });
});

test('messages-arrive-in-order', VERSIONS, async (page, options) => {
        const got = await page.evaluate(async ([address, more]) => {
                const subscriber = await room.open(address, 'sub', more);
                await subscriber.subscribeAsync('b/o', { qos: 1 });
                const publisher = await room.open(address, 'pub', more);
                for (let number = 0; number < 1000; number++) publisher.publish('b/o', String(number), { qos: 0 });
                const texts = [];
                while (texts.length < 1000) texts.push((await room.message(subscriber)).text);
                return texts;
        }, [url, options]);
        assert.deepStrictEqual(got, Array.from({ length: 1000 }, (_, number) => String(number)));
});

const SIZES = {};
for (const size of [4079, 4096, 65536, 1 << 20, 1500000, 10000000]) SIZES[`${size}-bytes`] = size;

test('large-retained-message-arrives', SIZES, async (page, size) => {
        const got = await page.evaluate(async ([address, length]) => {
                const publisher = await room.open(address, 'pub');
                const sent = new Uint8Array(length).map((_, at) => (at * 31) >> 3);
                await publisher.publishAsync(`b/large/${length}`, sent, { qos: 1, retain: true });
                const subscriber = await room.open(address, 'sub');
                const begin = performance.now();
                await subscriber.subscribeAsync(`b/large/${length}`);
                const one = await room.message(subscriber);
                const took = performance.now() - begin;
                await publisher.publishAsync(`b/large/${length}`, '', { qos: 1, retain: true });
                return { size: one.size, same: one.payload.every((byte, at) => byte === sent[at]), retain: one.retain, took };
        }, [url, size]);
        console.log(`# ${size} bytes in ${got.took.toFixed(0)} ms`);
        delete got.took;
        assert.deepStrictEqual(got, { size, same: true, retain: true });
});

test('session-goes-on-after-a-cut', VERSIONS, async (page, options) => {
        const got = await page.evaluate(async ([address, more]) => {
                const properties = { sessionExpiryInterval: 300 };
                const kept = { ...more, clean: false, reconnectPeriod: 1, properties };
                const subscriber = await room.open(address, 'keeper', kept);
                await subscriber.subscribeAsync('b/cut', { qos: 1 });
                const closed = new Promise((resolve) => subscriber.once('close', resolve));
                subscriber.stream.destroy();
                await closed;
                const publisher = await room.open(address, 'pub', more);
                for (let number = 0; number < 10; number++) await publisher.publishAsync('b/cut', String(number), { qos: 1 });
                const texts = [];
                while (texts.length < 10) texts.push((await room.message(subscriber)).text);
                return texts;
        }, [url, options]);
        assert.deepStrictEqual(got, Array.from({ length: 10 }, (_, number) => String(number)));
});

// As the browser tells it: the code that was sent, and whether the end was a clean one.
const ENDS = {
        'close-by-the-page': { bytes: [], code: 4001, expected: { code: 4001, clean: true } },
        'text-is-refused': { text: 'hello', expected: { code: 1003, clean: true } },
        'packet-that-is-none': { bytes: [0x10, 0x02, 0xff, 0xff], expected: { clean: true } },
};

test('browser-is-told-the-end', ENDS, async (page, row) => {
        const got = await page.evaluate(([address, { bytes, text, code }]) => new Promise((resolve, reject) => {
                const socket = new WebSocket(address, ['mqtt']);
                socket.onopen = () => {
                        if (text) socket.send(text);
                        else if (bytes.length) socket.send(new Uint8Array(bytes));
                        if (code) socket.close(code, 'a reason: \u00e4');
                };
                socket.onclose = (event) => resolve({ code: event.code, clean: event.wasClean, protocol: socket.protocol });
                setTimeout(() => reject(new Error('it does not end')), 60000);
        }), [url, row]);
        assert.strictEqual(got.protocol, 'mqtt');
        for (const [name, value] of Object.entries(row.expected)) assert.strictEqual(got[name], value, JSON.stringify(got));
});

// Not of a page that came over TLS: the browser itself would refuse that.
if (scheme === 'ws') test('page-of-another-origin-is-refused', null, async (page) => {
        const opened = await page.evaluate((address) => new Promise((resolve) => {
                const socket = new WebSocket(address, ['mqtt']);
                socket.onopen = () => resolve(true);
                socket.onerror = () => resolve(false);
        }), `ws://127.0.0.1:${process.env.OTHER_PORT}/mqtt`);
        assert.strictEqual(opened, false);
});

async function main() {
        const browser = await chromium.launch({ timeout: 2 * LIMIT, executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
        const context = await browser.newContext({ ignoreHTTPSErrors: true });
        const page = await context.newPage();
        let number = 0;

        page.setDefaultTimeout(LIMIT);
        await page.goto(`${site}/index.html`);
        await page.evaluate(prepare);
        for (const one of tests) {
                const name = `${++number} - ${one.name}`;
                let timer;
                const late = new Promise((_, reject) => {
                        timer = setTimeout(() => reject(new Error('deadline passed')), LIMIT);
                });
                try {
                        await Promise.race([one.run(page, one.value), late]);
                        console.log(`ok ${name}`);
                } catch (error) {
                        console.log(`not ok ${name}`);
                        for (const line of String(error.stack).split('\n')) console.log(`# ${line}`);
                        process.exitCode = 1;
                }
                clearTimeout(timer);
                await page.evaluate(() => room.end());
        }
        await browser.close();
}

main().catch((error) => {
        console.error(error);
        process.exit(1);
});
