/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All that crosses from one thread to another: what a mail to a worker may be. References and
 * ownership go along with the mail.
 *
 * Thread: any
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "broker/message.h"
#include "broker/router.h"
#include "broker/session-id.h"
#include "util/buffer.h"

typedef struct Connection Connection;
typedef struct Consultation Consultation;
typedef struct Gather Gather;
typedef struct Login Login;
typedef struct SettingsChange SettingsChange;

typedef enum MailKind {
        MAIL_MESSAGE,      /* deliver to the takers that this worker owns */
        MAIL_SHARED,       /* deliver to one member of a shared subscription */
        MAIL_CONNECTION,   /* a connection moves in: the worker owns its client identifier */
        MAIL_PUBLISH,      /* route a message of the broker itself */
        MAIL_HANDSHAKE,    /* a helper has made the step of a connection: see handshake-step.h */
        MAIL_CONSULTATION, /* a helper has asked an authority: see consultation.h */
        MAIL_LOGIN,        /* a helper has checked a password: see login.h */
        MAIL_RELOAD,       /* newer settings and endpoints hold from now on */
        MAIL_GATHER,       /* answer a question: see gather.h */
        MAIL_PING,         /* answer: see server_ping() */
        MAIL_WILLS,        /* stop, first step: close the endpoints, publish the wills */
        MAIL_FINISH,       /* stop, second step: write what is pending, then end */
        MAIL_SUSPEND,      /* close the endpoints and end the thread; the rest stays as it is */
        MAIL_TAKERS,       /* who has taken messages of this worker: see publications.h */
        MAIL_CONFIRMED,    /* messages of another worker are in the store */
        MAIL_DURABLE,      /* changes of this worker are on the disk: see shard-store.h */
        MAIL_REFUSED,      /* one was not written */
        MAIL_SETTLED,      /* changes of this worker are in the tables: see shelf.h */
        MAIL_IN_TABLES,    /* messages of another worker are */
        MAIL_KINDS_N
} MailKind;

typedef struct Mail {
        MailKind kind;
        uint32_t
                since; /* of MAIL_MESSAGE and MAIL_SHARED: the turn that read it, as in latency.h */
        union {
                struct {
                        Message *message;
                        SessionId origin; /* of the publisher, for No Local */
                } message;
                struct {
                        Message *message;
                        ShareGroup *group;
                        ShareMember member;
                        bool is_last; /* nobody else is to be asked after this one */
                } shared;
                Connection *connection;
                Message *publish;
                Consultation *consultation;
                Login *login;
                SettingsChange *change;
                Gather *gather;
                struct {
                        Buffer list; /* taken over; as takers_answer() writes it */
                        unsigned worker;
                } takers;
                struct {
                        uint64_t message; /* and all that this worker drew a number for before */
                        unsigned worker;
                } confirmed;
                uint64_t commit;   /* of the worker's lane: MAIL_DURABLE, MAIL_REFUSED */
                uint64_t ping;     /* its number */
                uint64_t deadline; /* of MAIL_FINISH: loop time, ms */
        };
} Mail;
