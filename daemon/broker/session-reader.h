/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes a session of the records that a SessionWriter wrote. The limits of the settings drop
 * nothing of what it had.
 *
 * Thread: any (one at a time, before there are workers)
 */
#pragma once

#include "broker/mention-reader.h"
#include "broker/record.h"
#include "broker/retained.h"
#include "broker/session.h"
#include "broker/sessions.h"

typedef struct SessionReader {
        MentionReader *mentions;
        Retained *retained;
        Sessions *sessions;
        Session *session; /* what is made; NULL: nothing */
        SessionInside inside;
        msec_t written;  /* when the image was begun */
        uint16_t repeat; /* the packet identifier to be repeated next */
} SessionReader;

/* The client identifier in the first record of a session (a view). 0 or -EBADMSG. */
int session_reader_client_id(const Record *head, Bytes *ret_client_id);

/* Begins the session by its first record. 0, -ENOMEM, -EBADMSG; as all that follow. */
int session_reader_begin(SessionReader *reader, const Record *head);

/* Whether a record of this type belongs to the session that was begun. */
bool session_reader_knows(uint16_t type);
int session_reader_add(SessionReader *reader, const Record *record);

/* The session is complete and the caller's. */
int session_reader_end(SessionReader *reader, Session **ret_session);

/* Closes a session that was not completed. */
void session_reader_abandon(SessionReader *reader);
