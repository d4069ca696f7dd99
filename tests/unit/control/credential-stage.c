/* SPDX-License-Identifier: Apache-2.0 */

/* A service for the tests of its TLS files. */
#include "credential-stage.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "control/credential-copies.h"
#include "control/credential-import.h"

const char *stage_at(const char *folder, const char *name)
{
        static char ring[8][400];
        static unsigned next;
        char *path = ring[next++ % G_N_ELEMENTS(ring)];

        g_snprintf(path, sizeof(ring[0]), "%s/%s", folder, name);
        return path;
}

void stage_put(const char *path, const char *text)
{
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_chmod(path, 0600);
}

void stage_put_pair(const Stage *stage, const Certificate *certificate, const Certificate *key)
{
        const char *made = stage_at(stage->files, "new.pem");

        /* Whoever looks finds a key, and one that is locked. */
        certificate_write(made, certificate, NULL);
        g_assert_cmpint(g_rename(made, stage_at(stage->files, "cert.pem")), ==, 0);
        certificate_write_key(made, key);
        g_assert_cmpint(g_chmod(made, 0600), ==, 0);
        g_assert_cmpint(g_rename(made, stage_at(stage->files, "key.pem")), ==, 0);
}

void stage_init(Stage *stage)
{
        *stage = (Stage){
                .one = certificate_make(&(CertificateOrder){.subject = "CN=one"}),
                .two = certificate_make(&(CertificateOrder){.subject = "CN=two"}),
        };
        stage->folder = g_dir_make_tmp("hawker-XXXXXX", NULL);
        g_chmod(stage->folder, 0755);
        stage->files = g_build_filename(stage->folder, "files", NULL);
        stage->run = g_build_filename(stage->folder, "run", NULL);
        stage->copies = g_build_filename(stage->run, "tls", NULL);
        g_mkdir(stage->files, 0700);
        g_mkdir(stage->run, 0755);
        if (geteuid() == 0)
                g_assert_cmpint(chown(stage->run, NOBODY, NOBODY), ==, 0);
        g_setenv("RUNTIME_DIRECTORY", stage->run, TRUE);
        stage_put_pair(stage, &stage->one, &stage->one);
}

void stage_done(Stage *stage)
{
        const char *words[] = {"rm", "-rf", stage->folder, NULL};

        g_assert_true(g_spawn_sync(NULL, (char **)words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                                   NULL, NULL, NULL, NULL));
        g_unsetenv("RUNTIME_DIRECTORY");
        certificate_done(&stage->one);
        certificate_done(&stage->two);
        config_errors_done(&stage->errors);
        g_free(stage->folder);
        g_free(stage->files);
        g_free(stage->run);
        g_free(stage->copies);
}

void stage_forget_errors(Stage *stage)
{
        config_errors_done(&stage->errors);
        stage->errors = (ConfigErrors)CONFIG_ERRORS_INIT;
}

/* A listener with the pair, and with more lines. */
Settings *stage_parse(const Stage *stage, const char *more)
{
        g_autofree char *text = g_strdup_printf("listener 8883 127.0.0.1\nallow_anonymous true\n"
                                                "certfile %s/cert.pem\nkeyfile %s/key.pem\n%s",
                                                stage->files, stage->files, more);
        ConfigErrors errors = CONFIG_ERRORS_INIT;
        Settings *settings = NULL;

        g_assert_cmpint(settings_parse(&(SettingsSource){.file = "test.conf"}, text, strlen(text),
                                       &settings, &errors),
                        ==, 0);
        config_errors_done(&errors);
        return settings;
}

int stage_import_with(Stage *stage, const char *more)
{
        _cleanup_(settings_unrefp) Settings *settings = stage_parse(stage, more);

        stage_forget_errors(stage);
        return credentials_import(settings, stage->run, &stage->errors);
}

int stage_import(Stage *stage)
{
        return stage_import_with(stage, "");
}

char *stage_copy_of(const Stage *stage, const char *name)
{
        g_autofree char *file = NULL;

        g_assert_cmpint(credential_copy_name(stage_at(stage->files, name), &file), ==, 0);
        return g_build_filename(stage->copies, file, NULL);
}

bool stage_is_same(const char *a, const char *b)
{
        g_autofree char *first = NULL, *second = NULL;

        g_assert_true(g_file_get_contents(a, &first, NULL, NULL));
        return g_file_get_contents(b, &second, NULL, NULL) && strcmp(first, second) == 0;
}

bool stage_is_copied(const Stage *stage, const char *name)
{
        g_autofree char *copy = stage_copy_of(stage, name);

        return stage_is_same(stage_at(stage->files, name), copy);
}

unsigned stage_entries_of(const char *folder)
{
        GDir *dir = g_dir_open(folder, 0, NULL);
        unsigned n = 0;

        while (dir && g_dir_read_name(dir))
                n++;
        if (dir)
                g_dir_close(dir);
        return n;
}

void stage_assert_told(const Stage *stage, unsigned line, const char *words)
{
        g_assert_cmpuint(stage->errors.n_items, >, 0);
        g_assert_cmpuint(stage->errors.items[0].line, ==, line);
        g_assert_nonnull(strstr(stage->errors.items[0].text, words));
}
