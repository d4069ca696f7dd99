/* SPDX-License-Identifier: Apache-2.0 */

/* That what somebody has asked for without a connection has happened. */

#include "server/receipt.h"

#include <errno.h>
#include <stdlib.h>

int receipt_new(Receipt **ret_receipt)
{
        Receipt *receipt = calloc(1, sizeof(*receipt));

        if (!receipt)
                return -ENOMEM;
        atomic_init(&receipt->references, 1);
        *ret_receipt = receipt;
        return 0;
}

Receipt *receipt_ref(Receipt *receipt)
{
        atomic_fetch_add_explicit(&receipt->references, 1, memory_order_relaxed);
        return receipt;
}

Receipt *receipt_unref(Receipt *receipt)
{
        if (receipt &&
            atomic_fetch_sub_explicit(&receipt->references, 1, memory_order_acq_rel) == 1)
                free(receipt);
        return NULL;
}
