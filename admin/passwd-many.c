/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl passwd, of many users: batch, rehash. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/password-edit.h"
#include "util/secret-file.h"

/* --- batch --- */

typedef struct Batch {
        const PasswdOrder *order;
        PasswordFile *hashes; /* what will be set */
        unsigned line;
} Batch;

static int refuse(const Batch *batch, const char *why)
{
        fprintf(stderr, "hawkerctl: line %u of standard input: %s\n", batch->line, why);
        return EXIT_FAILED;
}

static int add_hash(Batch *batch, Bytes user, Bytes password)
{
        _cleanup_free_ char *hash = NULL;
        int r;

        r = password_hash_make(batch->order->scheme, password, &hash);
        if (r == 0)
                r = password_file_set(batch->hashes, user, bytes_from_string(hash));
        return r < 0 ? refuse(batch, strerror(-r)) : EXIT_DONE;
}

static int add_line(Batch *batch, Bytes text)
{
        const uint8_t *colon;
        Bytes user, password;
        char before[64];

        if (text.length == 0)
                return EXIT_DONE;
        colon = memchr(text.data, ':', text.length);
        if (!colon)
                return refuse(batch, "it is not USER:PASSWORD");
        user = (Bytes){text.data, (size_t)(colon - text.data)};
        password = (Bytes){colon + 1, text.length - user.length - 1};
        snprintf(before, sizeof(before), "line %u of standard input: ", batch->line);
        if (!passwd_can_name(before, user))
                return EXIT_FAILED;
        if (password.length == 0 || password.length > PASSWD_MAX)
                return refuse(batch, password.length == 0 ? "there is no password"
                                                          : "the password is too long");
        if (password_file_find(batch->hashes, user) < password_file_n_lines(batch->hashes))
                return refuse(batch, "the user was there already");
        return add_hash(batch, user, password);
}

static int add_lines(Batch *batch, Bytes text)
{
        const uint8_t *at = text.data, *end = at + text.length;
        int status = EXIT_DONE;

        while (at < end && status == EXIT_DONE) {
                const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
                const uint8_t *stop = newline ? newline : end;

                batch->line++;
                status = add_line(batch, (Bytes){at, (size_t)(stop - at)});
                at = stop + 1;
        }
        return status;
}

static int set_all(const PasswdOrder *order, const PasswordFile *hashes)
{
        _cleanup_(password_edit_done) PasswordEdit edit = {.lock = -1};
        size_t n_before, n = password_file_n_lines(hashes);
        int status = password_edit_begin(order, &edit);

        if (status != EXIT_DONE)
                return status;
        n_before = password_file_n_lines(edit.file);
        for (size_t i = 0; i < n && status == EXIT_DONE; i++) {
                PasswordFileLine line = password_file_line(hashes, i);

                status = password_edit_set(&edit, line.user, line.hash);
        }
        if (status != EXIT_DONE)
                return status;
        n_before = password_file_n_lines(edit.file) - n_before;
        return password_edit_commit(&edit, "%zu added, %zu changed", n_before, n - n_before);
}

/* That the file is as the order says is found out before all the hashes are made. */
static int try(const PasswdOrder *order)
{
        _cleanup_(password_edit_done) PasswordEdit edit = {.lock = -1};

        return password_edit_begin(order, &edit);
}

int passwd_batch(const PasswdOrder *order)
{
        _cleanup_(password_file_freep) PasswordFile *hashes = NULL;
        _cleanup_(secret_done) Secret text = {};
        Batch batch = {.order = order};
        int r, status = try(order);

        if (status != EXIT_DONE)
                return status;
        r = secret_read_all(STDIN_FILENO, SECRET_FILE_MAX, &text);
        if (r == 0)
                r = password_file_new(&hashes);
        if (r < 0) {
                fprintf(stderr, "hawkerctl: standard input: %s\n", strerror(-r));
                return EXIT_FAILED;
        }
        batch.hashes = hashes;
        status = add_lines(&batch, secret_bytes(&text));
        if (status != EXIT_DONE)
                return status;
        if (password_file_n_lines(hashes) > 0)
                return set_all(order, hashes);
        fputs("hawkerctl: standard input: there are no users\n", stderr);
        return EXIT_FAILED;
}

/* --- rehash --- */

/* A line's number and what it is, with no more of the name than a terminal can stand. */
static void tell(const PasswdOrder *order, size_t i, Bytes user, const char *what)
{
        printf("%s:%zu: user ", order->path, i + 1);
        for (size_t k = 0; k < MIN(user.length, 200U); k++)
                putchar(user.data[k] < ' ' || user.data[k] == 0x7f ? '?' : user.data[k]);
        printf(": %s\n", what);
}

/* Where it begins with a dollar nobody can tell a hash that is broken from a password. */
static int rehash_plain(PasswordEdit *edit, size_t i, const char *why)
{
        PasswordFileLine line = password_file_line(edit->file, i);
        _cleanup_free_ char *hash = NULL;
        int r;

        if (line.hash.length == 0 || line.hash.data[0] == '$')
                return passwd_failed(edit->order,
                                     "line %zu: the hash %s: set a password with  hawkerctl passwd",
                                     i + 1, why);
        if (password_file_find(edit->file, line.user) != i)
                return passwd_failed(edit->order, "line %zu: the user was there already", i + 1);
        r = password_hash_make(edit->order->scheme, line.hash, &hash);
        if (r < 0)
                return passwd_failed(edit->order, "no hash can be made: %s", strerror(-r));
        return password_edit_set(edit, line.user, bytes_from_string(hash));
}

static int rehash_line(PasswordEdit *edit, size_t i, size_t *n_hashed)
{
        PasswordFileLine line = password_file_line(edit->file, i);
        _cleanup_(password_hash_freep) PasswordHash *hash = NULL;
        const char *why;
        int r, status;

        if (!line.user.data)
                return EXIT_DONE;
        r = password_hash_parse(line.hash, &hash, &why);
        if (r == -ENOMEM)
                return passwd_failed(edit->order, "%s", strerror(-r));
        if (r < 0) {
                status = rehash_plain(edit, i, why);
                *n_hashed += status == EXIT_DONE;
                return status;
        }
        if (password_hash_is_weak(hash))
                tell(edit->order, i, line.user,
                     "the hash is too cheap to withstand guessing once the file is stolen; only a "
                     "new password mends that");
        return EXIT_DONE;
}

int passwd_rehash(const PasswdOrder *order)
{
        _cleanup_(password_edit_done) PasswordEdit edit = {.lock = -1};
        int status = password_edit_begin(order, &edit);
        size_t n_hashed = 0;

        if (status != EXIT_DONE)
                return status;
        for (size_t i = 0; i < password_file_n_lines(edit.file) && status == EXIT_DONE; i++)
                status = rehash_line(&edit, i, &n_hashed);
        if (status != EXIT_DONE)
                return status;
        if (n_hashed > 0)
                return password_edit_commit(&edit, "%zu hashed", n_hashed);
        printf("%s: no password is in plain text\n", order->path);
        return EXIT_DONE;
}
