/* SPDX-License-Identifier: Apache-2.0 */

/* Passwords and rules for a stage. */

#include "stage-access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of the text, whose name is put into the path. */
static void write_file(const char *text, char *path)
{
        int fd = mkstemp(path);

        stage_must(fd >= 0);
        stage_must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
        close(fd);
}

static Passwords *make_passwords(const char *text)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        char path[] = "/tmp/hawker-stage-XXXXXX";
        Passwords *passwords = NULL;

        if (!text)
                return NULL;
        write_file(text, path);
        stage_must(passwords_load(path, &errors, &passwords) == 0);
        unlink(path);
        return passwords;
}

static Acl *make_acl(const char *text)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        char path[] = "/tmp/hawker-stage-XXXXXX";
        Acl *acl = NULL;

        if (!text)
                return NULL;
        write_file(text, path);
        stage_must(acl_load(path, &(AclOptions){}, &errors, &acl) == 0);
        unlink(path);
        return acl;
}

void stage_police(Stage *stage, const char *passwords, const char *rules)
{
        _cleanup_(passwords_unrefp) Passwords *users = make_passwords(passwords);
        _cleanup_(acl_unrefp) Acl *acl = make_acl(rules);

        access_policy_unref(stage->policy);
        stage_must(access_policy_new(&(AccessParts){.passwords = users, .acl = acl},
                                     &stage->policy) == 0);
        if (list_is_empty(&stage_shard(stage, 0)->connections) && !stage->endpoint->policy)
                stage->endpoint->policy = access_policy_ref(stage->policy);
}

void stage_take_helpers(Stage *stage, size_t max_waiting)
{
        work_pool_free(stage->plane->helpers);
        stage_must(work_pool_new(0, max_waiting, &stage->plane->helpers) == 0);
}

bool helper_turn(Stage *stage)
{
        return work_pool_turn(stage->plane->helpers);
}
