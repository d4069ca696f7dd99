/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl passwd: the users of a password file. */
#include <getopt.h>
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
        bool has_user;
        int (*run)(const PasswdOrder *order);
} deeds[] = {
        {0, true, passwd_set},      {'D', true, passwd_delete},  {'V', true, passwd_verify},
        {'B', false, passwd_batch}, {'U', false, passwd_rehash},
};

static const struct option options[] = {
        {"batch", no_argument, NULL, 'B'},
        {"create", no_argument, NULL, 'c'},
        {"delete", no_argument, NULL, 'D'},
        {"hash", required_argument, NULL, 'H'},
        {"help", no_argument, NULL, 'h'},
        {"rehash", no_argument, NULL, 'U'},
        {"stdin", no_argument, NULL, 's'},
        {"verify", no_argument, NULL, 'V'},
        {},
};

static int print_help(void)
{
        puts("Usage: hawkerctl passwd [OPTION]... FILE USER       set a password, asked for twice\n"
             "       hawkerctl passwd --delete FILE USER\n"
             "       hawkerctl passwd --verify FILE USER        is it the password?\n"
             "       hawkerctl passwd --batch FILE              set USER:PASSWORD lines of "
             "standard input\n"
             "       hawkerctl passwd --rehash FILE             hash what is in plain text\n"
             "\n"
             "  -c, --create      make the file, which must not be there yet\n"
             "  -H, --hash NAME   argon2id (the default); pbkdf2, which Mosquitto 2.0 reads "
             "too;\n"
             "                    scram-sha-256 or scram-sha-512, for logins without a password\n"
             "      --stdin       read the password from standard input, one line\n"
             "  -D, --delete      -U, --rehash    as above\n"
             "  -h, --help        print this");
        return EXIT_DONE;
}

static int usage(const char *what)
{
        fprintf(stderr, "hawkerctl: passwd: %s\nTry 'hawkerctl passwd --help'.\n", what);
        return EXIT_USAGE;
}

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
        int option;

        optind = 0;
        while ((option = getopt_long(command->argc, command->argv, "bcDH:hU", options, NULL)) !=
               -1) {
                if (option == 'h')
                        return print_help();
                if (option == '?') {
                        fputs("Try 'hawkerctl passwd --help'.\n", stderr);
                        return EXIT_USAGE;
                }
                if (option == 'b') /* of mosquitto_passwd */
                        return usage(SEEN);
                if (option == 'H' && !find_scheme(optarg, &order->scheme))
                        return usage("--hash is argon2id, pbkdf2, scram-sha-256 or scram-sha-512");
                order->create |= option == 'c';
                order->from_stdin |= option == 's';
                if (!strchr("cHs", option)) {
                        if (*deed != 0 && *deed != option)
                                return usage("one thing at a time");
                        *deed = option;
                }
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
        n = command->argc - optind;
        fault = find_fault(&order, deed, n);
        if (fault)
                return usage(fault);
        for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
                if (deeds[i].option != deed)
                        continue;
                if (n != (deeds[i].has_user ? 2 : 1))
                        return usage(deeds[i].has_user ? "it takes a FILE and a USER"
                                                       : "it takes a FILE");
                order.path = command->argv[optind];
                order.user = deeds[i].has_user ? command->argv[optind + 1] : NULL;
                return deeds[i].run(&order);
        }
        return EXIT_USAGE;
}
