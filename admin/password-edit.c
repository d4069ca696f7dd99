/* SPDX-License-Identifier: Apache-2.0 */

/* A password file while it is changed. */

#include "admin/password-edit.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "access/passwords.h"
#include "util/config-errors.h"

/* What a mistyped path would do with --create, or without: nothing. */
static int read_file(PasswordEdit *edit)
{
        const PasswdOrder *order = edit->order;
        int r = password_file_read(order->path, &edit->file);

        if (r == 0 && order->create)
                return passwd_failed(order, "it is there already: without --create, users are "
                                            "added to it");
        if (r == 0)
                return EXIT_DONE;
        if (r != -ENOENT)
                return passwd_failed(order, "it cannot be read: %s",
                                     r == -EBADMSG ? "there is a zero byte in it" : strerror(-r));
        if (!order->create)
                return passwd_failed(order, "there is no such file: --create makes it");
        r = password_file_new(&edit->file);
        return r < 0 ? passwd_failed(order, "%s", strerror(-r)) : EXIT_DONE;
}

static int lock(PasswordEdit *edit)
{
        const PasswdOrder *order = edit->order;
        int r = password_file_lock(order->path, false, &edit->lock);

        if (r == -EWOULDBLOCK) {
                fprintf(stderr, "hawkerctl: %s: waiting for another who changes it\n", order->path);
                r = password_file_lock(order->path, true, &edit->lock);
        }
        return r < 0 ? passwd_failed(order, "%s", strerror(-r)) : EXIT_DONE;
}

int password_edit_begin(const PasswdOrder *order, PasswordEdit *ret_edit)
{
        _cleanup_(password_edit_done) PasswordEdit edit = {.order = order, .lock = -1};
        int status = lock(&edit);

        if (status == EXIT_DONE)
                status = read_file(&edit);
        if (status != EXIT_DONE)
                return status;
        *ret_edit = edit;
        edit = (PasswordEdit){.lock = -1};
        return EXIT_DONE;
}

void password_edit_done(PasswordEdit *edit)
{
        edit->file = password_file_free(edit->file);
        closep(&edit->lock);
        edit->lock = -1;
}

int password_edit_set(PasswordEdit *edit, Bytes user, Bytes hash)
{
        int r = password_file_set(edit->file, user, hash);

        return r < 0 ? passwd_failed(edit->order, "%s", strerror(-r)) : EXIT_DONE;
}

/* A signal in between could leave the new file there, unfinished. */
static int write_file(const PasswordEdit *edit)
{
        sigset_t all, before;
        int r;

        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, &before);
        r = password_file_write(edit->file, edit->order->path);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (r == -EPERM)
                return passwd_failed(edit->order, "it cannot be written so that its owner keeps "
                                                  "it: let its owner or root do it");
        return r < 0 ? passwd_failed(edit->order, "it cannot be written: %s", strerror(-r))
                     : EXIT_DONE;
}

/* One line that is wrong, whoever wrote it, and the broker keeps the users that it has. */
static void warn(const PasswdOrder *order)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_(passwords_unrefp) Passwords *passwords = NULL;
        char line[1024];

        if (passwords_load(order->path, &errors, &passwords) != -EINVAL)
                return;
        passwd_failed(order, "the broker will refuse this file until it is mended:");
        for (size_t i = 0; i < errors.n_items; i++)
                if (errors.items[i].severity == CONFIG_ERROR)
                        fprintf(stderr, "%s\n",
                                config_error_format(&errors.items[i], line, sizeof(line)));
}

int password_edit_commit(const PasswordEdit *edit, const char *format, ...)
{
        const char *instance = edit->order->instance;
        int status = write_file(edit);
        va_list arguments;

        if (status != EXIT_DONE)
                return status;
        printf("%s: ", edit->order->path);
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
        printf("\nIt holds after a reload of the broker:  systemctl reload hawker%s%s\n",
               instance ? "@" : "", instance ? instance : "");
        warn(edit->order);
        return EXIT_DONE;
}
