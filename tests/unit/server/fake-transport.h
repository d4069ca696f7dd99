/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A Transport without a peer: keeps what is written to it, and takes as much as the test says.
 *
 * Thread: any one at a time
 */
#pragma once

#include <errno.h>
#include <glib.h>

#include "transport/transport.h"
#include "util/macro.h"

typedef struct FakeTransport {
        Transport transport;
        GByteArray *got;
        size_t per_call; /* bytes that one writev() takes at most; 0: says -EAGAIN */
        ssize_t refuse;  /* < 0: what writev() returns instead */
        unsigned calls;
        int most_pieces;    /* of all calls */
        unsigned with_room; /* calls of write_with_room(), where a test has one */
} FakeTransport;

static ssize_t fake_writev(Transport *transport, const struct iovec *pieces, int n)
{
        FakeTransport *fake = container_of(transport, FakeTransport, transport);
        size_t left = fake->per_call;

        fake->calls++;
        fake->most_pieces = MAX(fake->most_pieces, n);
        if (fake->refuse < 0)
                return fake->refuse;
        if (left == 0)
                return -EAGAIN;
        for (int i = 0; i < n && left > 0; i++) {
                size_t take = MIN(left, pieces[i].iov_len);

                g_assert_cmpuint(pieces[i].iov_len, >, 0);
                g_byte_array_append(fake->got, pieces[i].iov_base, (guint)take);
                left -= take;
        }
        return (ssize_t)(fake->per_call - left);
}

static const TransportOps fake_ops = {.name = "fake", .writev = fake_writev};

static inline void fake_init(FakeTransport *fake, size_t per_call)
{
        *fake = (FakeTransport){
                .transport = {.ops = &fake_ops, .fd = -1},
                .got = g_byte_array_new(),
                .per_call = per_call,
        };
}

static inline void fake_done(FakeTransport *fake)
{
        g_byte_array_unref(fake->got);
}
