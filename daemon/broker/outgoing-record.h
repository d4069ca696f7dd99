/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bytes of a message on its way to one taker, as part of a record: u8 flags (QoS, RETAIN),
 * u16 number of Subscription Identifiers, u32 each, the group, the message.
 *
 * Thread: any
 */
#pragma once

#include "broker/mention-reader.h"
#include "broker/mention-writer.h"
#include "broker/outgoing.h"
#include "broker/record.h"

void outgoing_record_put(RecordWriter *writer, MentionWriter *mentions, const Outgoing *outgoing);

/* With references of its own. 0, -ENOMEM, -EBADMSG. */
int outgoing_record_get(RecordReader *reader, MentionReader *mentions, Outgoing *ret_outgoing);
