/* SPDX-License-Identifier: Apache-2.0 */

/* What others were told of the listeners, and what has become of them. */
#include <glib.h>
#include <string.h>
#include <sys/un.h>

#include "control/listener-told.h"

/* Listeners by name; `@` before one: at another address. */
typedef struct Stage {
        ListenerSettings settings[4];
        Listener listeners[4];
        Listener *items[4];
        ListenersTold told;
        GString *news;
} Stage;

static void set_address(Listener *listener, const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        strcpy(address.sun_path, path);
        listener->n_sockets = 1;
        memcpy(&listener->sockets[0].address.storage, &address, sizeof(address));
        listener->sockets[0].address.length = sizeof(address);
}

/* Makes these what is, and answers what is told: "+a" new, "-a" gone, "~a" otherwise. */
static const char *tell(Stage *stage, const char *names)
{
        static const char marks[] = {
                [LISTENER_IS_KNOWN] = '?',
                [LISTENER_IS_NEW] = '+',
                [LISTENER_IS_OTHERWISE] = '~',
                [LISTENER_IS_GONE] = '-',
        };
        g_auto(GStrv) words = g_strsplit(names, " ", 4);
        Listeners all = {.items = stage->items};
        ListenerNews news;
        const char *name;

        for (char **word = words; *word && **word; word++) {
                const size_t i = all.n++;

                stage->listeners[i] = (Listener){.of = &stage->settings[i]};
                stage->settings[i].name = **word == '@' ? *word + 1 : *word;
                set_address(&stage->listeners[i], **word == '@' ? "/elsewhere" : "/here");
                stage->items[i] = &stage->listeners[i];
        }
        g_string_truncate(stage->news, 0);
        g_assert_cmpint(listeners_told_update(&stage->told, &all), ==, 0);
        while (listeners_told_next(&stage->told, &name, &news))
                g_string_append_printf(stage->news, "%c%s", marks[news], name);
        return stage->news->str;
}

static void stage_begin(Stage *stage)
{
        *stage = (Stage){.news = g_string_new(NULL)};
}

static void stage_end(Stage *stage)
{
        listeners_told_done(&stage->told);
        g_string_free(stage->news, TRUE);
}

static void each_is_told_once(void)
{
        Stage stage;

        stage_begin(&stage);
        g_assert_cmpstr(tell(&stage, "a b"), ==, "+a+b");
        g_assert_cmpstr(tell(&stage, "a b"), ==, "");
        g_assert_cmpstr(tell(&stage, "b a"), ==, "");
        stage_end(&stage);
}

static void those_that_go_are_told_before_those_that_come(void)
{
        Stage stage;

        stage_begin(&stage);
        tell(&stage, "a b");
        g_assert_cmpstr(tell(&stage, "c b"), ==, "-a+c");
        g_assert_cmpstr(tell(&stage, "a b"), ==, "-c+a");
        g_assert_cmpstr(tell(&stage, ""), ==, "-a-b");
        stage_end(&stage);
}

static void another_address_is_told(void)
{
        Stage stage;

        stage_begin(&stage);
        tell(&stage, "a b");
        g_assert_cmpstr(tell(&stage, "@a b"), ==, "~a");
        g_assert_cmpstr(tell(&stage, "@a b"), ==, "");
        g_assert_cmpstr(tell(&stage, "a b"), ==, "~a");
        stage_end(&stage);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/listener-told/each-is-told-once", each_is_told_once);
        g_test_add_func("/listener-told/those-that-go-are-told-before-those-that-come",
                        those_that_go_are_told_before_those_that_come);
        g_test_add_func("/listener-told/another-address-is-told", another_address_is_told);
        return g_test_run();
}
