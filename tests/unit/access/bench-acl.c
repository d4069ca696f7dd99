/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a check of rights costs: a file of so many users (default: 10,000) with ten rules each and
 * two patterns, then topics of random users that are allowed by the last rule, by a pattern, and
 * not at all.
 */

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "access/acl.h"

#define ROUNDS 1000000U
#define RULES  10U

static uint64_t cpu_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void write_file(FILE *file, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                fprintf(file, "user user-%u\n", i);
                for (unsigned k = 0; k < RULES; k++)
                        fprintf(file, "topic readwrite site/%u/line/%u/+/state\n", i, k);
        }
        fputs("pattern readwrite device/%c/#\npattern read users/%u/inbox\n", file);
        fflush(file);
}

typedef struct Case {
        const char *name, *head, *tail; /* the user's number is between */
} Case;

static void measure(const Acl *acl, unsigned n, const Case *of)
{
        uint64_t start, used = 0;
        unsigned allowed = 0;

        for (unsigned i = 0; i < ROUNDS; i++) {
                unsigned user = (i * 2654435761U) % n;
                char name[32], topic[64];
                AclSubject subject;
                const AclUser *rules;

                snprintf(name, sizeof(name), "user-%u", user);
                snprintf(topic, sizeof(topic), "%s%u%s", of->head, user, of->tail);
                subject = (AclSubject){bytes_from_string(name), BYTES_LITERAL("client-1")};
                rules = acl_find(acl, subject.username);
                start = cpu_ns();
                for (unsigned k = 0; k < 10; k++)
                        allowed += acl_allows(acl, rules, &subject, ACL_WRITE,
                                              bytes_from_string(topic));
                used += cpu_ns() - start;
                i += 9;
        }
        printf("%-10s %6.1f ns each, %u of %u allowed\n", of->name, (double)used / ROUNDS, allowed,
               ROUNDS);
}

int main(int argc, char **argv)
{
        static const Case cases[] = {
                {"own rule", "site/", "/line/9/pump/state"},
                {"pattern", "device/client-1/", "/state"},
                {"refused", "site/", "/elsewhere/9/pump/state"},
        };
        unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
        char path[] = "/tmp/hawker-acl-XXXXXX";
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        FILE *file = fdopen(mkstemp(path), "w");
        struct mallinfo2 before = mallinfo2(), after;
        uint64_t start;
        Acl *acl;

        if (!file || n == 0)
                return EXIT_FAILURE;
        write_file(file, n);
        start = cpu_ns();
        if (acl_load(path, &(AclOptions){}, &errors, &acl) < 0)
                return EXIT_FAILURE;
        after = mallinfo2();
        printf("%u users, %u rules each: loaded in %.1f ms, %.1f MiB\n", n, RULES,
               (double)(cpu_ns() - start) / 1e6,
               (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / 1048576);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                measure(acl, n, &cases[i]);
        acl_unref(acl);
        config_errors_done(&errors);
        fclose(file);
        unlink(path);
        return EXIT_SUCCESS;
}
