/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl passwd: the users of a password file. */
#include <stdio.h>
#include <string.h>

#include "admin/passwd.h"
#include "util/macro.h"

#define SEEN                                                                                       \
        "a password on the command line is seen by everybody on this machine: --stdin reads it "   \
        "from standard input"

static const struct {
        const char *name;
        PasswordScheme scheme;
} schemes[] = {
        {"argon2id", PASSWORD_ARGON2ID},
        {"pbkdf2", PASSWORD_PBKDF2_SHA512},
        {"scram-sha-256", PASSWORD_SCRAM_SHA_256},
        {"scram-sha-512", PASSWORD_SCRAM_SHA_512},
};

/* What can be done, by the option that asks for it. */
static const struct {
        int option;
        const char *name;
        bool has_user;
        int (*run)(const PasswdOrder *order);
} deeds[] = {
        {0, NULL, true, passwd_set},           {'D', "delete", true, passwd_delete},
        {'V', "verify", true, passwd_verify},  {'B', "batch", false, passwd_batch},
        {'U', "rehash", false, passwd_rehash},
};

static bool find_scheme(const char *name, PasswordScheme *ret_scheme)
{
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (strcmp(schemes[i].name, name) == 0) {
                        *ret_scheme = schemes[i].scheme;
                        return true;
                }
        return false;
}

/* The deed is what an option has named, 0 for none. -1: go on. */
static int parse(const Command *command, PasswdOrder *order, int *deed)
{
        const char *hash = command_value(command, "hash");

        if (command_has(command, "b")) /* of mosquitto_passwd */
                return command_usage(command, "%s", SEEN);
        if (hash && !find_scheme(hash, &order->scheme))
                return command_usage(command, "--hash is argon2id, pbkdf2, scram-sha-256 or "
                                              "scram-sha-512");
        order->create = command_has(command, "create");
        order->from_stdin = command_has(command, "stdin");
        for (size_t i = 1; i < ARRAY_SIZE(deeds); i++) {
                if (!command_has(command, deeds[i].name))
                        continue;
                if (*deed != 0)
                        return command_usage(command, "one thing at a time");
                *deed = deeds[i].option;
        }
        return -1;
}

static const char *find_fault(const PasswdOrder *order, int deed, int n)
{
        if (order->create && (deed == 'D' || deed == 'V' || deed == 'U'))
                return "--create goes with users that are added";
        if (order->from_stdin && deed != 0 && deed != 'V')
                return "--stdin goes with the password of one user";
        if (n == 3 && deed == 0)
                return SEEN;
        return NULL;
}

int verb_passwd(const Command *command)
{
        PasswdOrder order = {.instance = command->instance, .scheme = PASSWORD_ARGON2ID};
        int deed = 0, n, status;
        const char *fault;

        status = parse(command, &order, &deed);
        if (status >= 0)
                return status;
        n = (int)command->n_words;
        fault = find_fault(&order, deed, n);
        if (fault)
                return command_usage(command, "%s", fault);
        for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
                if (deeds[i].option != deed)
                        continue;
                if (n != (deeds[i].has_user ? 2 : 1))
                        return command_usage(command, "%s",
                                             deeds[i].has_user ? "it takes a FILE and a USER"
                                                               : "it takes a FILE");
                order.path = command->words[0];
                order.user = deeds[i].has_user ? command->words[1] : NULL;
                return deeds[i].run(&order);
        }
        return EXIT_USAGE;
}
