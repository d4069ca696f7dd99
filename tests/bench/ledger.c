/* SPDX-License-Identifier: Apache-2.0 */
/* The books of a run. */

#include <errno.h>
#include <stdlib.h>

#include "bench/ledger.h"

int ledger_init(Ledger *ledger, const LedgerForm *form)
{
        size_t pairs = (size_t)form->senders * form->receivers;

        *ledger = (Ledger){.form = *form};
        ledger->accounts = calloc(form->senders, sizeof(*ledger->accounts));
        ledger->stride = calloc(form->senders, sizeof(*ledger->stride));
        ledger->next = calloc(pairs > 0 ? pairs : 1, sizeof(*ledger->next));
        if (!ledger->accounts || !ledger->stride || !ledger->next)
                goto fail;
        for (uint32_t i = 0; i < form->senders; i++) {
                ledger->stride[i] = 1;
                ledger->accounts[i].missing = calloc(form->window, sizeof(uint16_t));
                if (!ledger->accounts[i].missing)
                        goto fail;
        }
        return 0;

fail:
        ledger_done(ledger);
        return -ENOMEM;
}

void ledger_done(Ledger *ledger)
{
        if (ledger->accounts)
                for (uint32_t i = 0; i < ledger->form.senders; i++)
                        free(ledger->accounts[i].missing);
        free(ledger->accounts);
        free(ledger->stride);
        free(ledger->next);
        *ledger = (Ledger){};
}

static uint32_t *next_of(Ledger *ledger, uint32_t receiver, uint32_t sender)
{
        return &ledger->next[(size_t)receiver * ledger->form.senders + sender];
}

void ledger_expect(Ledger *ledger, uint32_t receiver, uint32_t sender, uint32_t first,
                   uint32_t stride)
{
        *next_of(ledger, receiver, sender) = first;
        ledger->stride[sender] = stride;
}

static uint16_t *missing_of(Ledger *ledger, Account *account, uint32_t sequence)
{
        return &account->missing[sequence & (ledger->form.window - 1)];
}

uint32_t ledger_send(Ledger *ledger, uint32_t sender)
{
        Account *account = &ledger->accounts[sender];
        uint32_t sequence = account->sent++;

        *missing_of(ledger, account, sequence) =
                (uint16_t)(ledger->form.copies + ledger->form.acknowledged);
        ledger->sent++;
        return sequence;
}

/* One of the things that kept the message open has come. */
static void settle(Ledger *ledger, Account *account, uint32_t sequence)
{
        uint16_t *missing = missing_of(ledger, account, sequence);

        if (*missing == 0) {
                ledger->doubled++;
                return;
        }
        if (--*missing > 0)
                return;
        while (account->closed != account->sent &&
               *missing_of(ledger, account, account->closed) == 0) {
                account->closed++;
                ledger->closed++;
        }
}

bool ledger_acknowledge(Ledger *ledger, uint32_t sender)
{
        Account *account = &ledger->accounts[sender];

        if (account->acknowledged == account->sent)
                return false;
        settle(ledger, account, account->acknowledged++);
        return true;
}

/* Whether the message waits for something, as far as the ring can tell. */
static bool is_open(Ledger *ledger, Account *account, uint32_t sequence)
{
        return sequence -
               account->closed<account->sent -
                               account->closed && * missing_of(ledger, account, sequence)> 0;
}

/* A sequence below the one that must come next. */
static void deliver_late(Ledger *ledger, Account *account, uint32_t sequence)
{
        if (!is_open(ledger, account, sequence) || (!ledger->form.spread && ledger->skipped == 0)) {
                ledger->doubled++;
                return;
        }
        ledger->skipped -= ledger->skipped > 0;
        ledger->reordered++;
        settle(ledger, account, sequence);
}

bool ledger_deliver(Ledger *ledger, uint32_t receiver, const Stamp *stamp)
{
        uint32_t *next, stride, sequence = stamp->sequence;
        Account *account;
        int32_t ahead;

        if (stamp->sender >= ledger->form.senders) {
                ledger->alien++;
                return false;
        }
        account = &ledger->accounts[stamp->sender];
        stride = ledger->stride[stamp->sender];
        next = next_of(ledger, receiver, stamp->sender);
        ahead = (int32_t)(sequence - *next);
        if ((int32_t)(sequence - account->sent) >= 0 || (stride > 1 && ahead % (int32_t)stride)) {
                ledger->alien++;
                return false;
        }
        if (ahead < 0) {
                deliver_late(ledger, account, sequence);
                return false;
        }
        if (!is_open(ledger, account, sequence)) {
                ledger->doubled++;
                return false;
        }
        /* Those between may still come late, then they are reordered; else ledger_balance() finds
         * them. */
        if (ahead > 0 && !ledger->form.spread)
                ledger->skipped += (uint32_t)ahead / stride;
        *next = sequence + stride;
        settle(ledger, account, sequence);
        ledger->delivered++;
        return true;
}

int ledger_balance(Ledger *ledger)
{
        for (uint32_t i = 0; i < ledger->form.senders; i++) {
                Account *account = &ledger->accounts[i];

                for (; account->closed != account->sent; account->closed++) {
                        ledger->lost += *missing_of(ledger, account, account->closed);
                        ledger->closed++;
                }
        }
        return ledger->lost || ledger->doubled || ledger->reordered || ledger->alien ? -EPROTO : 0;
}
