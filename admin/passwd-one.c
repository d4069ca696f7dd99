/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl passwd, of one user: set, delete, verify. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/password-edit.h"
#include "admin/prompt.h"
#include "util/utf8.h"

int passwd_failed(const PasswdOrder *order, const char *format, ...)
{
        va_list arguments;

        fprintf(stderr, "hawkerctl: %s: ", order->path);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return EXIT_FAILED;
}

bool passwd_can_name(const char *before, Bytes user)
{
        if (password_file_can_hold(user) && utf8_is_valid(user.data, user.length))
                return true;
        fprintf(stderr,
                "hawkerctl: %sthat cannot be the name of a user: it must be UTF-8 of 1 to %u bytes "
                "without colon and line break, with no blank at its ends and no # before it\n",
                before, PASSWORD_FILE_USER_MAX);
        return false;
}

/* --- the password --- */

static int explain(int error)
{
        if (error == -ENODATA)
                fputs("hawkerctl: there is no password\n", stderr);
        else if (error == -EMSGSIZE)
                fputs("hawkerctl: the password is too long\n", stderr);
        else if (error == -ENXIO)
                fputs("hawkerctl: there is no terminal to ask at: --stdin reads the password from "
                      "standard input\n",
                      stderr);
        else
                fprintf(stderr, "hawkerctl: the password cannot be read: %s\n", strerror(-error));
        return EXIT_FAILED;
}

static int get_password(const PasswdOrder *order, const char *question, Secret *ret_password)
{
        _cleanup_(secret_done) Secret password = {};
        int r;

        r = order->from_stdin ? secret_read_line(STDIN_FILENO, PASSWD_MAX, &password)
                              : prompt_secret(question, &password);
        if (r == 0 && password.length == 0)
                r = -ENODATA;
        if (r < 0)
                return explain(r);
        *ret_password = password;
        password = (Secret){};
        return EXIT_DONE;
}

static int get_new_password(const PasswdOrder *order, Secret *ret_password)
{
        _cleanup_(secret_done) Secret password = {}, again = {};
        int status = get_password(order, "New password: ", &password);

        if (status == EXIT_DONE && !order->from_stdin)
                status = get_password(order, "Once more: ", &again);
        if (status != EXIT_DONE)
                return status;
        if (!order->from_stdin && !bytes_equal(secret_bytes(&password), secret_bytes(&again))) {
                fputs("hawkerctl: the two are not the same: nothing has changed\n", stderr);
                return EXIT_FAILED;
        }
        *ret_password = password;
        password = (Secret){};
        return EXIT_DONE;
}

/* --- set --- */

/* Whether it could be done, before anybody is asked for a password. */
static int try(const PasswdOrder *order)
{
        _cleanup_(password_edit_done) PasswordEdit edit = {.lock = -1};

        if (!passwd_can_name("", bytes_from_string(order->user)))
                return EXIT_FAILED;
        return password_edit_begin(order, &edit);
}

static int set(const PasswdOrder *order, const char *hash)
{
        _cleanup_(password_edit_done) PasswordEdit edit = {.lock = -1};
        Bytes user = bytes_from_string(order->user);
        int status = password_edit_begin(order, &edit);
        bool is_new;

        if (status != EXIT_DONE)
                return status;
        is_new = password_file_find(edit.file, user) == password_file_n_lines(edit.file);
        status = password_edit_set(&edit, user, bytes_from_string(hash));
        return status == EXIT_DONE ? password_edit_commit(&edit, "user %s %s", order->user,
                                                          is_new ? "added" : "changed")
                                   : status;
}

int passwd_set(const PasswdOrder *order)
{
        _cleanup_(secret_done) Secret password = {};
        _cleanup_free_ char *hash = NULL;
        int r, status = try(order);

        if (status == EXIT_DONE)
                status = get_new_password(order, &password);
        if (status != EXIT_DONE)
                return status;
        r = password_hash_make(order->scheme, secret_bytes(&password), &hash);
        if (r < 0)
                return passwd_failed(order, "no hash can be made: %s", strerror(-r));
        return set(order, hash);
}

/* --- delete --- */

int passwd_delete(const PasswdOrder *order)
{
        _cleanup_(password_edit_done) PasswordEdit edit = {.lock = -1};
        int status = password_edit_begin(order, &edit);

        if (status != EXIT_DONE)
                return status;
        if (!password_file_remove(edit.file, bytes_from_string(order->user)))
                return passwd_failed(order, "there is no user %s in it", order->user);
        return password_edit_commit(&edit, "user %s deleted", order->user);
}

/* --- verify --- */

/* Right, wrong, or -1 if that cannot be told, which stderr explains. */
static int check(const PasswdOrder *order, Bytes hash_text, Bytes password)
{
        _cleanup_(password_hash_freep) PasswordHash *hash = NULL;
        const char *why = NULL;
        int r = password_hash_parse(hash_text, &hash, &why);

        if (r == 0)
                r = password_hash_verify(hash, password);
        if (r >= 0)
                return r == 0;
        passwd_failed(order, "the hash of user %s %s", order->user,
                      r == -EINVAL ? why : strerror(-r));
        return -1;
}

int passwd_verify(const PasswdOrder *order)
{
        _cleanup_(password_file_freep) PasswordFile *file = NULL;
        _cleanup_(secret_done) Secret password = {};
        size_t i;
        int r;

        r = password_file_read(order->path, &file);
        if (r < 0) {
                passwd_failed(order, "it cannot be read: %s", strerror(-r));
                return EXIT_USAGE;
        }
        if (get_password(order, "Password: ", &password) != EXIT_DONE)
                return EXIT_USAGE;
        i = password_file_find(file, bytes_from_string(order->user));
        if (i == password_file_n_lines(file))
                return passwd_failed(order, "there is no user %s in it", order->user);
        r = check(order, password_file_line(file, i).hash, secret_bytes(&password));
        if (r < 0)
                return EXIT_USAGE;
        printf("%s: that is %sthe password of user %s\n", order->path, r ? "" : "not ",
               order->user);
        return r ? EXIT_DONE : EXIT_FAILED;
}
