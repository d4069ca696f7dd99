// SPDX-License-Identifier: Apache-2.0
// MQTT.js against a broker: mqttjs.js URL [CA] prints TAP. Started by mqttjs.py.
'use strict';

const assert = require('assert');
const fs = require('fs');
const mqtt = require('mqtt');

const [url, ca] = process.argv.slice(2);
const scheme = url.split(':')[0];
const tls = ca ? { ca: fs.readFileSync(ca), servername: 'localhost' } : {};
const VERSIONS = { 'v3.1': 3, 'v3.1.1': 4, v5: 5 };
const LIMIT = 60000;
const tests = [];

// Registers a test for each version; `cases` maps a name to the value the test is given.
function test(name, versions, cases, run) {
        for (const [caseName, value] of Object.entries(cases || { '': undefined })) {
                for (const [versionName, version] of Object.entries(VERSIONS)) {
                        if (versions.includes(version)) {
                                const parts = ['/clients/mqttjs', scheme, name, caseName, versionName];
                                tests.push({ name: parts.filter(Boolean).join('/'), version, value, run });
                        }
                }
        }
}

// What one test holds in its hands: clients with queues of messages, all ended with the test.
class Room {
        constructor(number, version) {
                this.number = number;
                this.version = version;
                this.clients = [];
        }

        topic(name = 't') {
                return `j${this.number}/${name}`;
        }

        async client(name, options = {}) {
                const client = mqtt.connect(url, {
                        ...tls,
                        wsOptions: tls,
                        clientId: `j${this.number}n${name}`,
                        protocolId: this.version === 3 ? 'MQIsdp' : 'MQTT',
                        protocolVersion: this.version,
                        reconnectPeriod: 0,
                        ...this.session(options.keep),
                        ...options,
                });
                client.inbox = [];
                client.waiting = [];
                client.on('message', (topic, payload, packet) => {
                        const waiter = client.waiting.shift();
                        if (waiter) waiter(packet);
                        else client.inbox.push(packet);
                });
                this.clients.push(client);
                client.connack = await new Promise((resolve, reject) => {
                        client.once('connect', resolve);
                        client.once('error', reject);
                });
                return client;
        }

        session(keep) {
                if (!keep) return { clean: true };
                return { clean: false, properties: this.version === 5 ? { sessionExpiryInterval: 300 } : undefined };
        }

        end() {
                return Promise.all(this.clients.map((client) => client.endAsync(true).catch(() => {})));
        }
}

function message(client) {
        if (client.inbox.length) return Promise.resolve(client.inbox.shift());
        return new Promise((resolve) => client.waiting.push(resolve));
}

async function messages(client, count) {
        const got = [];
        while (got.length < count) got.push((await message(client)).payload.toString());
        return got;
}

// Loses the connection without DISCONNECT, and waits until the client has noticed.
function cut(client) {
        const closed = new Promise((resolve) => client.once('close', resolve));
        client.stream.destroy();
        return closed;
}

const QUALITIES = { 'qos-0': 0, 'qos-1': 1, 'qos-2': 2 };
const SURE = { 'qos-1': 1, 'qos-2': 2 };
const ALL = [3, 4, 5];
const numbers = (count) => Array.from({ length: count }, (_, number) => String(number));

test('message-arrives', ALL, QUALITIES, async (room, qos) => {
        const subscriber = await room.client('sub');
        await subscriber.subscribeAsync(room.topic(), { qos });
        const publisher = await room.client('pub');
        await publisher.publishAsync(room.topic(), 'hello', { qos });
        const got = await message(subscriber);
        assert.deepStrictEqual([got.topic, got.payload.toString(), got.qos, got.retain], [room.topic(), 'hello', qos, false]);
});

test('messages-arrive-in-order', ALL, QUALITIES, async (room, qos) => {
        const subscriber = await room.client('sub');
        await subscriber.subscribeAsync(room.topic(), { qos });
        const publisher = await room.client('pub');
        // MQTT.js does not keep to the Receive Maximum of a broker by itself.
        const count = room.version === 5 && qos === 2 ? 20 : 500;
        const sent = numbers(count).map((number) => publisher.publishAsync(room.topic(), number, { qos }));
        assert.deepStrictEqual(await messages(subscriber, count), numbers(count));
        await Promise.all(sent);
});

test('retained-message-arrives-and-is-cleared', ALL, SURE, async (room, qos) => {
        const publisher = await room.client('pub');
        await publisher.publishAsync(room.topic(), 'kept', { qos, retain: true });
        const late = await room.client('late');
        await late.subscribeAsync(room.topic(), { qos });
        const got = await message(late);
        assert.deepStrictEqual([got.payload.toString(), got.qos, got.retain], ['kept', qos, true]);
        await publisher.publishAsync(room.topic(), '', { qos: 1, retain: true });
        const later = await room.client('later');
        await later.subscribeAsync(room.topic(), { qos });
        await publisher.publishAsync(room.topic(), 'after', { qos });
        assert.strictEqual((await message(later)).payload.toString(), 'after');
});

test('will-of-a-cut-client-arrives', ALL, QUALITIES, async (room, qos) => {
        const watcher = await room.client('watch');
        await watcher.subscribeAsync(room.topic(), { qos: 2 });
        const victim = await room.client('w', { will: { topic: room.topic(), payload: Buffer.from('gone'), qos, retain: false } });
        await cut(victim);
        const got = await message(watcher);
        assert.deepStrictEqual([got.payload.toString(), got.qos], ['gone', qos]);
});

test('will-of-a-leaving-client-does-not-arrive', ALL, null, async (room) => {
        const watcher = await room.client('watch');
        await watcher.subscribeAsync(room.topic(), { qos: 1 });
        const leaver = await room.client('w', { will: { topic: room.topic(), payload: Buffer.from('gone'), qos: 1, retain: false } });
        await leaver.endAsync();
        await (await room.client('w')).publishAsync(room.topic(), 'after', { qos: 1 });
        assert.strictEqual((await message(watcher)).payload.toString(), 'after');
});

test('session-keeps-messages', ALL, SURE, async (room, qos) => {
        const first = await room.client('keeper', { keep: true });
        await first.subscribeAsync(room.topic(), { qos });
        await first.endAsync();
        const publisher = await room.client('pub');
        for (const number of numbers(10)) await publisher.publishAsync(room.topic(), number, { qos });
        const again = await room.client('keeper', { keep: true });
        if (room.version !== 3) assert.strictEqual(again.connack.sessionPresent, true);
        assert.deepStrictEqual(await messages(again, 10), numbers(10));
});

test('reconnecting-client-goes-on', ALL, SURE, async (room, qos) => {
        const subscriber = await room.client('sub', { keep: true, reconnectPeriod: 1 });
        await subscriber.subscribeAsync(room.topic(), { qos });
        const publisher = await room.client('pub');
        await publisher.publishAsync(room.topic(), '0', { qos });
        await messages(subscriber, 1);
        await subscriber.publishAsync(room.topic('behind'), 'its acknowledgement', { qos: 1 });
        await cut(subscriber);
        for (const number of numbers(10)) await publisher.publishAsync(room.topic(), number, { qos });
        assert.deepStrictEqual(await messages(subscriber, 10), numbers(10));
});

const SIZES = {};
for (const size of [100000, 1000000, 10000000]) for (const qos of [0, 1, 2]) SIZES[`${size}-bytes-qos-${qos}`] = { size, qos };

test('large-payload-arrives', ALL, SIZES, async (room, { size, qos }) => {
        const subscriber = await room.client('sub');
        await subscriber.subscribeAsync(room.topic(), { qos });
        const publisher = await room.client('pub');
        const payload = Buffer.alloc(size, 'The quick brown fox. ');
        await publisher.publishAsync(room.topic(), payload, { qos });
        assert.ok(payload.equals((await message(subscriber)).payload));
});

test('properties-arrive', [5], null, async (room) => {
        const subscriber = await room.client('sub');
        await subscriber.subscribeAsync(room.topic(), { qos: 1, properties: { subscriptionIdentifier: 300 } });
        const publisher = await room.client('pub');
        const properties = {
                payloadFormatIndicator: true,
                contentType: 'text',
                responseTopic: 'answer',
                correlationData: Buffer.from([0, 1]),
                userProperties: { a: ['1', '2'], b: '3' },
        };
        await publisher.publishAsync(room.topic(), 'x', { qos: 1, properties });
        const got = { ...(await message(subscriber)).properties };
        assert.strictEqual(got.subscriptionIdentifier, 300);
        delete got.subscriptionIdentifier;
        got.userProperties = { ...got.userProperties };
        assert.deepStrictEqual(got, properties);
});

test('topic-aliases-work-both-ways', [5], null, async (room) => {
        const subscriber = await room.client('sub', { properties: { topicAliasMaximum: 5 } });
        await subscriber.subscribeAsync(room.topic('+'), { qos: 0 });
        const publisher = await room.client('pub', { autoAssignTopicAlias: true, autoUseTopicAlias: true });
        for (let turn = 0; turn < 3; turn++) {
                for (const name of ['a', 'b', 'c']) {
                        await publisher.publishAsync(room.topic(name), name);
                        assert.strictEqual((await message(subscriber)).payload.toString(), name);
                }
        }
});

test('shared-subscription-divides', [4, 5], null, async (room) => {
        const members = [await room.client('m0'), await room.client('m1')];
        for (const member of members) await member.subscribeAsync(`$share/g/${room.topic()}`, { qos: 1 });
        const publisher = await room.client('pub');
        for (const number of numbers(10)) await publisher.publishAsync(room.topic(), number, { qos: 1 });
        const got = [...(await messages(members[0], 5)), ...(await messages(members[1], 5))];
        assert.deepStrictEqual(got.sort(), numbers(10));
});

function deadline() {
        let timer;
        const late = new Promise((_, reject) => {
                timer = setTimeout(() => reject(new Error('deadline passed')), LIMIT);
        });
        return { late, clear: () => clearTimeout(timer) };
}

async function main() {
        let number = 0;
        for (const one of tests) {
                const room = new Room(++number, one.version);
                const limit = deadline();
                try {
                        await Promise.race([one.run(room, one.value), limit.late]);
                        console.log(`ok ${number} - ${one.name}`);
                } catch (error) {
                        console.log(`not ok ${number} - ${one.name}`);
                        for (const line of String(error.stack).split('\n')) console.log(`# ${line}`);
                        process.exitCode = 1;
                }
                limit.clear();
                await room.end();
        }
        console.log(`# ${number} tests`);
}

main();
