/* SPDX-License-Identifier: Apache-2.0 */

/* Who is banned, and by whom. */

#include "control/ban-book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/options.h"
#include "control/ban-file.h"

/* That rules make: a table that grew without end would cost each change more. */
#define OWN_MAX 65536U

static uint64_t now(void)
{
        return (uint64_t)time(NULL);
}

void ban_book_done(BanBook *book)
{
        ban_table_unref(book->listed);
        ban_table_unref(book->own);
        free(book->path);
        *book = (BanBook){};
}

/* 0, and NULL when there is no place for one. */
static int find_own_path(char **ret_path)
{
        const char *folder = getenv("STATE_DIRECTORY");
        char *path = NULL;

        if (folder && folder[0] == '/' && asprintf(&path, "%s/bans", folder) < 0)
                return -ENOMEM;
        *ret_path = path;
        return 0;
}

/* --- read --- */

/* A ban_file that is the broker's own file is no other list. */
static bool is_own(const char *listed, const char *own)
{
        return listed && own && strcmp(listed, own) == 0;
}

int ban_book_read_listed(const Settings *settings, ConfigErrors *errors, BanTable **ret_listed)
{
        const SettingsOrigin *origin = &settings->origins[option_index(option_find("ban_file"))];
        _cleanup_free_ char *own = NULL;
        int r;

        r = find_own_path(&own);
        if (r < 0)
                return r;
        if (settings->ban_file && !is_own(settings->ban_file, own))
                return ban_file_read(settings->ban_file, origin, errors, ret_listed);
        *ret_listed = NULL;
        return 0;
}

int ban_book_test(const Settings *settings, ConfigErrors *errors)
{
        _cleanup_(ban_table_unrefp) BanTable *listed = NULL;

        return ban_book_read_listed(settings, errors, &listed);
}

int ban_book_open(const Settings *settings, ConfigErrors *errors, BanBook *ret_book)
{
        _cleanup_(ban_book_done) BanBook book = {};
        int r;

        r = find_own_path(&book.path);
        if (r == 0)
                r = ban_book_read_listed(settings, errors, &book.listed);
        if (r == 0 && book.path)
                r = ban_file_read(book.path, NULL, errors, &book.own);
        if (r < 0)
                return r;
        *ret_book = book;
        book = (BanBook){};
        return 0;
}

int ban_book_merge(const BanBook *book, const BanTable *listed, BanTable **ret_all)
{
        return ban_table_merge(listed, book->own, now(), ret_all);
}

/* --- change --- */

void ban_book_set_listed(BanBook *book, BanTable *listed)
{
        BanTable *before = book->listed;

        book->listed = listed ? ban_table_ref(listed) : NULL;
        ban_table_unref(before);
}

/* Takes the reference to own. Nothing has changed when there is no memory for the whole; once the
 * bans hold, they are written, whatever else fails. */
static int hold_and_save(BanBook *book, Server *server, BanTable *own)
{
        _cleanup_(ban_table_unrefp) BanTable *before = own, *all = NULL;
        int r, held;

        r = ban_table_merge(book->listed, own, now(), &all);
        if (r < 0)
                return r;
        before = book->own;
        book->own = own;
        held = server_set_bans(server, all);
        r = book->path ? ban_file_write(book->path, own) : -EROFS;
        return held < 0 ? held : r;
}

int ban_book_add(BanBook *book, Server *server, const Ban *ban)
{
        BanTable *own;
        int r = ban_table_add(book->own, ban, now(), &own);

        return r == 0 ? hold_and_save(book, server, own) : r;
}

int ban_book_add_all(BanBook *book, Server *server, const BanTable *more)
{
        _cleanup_(ban_table_unrefp) BanTable *own = NULL;
        int r = ban_table_merge(book->own, more, now(), &own);

        if (r < 0)
                return r;
        if (ban_table_count(own) > OWN_MAX)
                return -ENOSPC;
        return hold_and_save(book, server, TAKE_PTR(own));
}

int ban_book_remove(BanBook *book, Server *server, BanKind kind, const char *subject)
{
        const bool is_listed = ban_table_has(book->listed, kind, subject, now());
        BanTable *own;
        int r = ban_table_remove(book->own, kind, subject, now(), &own);

        if (r == 0)
                r = hold_and_save(book, server, own);
        return is_listed && (r == 0 || r == -ENOENT || r == -EROFS) ? -EBUSY : r;
}

int ban_book_tidy(BanBook *book, Server *server)
{
        _cleanup_(ban_table_unrefp) BanTable *own = NULL, *all = NULL;
        int r = ban_table_merge(book->own, NULL, now(), &own);

        if (r == 0 && ban_table_count(own) != ban_table_count(book->own))
                return hold_and_save(book, server, TAKE_PTR(own));
        /* Of the admin's list. */
        if (r == 0)
                r = ban_book_merge(book, book->listed, &all);
        return r == 0 ? server_set_bans(server, all) : r;
}
