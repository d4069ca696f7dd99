/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong with a run, in words. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/verdict.h"

void verdict_print(const char *row, const Traffic *traffic, int error)
{
        const Ledger *ledger = &traffic->ledger;

        if (error == 0)
                return;
        fprintf(stderr,
                "%s: %s: sent %" PRIu64 ", delivered %" PRIu64 ", acknowledged %" PRIu64
                ", open %" PRIu64 ", lost %" PRIu64 ", doubled %" PRIu64 ", reordered %" PRIu64
                ", alien or damaged %" PRIu64 ", skipped %" PRIu64 "\n",
                row, strerror(-error), ledger->sent, ledger->delivered, traffic->acknowledged,
                ledger_open(ledger), ledger->lost, ledger->doubled, ledger->reordered,
                ledger->alien, ledger->skipped);
}
