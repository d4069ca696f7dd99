/* SPDX-License-Identifier: Apache-2.0 */
/* The books of a run: what each sender sent, what of it is acknowledged and delivered, and what was
 * lost, doubled or reordered on the way. */
/* Thread: any */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/letter.h"

typedef struct LedgerForm {
        uint32_t senders;
        uint32_t receivers;
        uint32_t copies;   /* deliveries that each message must get */
        uint32_t window;   /* messages per sender that may be open; a power of two */
        bool acknowledged; /* a message is open until its sender has the acknowledgement too */
        bool spread;       /* a message has one receiver out of many, in an order unknown */
} LedgerForm;

/* One sender's messages: [closed, sent) are open. Sequences start at 0 and wrap at 2^32. */
typedef struct Account {
        uint32_t sent;
        uint32_t acknowledged;
        uint32_t closed;
        uint16_t *missing; /* ring of `window`: copies and acknowledgement still to come */
} Account;

typedef struct Ledger {
        LedgerForm form;
        Account *accounts;
        uint32_t *next;   /* [receiver][sender]: the sequence that must come next */
        uint32_t *stride; /* [sender]: distance between two sequences at one receiver */
        uint64_t sent;
        uint64_t delivered;
        uint64_t closed;
        uint64_t lost;
        uint64_t doubled;
        uint64_t reordered;
        uint64_t skipped; /* overtaken by a later one of the same sender, and not come yet */
        uint64_t alien;   /* not ours, damaged, or not for that receiver */
} Ledger;

/* Returns 0 or -ENOMEM. */
int ledger_init(Ledger *ledger, const LedgerForm *form);
void ledger_done(Ledger *ledger);

/* The receiver gets from this sender the sequences first, first + stride, …; without a call all
 * of them. */
void ledger_expect(Ledger *ledger, uint32_t receiver, uint32_t sender, uint32_t first,
                   uint32_t stride);

/* Whether the sender's window has room for one more. */
static inline bool ledger_may_send(const Ledger *ledger, uint32_t sender)
{
        const Account *account = &ledger->accounts[sender];

        return account->sent - account->closed < ledger->form.window;
}

/* Enters one more message and returns its sequence. */
uint32_t ledger_send(Ledger *ledger, uint32_t sender);

/* The sender's oldest unacknowledged message is acknowledged: brokers must keep the order
 * [MQTT-4.6.0-2]. False when there is none. */
bool ledger_acknowledge(Ledger *ledger, uint32_t sender);

/* A receiver got this; false (and entered as a fault) when it should not have. */
bool ledger_deliver(Ledger *ledger, uint32_t receiver, const Stamp *stamp);

/* The packet identifier that message `sequence` travels under; never 0. */
static inline uint16_t ledger_packet_id(uint32_t sequence)
{
        return (uint16_t)(1 + sequence % 65535);
}

/* Messages that are still open. */
static inline uint64_t ledger_open(const Ledger *ledger)
{
        return ledger->sent - ledger->closed;
}

/* Enters all that is still open as lost. Returns 0 when the books are clean, else -EPROTO. */
int ledger_balance(Ledger *ledger);
