/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes sessions as records (state-format.h), each in as many steps as it takes.
 *
 * Thread: any (one at a time, while nobody changes the session)
 */
#pragma once

#include "broker/mention-writer.h"
#include "broker/outbox.h"
#include "broker/session.h"
#include "util/buffer.h"

typedef struct SessionWriter {
        MentionWriter *mentions;
        Buffer *buffer;
        Session *session; /* NULL: between two */
        SessionInside inside;
        unsigned part; /* what is written next, and how far that is: */
        const struct Subscription *subscription;
        const struct RetainedRun *run;
        uint16_t inflight;
        OutboxCursor waiting;
} SessionWriter;

void session_writer_init(SessionWriter *writer, MentionWriter *mentions, Buffer *buffer);

/* The next part of the session. 1: there is more of this one; 0: it is complete; -ENOMEM, -E2BIG.
 */
int session_writer_step(SessionWriter *writer, Session *session);
