/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who is banned, and by whom: the admin's list, `ban_file`, which the broker only reads, and the
 * broker's own, of what it was asked for while it ran. That one is kept in the file "bans" of the
 * state directory that the service manager has made. The server holds both as one table.
 *
 * Thread: control
 */
#pragma once

#include "access/ban-table.h"
#include "config/settings.h"
#include "server/server.h"
#include "util/config-errors.h"

/* A zeroed object is a valid empty one, which is kept nowhere. */
typedef struct BanBook {
        BanTable *listed; /* by the admin; NULL: nobody */
        BanTable *own;    /* NULL: nobody */
        char *path;       /* of own; NULL: it ends with the process */
} BanBook;

void ban_book_done(BanBook *book);

/* What ban_file says; NULL: nothing. 0; -EKEYREJECTED with an error added; or -ENOMEM. */
int ban_book_read_listed(const Settings *settings, ConfigErrors *errors, BanTable **ret_listed);

/* The same for --test-config, which takes nothing. */
int ban_book_test(const Settings *settings, ConfigErrors *errors);

/* At the start: reads both lists. As above; the book is empty then. */
int ban_book_open(const Settings *settings, ConfigErrors *errors, BanBook *ret_book);

/* All that are banned if the admin's list is this one (may be NULL). 0 or -ENOMEM. */
int ban_book_merge(const BanBook *book, const BanTable *listed, BanTable **ret_all);

/* The admin's list is this one (referenced, may be NULL), as the server knows by now. */
void ban_book_set_listed(BanBook *book, BanTable *listed);

/*
 * Bans it; who is connected leaves. 0; -EINVAL: there can be no such subject; -EROFS: the ban
 * holds, but there is no place to keep it in; or -errno, and the ban holds if only writing has
 * failed.
 */
int ban_book_add(BanBook *book, Server *server, const Ban *ban);

/* Bans all of them; of one subject, the ban that lasts longer holds. As above; -ENOSPC: there are
 * too many, and nothing has changed. */
int ban_book_add_all(BanBook *book, Server *server, const BanTable *more);

/* Takes it out of the broker's own list. 0; -ENOENT: it is in neither; -EBUSY: it is, or stays, in
 * that of the admin; or -EROFS or another -errno as above. */
int ban_book_remove(BanBook *book, Server *server, BanKind kind, const char *subject);

/* Those that are over go: from what the server holds, from its own list and from the file of that.
 * 0 or -errno as above. */
int ban_book_tidy(BanBook *book, Server *server);
