/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bytes of a message, as part of a record: u8 flags (QoS, RETAIN, has an author, who has a
 * user name, has a number), u32 second of boot time when it expires (of a will: the interval; all
 * ones: never), topic, properties, payload, and of the author: user name, client identifier,
 * listener; with four bytes of length each; u64 number.
 *
 * Thread: any
 */
#pragma once

#include "broker/message.h"
#include "broker/record.h"

void message_record_put(RecordWriter *writer, const Message *message);

/* A new message. 0, -ENOMEM, or -EBADMSG for what was no message. */
int message_record_get(RecordReader *reader, Message **ret_message);
