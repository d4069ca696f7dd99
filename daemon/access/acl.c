/* SPDX-License-Identifier: Apache-2.0 */

/* An ACL file, whole. */

#include "access/acl.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "access/acl-file.h"
#include "access/acl-list.h"
#include "util/hashmap.h"
#include "util/secret-file.h"
#include "util/siphash.h"

struct AclUser {
        Bytes name; /* lies in the file */
        AclList list;
};

struct Acl {
        atomic_uint references;
        SecretFile file;
        AclOptions options;
        Hashmap users;
        AclUser anonymous;
        AclList patterns;
};

/* What goes along while a file is read. */
typedef struct Load {
        const char *path;
        const AclOptions *options;
        ConfigErrors *errors;
        Acl *acl;
        AclUser *user; /* whose rules follow */
} Load;

static bool is_name_of(const void *entry, Bytes name)
{
        return bytes_equal(((const AclUser *)entry)->name, name);
}

static uint64_t hash_of(Bytes name)
{
        return hash_bytes(name.data, name.length);
}

/* --- read --- */

static int begin_user(Load *load, Bytes name)
{
        uint64_t hash = hash_of(name);
        AclUser *user = hashmap_find(&load->acl->users, hash, name);
        int r;

        if (!user) {
                user = calloc(1, sizeof(*user));
                if (!user)
                        return -ENOMEM;
                user->name = name;
                r = hashmap_add(&load->acl->users, hash, user);
                if (r < 0) {
                        free(user);
                        return r;
                }
        }
        load->user = user;
        return 0;
}

static int add_pattern(Load *load, AclRule *rule)
{
        bool has_inner = acl_filter_has_inner_word(rule->filter);

        rule->is_loose = load->options->is_loose;
        if (has_inner && !rule->is_loose &&
            config_errors_add(load->errors, CONFIG_WARNING, load->path, rule->line,
                              "%%c and %%u count only where they are a whole level (Mosquitto 2.0 "
                              "replaced them everywhere: acl_pattern_match compat)") < 0)
                return -ENOMEM;
        return acl_list_add(&load->acl->patterns, rule);
}

/* 0, -EINVAL (said), or -ENOMEM. */
static int add_line(Load *load, Bytes text, unsigned number)
{
        const char *why;
        AclLine line;

        if (acl_line_parse(text, &line, &why) < 0) {
                config_errors_add(load->errors, CONFIG_ERROR, load->path, number, "%s", why);
                return -EINVAL;
        }
        if (line.warning && config_errors_add(load->errors, CONFIG_WARNING, load->path, number,
                                              "%s", line.warning) < 0)
                return -ENOMEM;
        line.rule.line = number;
        if (line.kind == ACL_LINE_USER)
                return begin_user(load, line.user);
        if (line.kind == ACL_LINE_TOPIC)
                return acl_list_add(&load->user->list, &line.rule);
        return line.kind == ACL_LINE_PATTERN ? add_pattern(load, &line.rule) : 0;
}

/* All lines are looked at, to show every problem at once. */
static int add_lines(Load *load)
{
        const uint8_t *at = load->acl->file.data, *end = at + load->acl->file.size;
        unsigned number = 1;
        int result = 0;

        for (; at < end; number++) {
                const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
                const uint8_t *stop = newline ? newline : end;
                int r = add_line(load, (Bytes){at, (size_t)(stop - at)}, number);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
                at = stop + 1;
        }
        return result;
}

static int finish(Acl *acl)
{
        AclUser *user;
        int r = acl_list_finish(&acl->patterns);

        if (r == 0)
                r = acl_list_finish(&acl->anonymous.list);
        hashmap_foreach (&acl->users, i, user) {
                if (r == 0)
                        r = acl_list_finish(&user->list);
        }
        return r;
}

static int load_file(Load *load)
{
        int r = secret_file_read(load->path, &load->acl->file);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                config_errors_add(load->errors, CONFIG_ERROR, load->path, 0,
                                  "It cannot be read: %s", strerror(-r));
                return -EINVAL;
        }
        if (secret_file_is_open(&load->acl->file) &&
            config_errors_add(load->errors, CONFIG_WARNING, load->path, 0,
                              "Other users of this machine may read it: chmod o= %s",
                              load->path) < 0)
                return -ENOMEM;
        r = add_lines(load);
        return r == 0 ? finish(load->acl) : r;
}

int acl_load(const char *path, const AclOptions *options, ConfigErrors *errors, Acl **ret_acl)
{
        _cleanup_(acl_unrefp) Acl *acl = calloc(1, sizeof(*acl));
        Load load = {.path = path, .options = options, .errors = errors, .acl = acl};
        int r;

        if (!acl)
                return -ENOMEM;
        atomic_init(&acl->references, 1);
        hashmap_init(&acl->users, is_name_of);
        acl->patterns.is_pattern = true;
        acl->options = *options;
        load.user = &acl->anonymous;
        r = load_file(&load);
        if (r < 0)
                return r;
        *ret_acl = TAKE_PTR(acl);
        return 0;
}

Acl *acl_ref(Acl *acl)
{
        if (acl)
                atomic_fetch_add_explicit(&acl->references, 1, memory_order_relaxed);
        return acl;
}

Acl *acl_unref(Acl *acl)
{
        AclUser *user;

        if (!acl || atomic_fetch_sub_explicit(&acl->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        hashmap_foreach (&acl->users, i, user) {
                acl_list_done(&user->list);
                free(user);
        }
        hashmap_done(&acl->users);
        acl_list_done(&acl->anonymous.list);
        acl_list_done(&acl->patterns);
        secret_file_done(&acl->file);
        free(acl);
        return NULL;
}

bool acl_equal(const Acl *a, const Acl *b)
{
        if (!a || !b)
                return a == b;
        return a->options.is_loose == b->options.is_loose && a->file.size == b->file.size &&
               memcmp(a->file.data, b->file.data, a->file.size) == 0;
}

const AclUser *acl_find(const Acl *acl, Bytes username)
{
        if (!username.data)
                return &acl->anonymous;
        return hashmap_find(&acl->users, hash_of(username), username);
}

/* --- topics --- */

/* A name that a pattern would turn into a wildcard gets nothing from patterns. */
static bool may_use_patterns(const Acl *acl, const AclSubject *subject)
{
        return acl->patterns.n > 0 && !acl_name_is_wild(subject->client_id) &&
               !acl_name_is_wild(subject->username);
}

bool acl_allows(const Acl *acl, const AclUser *of, const AclSubject *subject, unsigned access,
                Bytes topic)
{
        unsigned bits;

        if (of) {
                bits = acl_list_check(&of->list, subject, access, topic);
                if (bits)
                        return !(bits & ACL_DENY);
        }
        if (!may_use_patterns(acl, subject))
                return false;
        bits = acl_list_check(&acl->patterns, subject, access, topic);
        return bits && !(bits & ACL_DENY);
}

/* --- filters --- */

/* What both lists say together; the rules are those of the answer. */
static AclVerdict judge_filter(const Acl *acl, const AclUser *of, const AclSubject *subject,
                               Bytes filter)
{
        AclVerdict own = {ACL_APART, ACL_APART, NULL, NULL}, general = own;

        if (of)
                own = acl_list_relate(&of->list, subject, filter);
        if (own.denied == ACL_COVERS)
                return (AclVerdict){ACL_APART, ACL_COVERS, NULL, own.denying};
        if (own.allowed == ACL_COVERS && own.denied == ACL_APART)
                return own;
        if (may_use_patterns(acl, subject))
                general = acl_list_relate(&acl->patterns, subject, filter);
        if (general.denied == ACL_COVERS)
                general.allowed = ACL_APART;
        if (general.allowed == ACL_COVERS && own.denied == ACL_APART && general.denied == ACL_APART)
                return general;
        if (own.allowed == ACL_APART && general.allowed == ACL_APART)
                return (AclVerdict){ACL_APART, general.denied, NULL,
                                    general.denied == ACL_COVERS ? general.denying : NULL};
        return (AclVerdict){
                .allowed = ACL_OVERLAPS,
                .denied = MAX(own.denied, general.denied),
                .allowing = own.allowed != ACL_APART ? own.allowing : general.allowing,
                .denying = own.denying ? own.denying : general.denying,
        };
}

AclRelation acl_allows_filter(const Acl *acl, const AclUser *of, const AclSubject *subject,
                              Bytes filter)
{
        return judge_filter(acl, of, subject, filter).allowed;
}

/* --- for people --- */

const AclRule *acl_explain(const Acl *acl, const AclSubject *subject, unsigned access, Bytes topic,
                           bool *ret_is_pattern)
{
        const AclUser *of = acl_find(acl, subject->username);
        const AclRule *rule = of ? acl_list_explain(&of->list, subject, access, topic) : NULL;

        *ret_is_pattern = false;
        if (rule || !may_use_patterns(acl, subject))
                return rule;
        rule = acl_list_explain(&acl->patterns, subject, access, topic);
        *ret_is_pattern = rule;
        return rule;
}

AclRelation acl_explain_filter(const Acl *acl, const AclSubject *subject, Bytes filter,
                               AclReasons *ret_reasons)
{
        AclVerdict verdict = judge_filter(acl, acl_find(acl, subject->username), subject, filter);

        *ret_reasons = (AclReasons){verdict.allowing, verdict.denying};
        return verdict.allowed;
}

Bytes acl_line(const Acl *acl, unsigned number)
{
        const uint8_t *at = acl->file.data, *end = at + acl->file.size;
        const uint8_t *newline;

        while (number-- > 1 && (newline = memchr(at, '\n', (size_t)(end - at))))
                at = newline + 1;
        newline = memchr(at, '\n', (size_t)(end - at));
        return (Bytes){at, (size_t)((newline ? newline : end) - at)};
}
