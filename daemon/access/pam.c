/* SPDX-License-Identifier: Apache-2.0 */

/* Accounts of the system. */

#include "access/pam.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mqtt/protocol.h"
#include "util/macro.h"

/* --- the conversation: there is only a password to tell --- */

static void free_replies(struct pam_response *replies, int n)
{
        for (int i = 0; i < n; i++)
                if (replies[i].resp) {
                        explicit_bzero(replies[i].resp, strlen(replies[i].resp));
                        free(replies[i].resp);
                }
        free(replies);
}

static int reply(const struct pam_message *question, const char *password,
                 struct pam_response *answer)
{
        switch (question->msg_style) {
        case PAM_PROMPT_ECHO_OFF:
                answer->resp = strdup(password);
                return answer->resp ? PAM_SUCCESS : PAM_BUF_ERR;
        case PAM_ERROR_MSG:
        case PAM_TEXT_INFO:
                return PAM_SUCCESS;
        default:
                return PAM_CONV_ERR; /* a second factor, a new password: nobody is there to ask */
        }
}

static int converse(int n, const struct pam_message **questions, struct pam_response **ret_replies,
                    void *password)
{
        struct pam_response *replies;
        int r = PAM_SUCCESS;

        if (n <= 0 || n > PAM_MAX_NUM_MSG)
                return PAM_CONV_ERR;
        replies = calloc((size_t)n, sizeof(*replies)); /* free() of the modules takes it */
        if (!replies)
                return PAM_BUF_ERR;
        for (int i = 0; i < n && r == PAM_SUCCESS; i++)
                r = reply(questions[i], password, &replies[i]);
        if (r != PAM_SUCCESS) {
                free_replies(replies, n);
                return r;
        }
        *ret_replies = replies;
        return PAM_SUCCESS;
}

/* Modules ask for seconds after a failure. Here guessing is held up elsewhere; a thread that sleeps
 * would hold up those who know their password. */
static void do_not_wait(int retval, unsigned usec, void *password)
{
}

/* --- the service --- */

/* The folder and the name of a service that is a path. */
static int split_path(const char *service, char **ret_folder, const char **ret_name)
{
        const char *slash = strrchr(service, '/');
        char *folder;

        *ret_name = service;
        *ret_folder = NULL;
        if (!slash)
                return 0;
        folder = strndup(service, slash == service ? 1 : (size_t)(slash - service));
        if (!folder)
                return -ENOMEM;
        *ret_folder = folder;
        *ret_name = slash + 1;
        return 0;
}

int pam_find(const char *service)
{
        static const char *const folders[] = {"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"};
        char path[4096];

        if (strchr(service, '/'))
                return access(service, R_OK) < 0 ? -errno : 0;
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                if (snprintf(path, sizeof(path), "%s/%s", folders[i], service) >= (int)sizeof(path))
                        return -ENAMETOOLONG;
                if (access(path, R_OK) == 0)
                        return 0;
                if (errno != ENOENT && errno != ENOTDIR)
                        return -errno;
        }
        return -ENOENT;
}

/* --- a login --- */

static int to_reason(int result)
{
        switch (result) {
        case PAM_SUCCESS:
                return 0;
        case PAM_BUF_ERR:
                return -ENOMEM;
        case PAM_AUTH_ERR:
        case PAM_USER_UNKNOWN:
        case PAM_MAXTRIES:
        case PAM_CRED_INSUFFICIENT:
        case PAM_CONV_ERR:
        case PAM_SYSTEM_ERR: /* what pam_exec makes of any "no" */
                return REASON_BAD_USER_NAME_OR_PASSWORD;
        case PAM_ACCT_EXPIRED:
        case PAM_NEW_AUTHTOK_REQD:
        case PAM_PERM_DENIED:
        case PAM_CRED_EXPIRED:
        case PAM_AUTHTOK_EXPIRED:
                return REASON_NOT_AUTHORIZED;
        default:
                return REASON_SERVER_UNAVAILABLE;
        }
}

static int ask(pam_handle_t *handle, const char *peer)
{
        const union {
                void (*function)(int retval, unsigned usec, void *data);
                const void *item;
        } delay = {do_not_wait};
        const int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
        int r;

        r = pam_set_item(handle, PAM_FAIL_DELAY, delay.item);
        if (r == PAM_SUCCESS)
                r = pam_set_item(handle, PAM_TTY, "mqtt");
        if (r == PAM_SUCCESS && peer)
                r = pam_set_item(handle, PAM_RHOST, peer);
        if (r == PAM_SUCCESS)
                r = pam_authenticate(handle, flags);
        if (r == PAM_SUCCESS)
                r = pam_acct_mgmt(handle, flags);
        return r;
}

static int check(const PamLogin *login, const char *user, char *password)
{
        const struct pam_conv conversation = {converse, password};
        _cleanup_free_ char *folder = NULL;
        pam_handle_t *handle = NULL;
        const char *name;
        int r;

        r = split_path(login->service, &folder, &name);
        if (r < 0)
                return r;
        r = pam_start_confdir(name, user, &conversation, folder, &handle);
        if (r == PAM_SUCCESS)
                r = ask(handle, login->peer);
        if (handle)
                pam_end(handle, r);
        return to_reason(r);
}

/* PAM has C strings: a zero byte would cut them. */
int pam_check(const PamLogin *login)
{
        _cleanup_free_ uint8_t *user = NULL;
        uint8_t *password = NULL;
        int r;

        if (login->username.length == 0 ||
            memchr(login->username.data, 0, login->username.length) ||
            (login->password.length > 0 && memchr(login->password.data, 0, login->password.length)))
                return REASON_BAD_USER_NAME_OR_PASSWORD;
        if (bytes_duplicate(login->username, &user) < 0 ||
            bytes_duplicate(login->password, &password) < 0)
                return -ENOMEM;
        r = check(login, (const char *)user, (char *)password);
        explicit_bzero(password, login->password.length);
        free(password);
        return r;
}
