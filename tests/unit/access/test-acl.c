/* SPDX-License-Identifier: Apache-2.0 */

/* An ACL file, whole. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "access/acl.h"

typedef struct Attempt {
        Acl *acl;
        ConfigErrors errors;
        char *path;
        int result;
} Attempt;

static void attempt_with(Attempt *attempt, const char *text, const AclOptions *options)
{
        int fd;

        *attempt = (Attempt){};
        fd = g_file_open_tmp("hawker-XXXXXX", &attempt->path, NULL);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
        g_assert_cmpint(fchmod(fd, 0600), ==, 0);
        close(fd);
        attempt->result = acl_load(attempt->path, options, &attempt->errors, &attempt->acl);
}

static void attempt_text(Attempt *attempt, const char *text)
{
        attempt_with(attempt, text, &(AclOptions){});
}

static void attempt_done(Attempt *attempt)
{
        acl_unref(attempt->acl);
        config_errors_done(&attempt->errors);
        g_unlink(attempt->path);
        g_free(attempt->path);
}

/* NULL is anonymous. */
static AclSubject subject_of(const char *user, const char *client_id)
{
        return (AclSubject){bytes_from_string(user), bytes_from_string(client_id)};
}

static bool may(const Attempt *attempt, const char *user, unsigned access, const char *topic)
{
        AclSubject subject = subject_of(user, "c1");
        const AclUser *of = acl_find(attempt->acl, subject.username);
        bool allowed = acl_allows(attempt->acl, of, &subject, access, bytes_from_string(topic));
        bool is_pattern;
        const AclRule *rule =
                acl_explain(attempt->acl, &subject, access, bytes_from_string(topic), &is_pattern);

        /* What people are told is what is done. */
        g_assert_cmpint(rule && !(rule->bits & ACL_DENY), ==, allowed);
        return allowed;
}

static void test_lists(void)
{
        Attempt attempt;

        attempt_text(&attempt, "# for all who do not say who they are\n"
                               "topic read news/#\n"
                               "\n"
                               "user alice\r\n"
                               "topic house/#\n"
                               "topic deny house/safe\n"
                               "topic write log\n"
                               "user two words\n"
                               "topic readwrite with blank/+ \n"
                               "pattern write dev/%c/#\n"
                               "pattern deny house/%u/private\n"
                               "user alice\n"
                               "\ttopic read more\n");
        g_assert_cmpint(attempt.result, ==, 0);
        g_assert_cmpuint(attempt.errors.n_items, ==, 0);

        g_assert_true(may(&attempt, NULL, ACL_READ, "news/today"));
        g_assert_false(may(&attempt, NULL, ACL_WRITE, "news/today"));
        g_assert_false(may(&attempt, "alice", ACL_READ, "news/today"));
        g_assert_false(may(&attempt, "bob", ACL_READ, "news/today"));
        g_assert_true(may(&attempt, "alice", ACL_WRITE, "house/door"));
        g_assert_false(may(&attempt, "alice", ACL_READ, "house/safe"));
        g_assert_false(may(&attempt, "alice", ACL_WRITE, "house/safe"));
        g_assert_true(may(&attempt, "alice", ACL_WRITE, "log"));
        g_assert_false(may(&attempt, "alice", ACL_READ, "log"));
        g_assert_true(may(&attempt, "alice", ACL_READ, "more"));
        g_assert_true(may(&attempt, "two words", ACL_READ, "with blank/x"));
        /* Patterns are for all, behind the user's own rules. */
        g_assert_true(may(&attempt, NULL, ACL_WRITE, "dev/c1/x"));
        g_assert_true(may(&attempt, "bob", ACL_WRITE, "dev/c1"));
        g_assert_false(may(&attempt, "bob", ACL_READ, "dev/c1/x"));
        g_assert_false(may(&attempt, "bob", ACL_WRITE, "dev/c2/x"));
        g_assert_true(may(&attempt, "alice", ACL_READ, "house/alice/private"));
        attempt_done(&attempt);
}

/* CVE-2018-12550 */
static void test_empty(void)
{
        static const char *const texts[] = {"", "# nothing\n", "\n\n"};

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                Attempt attempt;

                attempt_text(&attempt, texts[i]);
                g_assert_cmpint(attempt.result, ==, 0);
                g_assert_false(may(&attempt, NULL, ACL_READ, "a"));
                g_assert_false(may(&attempt, "alice", ACL_WRITE, "a"));
                attempt_done(&attempt);
        }
}

static void test_special(void)
{
        Attempt attempt;

        attempt_text(&attempt, "user a\ntopic #\nuser b\ntopic read $SYS/broker/#\npattern read "
                               "%c/#\n");
        g_assert_false(may(&attempt, "a", ACL_READ, "$SYS/broker/uptime"));
        g_assert_true(may(&attempt, "b", ACL_READ, "$SYS/broker/uptime"));
        g_assert_false(may(&attempt, "b", ACL_READ, "a"));
        attempt_done(&attempt);
}

/* CVE-2017-7650 */
static void test_wildcards_in_names(void)
{
        static const char *const names[] = {"+", "#", "a+b"};
        Attempt attempt;

        attempt_text(&attempt, "pattern readwrite %c/x\npattern read %u/x\npattern read open/#\n"
                               "user +\ntopic own\n");
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                AclSubject by_id = subject_of(NULL, names[i]);

                g_assert_false(acl_allows(attempt.acl, acl_find(attempt.acl, by_id.username),
                                          &by_id, ACL_READ, BYTES_LITERAL("open/x")));
                g_assert_cmpint(acl_allows_filter(attempt.acl,
                                                  acl_find(attempt.acl, by_id.username), &by_id,
                                                  BYTES_LITERAL("open/x")),
                                ==, ACL_APART);
                g_assert_false(may(&attempt, names[i], ACL_READ, "open/x"));
        }
        g_assert_true(may(&attempt, "+", ACL_READ, "own"));
        g_assert_true(may(&attempt, "alice", ACL_READ, "open/x"));
        attempt_done(&attempt);
}

static void test_loose(void)
{
        Attempt strict, loose;

        attempt_text(&strict, "pattern d-%c/#\n");
        g_assert_cmpuint(strict.errors.n_items, ==, 1);
        g_assert_cmpint(strict.errors.items[0].severity, ==, CONFIG_WARNING);
        g_assert_nonnull(strstr(strict.errors.items[0].text, "acl_pattern_match"));
        g_assert_false(may(&strict, NULL, ACL_READ, "d-c1/x"));
        attempt_done(&strict);

        attempt_with(&loose, "pattern a/%c\npattern d-%c/#\npattern deny d-%c/no\n",
                     &(AclOptions){.is_loose = true});
        g_assert_cmpuint(loose.errors.n_items, ==, 0);
        g_assert_true(may(&loose, NULL, ACL_READ, "d-c1/x"));
        g_assert_true(may(&loose, NULL, ACL_READ, "a/c1"));
        g_assert_false(may(&loose, NULL, ACL_READ, "d-c1/no"));
        attempt_done(&loose);
}

static void test_refused(void)
{
        static const struct {
                const char *text, *what;
                unsigned line;
        } cases[] = {
                {"topic a\nallow b\n", "user, topic or pattern", 2},
                {"topic\n", "no topic filter", 1},
                {"user\n", "no user name", 1},
                {"topic foo bar\n", "read, write, readwrite or deny", 1},
                {"\ntopic read a/#/b\n", "not valid", 2},
                {"pattern write a+\n", "not valid", 1},
                {"topic read \xff\n", "UTF-8", 1},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Attempt attempt;

                attempt_text(&attempt, cases[i].text);
                g_test_message("case %zu", i);
                g_assert_cmpint(attempt.result, ==, -EINVAL);
                g_assert_cmpuint(attempt.errors.n_errors, ==, 1);
                g_assert_cmpuint(attempt.errors.items[0].line, ==, cases[i].line);
                g_assert_cmpstr(attempt.errors.items[0].file, ==, attempt.path);
                g_assert_nonnull(strstr(attempt.errors.items[0].text, cases[i].what));
                attempt_done(&attempt);
        }
}

static void test_warnings(void)
{
        Attempt attempt;

        attempt_text(&attempt, "topic read $share/g/a\n");
        g_assert_cmpint(attempt.result, ==, 0);
        g_assert_cmpuint(attempt.errors.n_items, ==, 1);
        g_assert_cmpint(chmod(attempt.path, 0644), ==, 0);
        acl_unref(attempt.acl);
        g_assert_cmpint(acl_load(attempt.path, &(AclOptions){}, &attempt.errors, &attempt.acl), ==,
                        0);
        g_assert_cmpuint(attempt.errors.n_items, ==, 3);
        g_assert_nonnull(strstr(attempt.errors.items[1].text, "chmod o="));
        attempt_done(&attempt);
}

static void test_filters(void)
{
        static const struct {
                const char *user, *filter;
                AclRelation relation;
                unsigned allowing, denying; /* lines; 0: none */
        } cases[] = {
                {"whole", "#", ACL_COVERS, 2, 0},
                {"whole", "a/b", ACL_COVERS, 2, 0},
                {"whole", "$SYS/#", ACL_APART, 0, 0},
                {"part", "#", ACL_OVERLAPS, 4, 0},
                {"part", "a/#", ACL_COVERS, 4, 0},
                {"part", "a/+/x", ACL_COVERS, 4, 0},
                {"part", "b", ACL_APART, 0, 0},
                {"part", "+", ACL_OVERLAPS, 4, 0},
                {"writer", "a/#", ACL_APART, 0, 0},
                {"but", "#", ACL_OVERLAPS, 8, 9},
                {"but", "no/x", ACL_APART, 0, 9},
                {"but", "no/#", ACL_APART, 0, 9},
                {"but", "yes/#", ACL_COVERS, 8, 0},
                {"stranger", "own/stranger", ACL_COVERS, 10, 0},
                {"stranger", "own/+", ACL_OVERLAPS, 10, 0},
                {"stranger", "x", ACL_APART, 0, 0},
                {"but", "own/but", ACL_COVERS, 8, 0},
                /* Of those that say the same the first. */
                {"wide", "a/b", ACL_COVERS, 12, 0},
                {"narrow", "a/b", ACL_COVERS, 15, 0},
                {"narrow", "c/+", ACL_APART, 0, 17},
        };
        Attempt attempt;

        attempt_text(&attempt, "user whole\ntopic read #\nuser part\ntopic a/#\nuser writer\n"
                               "topic write a/#\nuser but\ntopic #\ntopic deny no/#\n"
                               "pattern read own/%u\n"
                               "user wide\ntopic #\ntopic a/b\n"
                               "user narrow\ntopic a/b\ntopic #\ntopic deny c/+\ntopic deny c/#\n");
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                AclSubject subject = subject_of(cases[i].user, "c1");
                AclReasons reasons;

                g_test_message("%s: %s", cases[i].user, cases[i].filter);
                g_assert_cmpint(acl_allows_filter(attempt.acl,
                                                  acl_find(attempt.acl, subject.username), &subject,
                                                  bytes_from_string(cases[i].filter)),
                                ==, cases[i].relation);
                g_assert_cmpint(acl_explain_filter(attempt.acl, &subject,
                                                   bytes_from_string(cases[i].filter), &reasons),
                                ==, cases[i].relation);
                g_assert_cmpuint(reasons.allowing ? reasons.allowing->line : 0, ==,
                                 cases[i].allowing);
                g_assert_cmpuint(reasons.denying ? reasons.denying->line : 0, ==, cases[i].denying);
        }
        attempt_done(&attempt);
}

static void test_lines(void)
{
        static const char *const lines[] = {"# first",          "", "user a",
                                            "\ttopic read  x ", "", "topic y"};
        Attempt attempt;

        attempt_text(&attempt, "# first\n\nuser a\n\ttopic read  x \n\ntopic y");
        for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
                Bytes line = acl_line(attempt.acl, i + 1);

                g_assert_cmpmem(line.data, line.length, lines[i], strlen(lines[i]));
        }
        attempt_done(&attempt);
}

/* --- many rules, against a look at each --- */

static const char *const levels[] = {"a", "b", "cc", "%c", "%u", "+", "$x", ""};

static char *random_filter(GRand *rand)
{
        GString *text = g_string_new(NULL);
        int depth = g_rand_int_range(rand, 1, 5);

        for (int i = 0; i < depth; i++)
                g_string_append_printf(text, "%s%s", i > 0 ? "/" : "",
                                       levels[g_rand_int_range(rand, 0, 8)]);
        if (g_rand_int_range(rand, 0, 4) == 0)
                g_string_append(text, "/#");
        if (text->len == 0)
                g_string_append(text, "#");
        return g_string_free(text, FALSE);
}

static char *random_topic(GRand *rand)
{
        static const char *const values[] = {"a", "b", "cc", "c1", "alice", "z", "$x", ""};
        GString *text = g_string_new(NULL);
        int depth = g_rand_int_range(rand, 1, 6);

        for (int i = 0; i < depth; i++)
                g_string_append_printf(text, "%s%s", i > 0 ? "/" : "",
                                       values[g_rand_int_range(rand, 0, 8)]);
        if (text->len == 0)
                g_string_append(text, "a");
        return g_string_free(text, FALSE);
}

static char *random_file(GRand *rand, int n)
{
        static const char *const accesses[] = {"read", "write", "readwrite", "deny"};
        GString *text = g_string_new("user alice\n");

        for (int i = 0; i < n; i++) {
                g_autofree char *filter = random_filter(rand);
                bool is_deny = g_rand_int_range(rand, 0, 8) == 0;

                g_string_append_printf(
                        text, "%s %s %s\n", g_rand_boolean(rand) ? "topic" : "pattern",
                        accesses[is_deny ? 3 : g_rand_int_range(rand, 0, 3)], filter);
        }
        return g_string_free(text, FALSE);
}

static void test_model(void)
{
        g_autoptr(GRand) rand = g_rand_new_with_seed(20);
        unsigned n_allowed = 0, n_asked = 0;

        for (int round = 0; round < 300; round++) {
                g_autofree char *text = random_file(rand, g_rand_int_range(rand, 0, 30));
                Attempt attempt;

                attempt_with(&attempt, text, &(AclOptions){.is_loose = round % 3 == 0});
                g_assert_cmpint(attempt.result, ==, 0);
                for (int i = 0; i < 50; i++) {
                        g_autofree char *topic = random_topic(rand);

                        /* may() compares with acl_explain(), which looks at each rule. */
                        n_allowed += may(&attempt, i % 2 ? "alice" : NULL,
                                         i % 3 ? ACL_READ : ACL_WRITE, topic);
                        n_asked++;
                }
                attempt_done(&attempt);
        }
        g_assert_cmpuint(n_allowed, >, n_asked / 10);
        g_assert_cmpuint(n_allowed, <, n_asked * 9 / 10);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/access/acl/lists", test_lists);
        g_test_add_func("/access/acl/empty-file-denies-all", test_empty);
        g_test_add_func("/access/acl/dollar-topics-need-dollar-rules", test_special);
        g_test_add_func("/access/acl/wildcards-in-names", test_wildcards_in_names);
        g_test_add_func("/access/acl/loose-patterns", test_loose);
        g_test_add_func("/access/acl/refused-with-line", test_refused);
        g_test_add_func("/access/acl/warnings", test_warnings);
        g_test_add_func("/access/acl/filters", test_filters);
        g_test_add_func("/access/acl/lines", test_lines);
        g_test_add_func("/access/acl/tree-as-each-rule", test_model);
        return g_test_run();
}
