/* SPDX-License-Identifier: Apache-2.0 */
/* changes.c: in what two Settings differ, option by option */
#include "config/changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings-build.h"
#include "config/values.h"
#include "util/macro.h"

/* Two objects of one kind: the settings, or with listeners one listener in each. */
typedef struct Pair {
        const Settings *before, *after;
        const ListenerSettings *listener_before, *listener_after;
        bool with_security;
} Pair;

static void change_done(Change *change)
{
        free(change->listener);
        free(change->before);
        free(change->after);
}

void changes_done(Changes *changes)
{
        for (size_t i = 0; i < changes->n; i++)
                change_done(&changes->items[i]);
        free(changes->items);
        *changes = (Changes){};
}

static int make_room(Changes *changes)
{
        size_t n = changes->n_allocated ? changes->n_allocated * 2 : 8;
        Change *items;

        if (changes->n < changes->n_allocated)
                return 0;
        items = realloc(changes->items, n * sizeof *items);
        if (!items)
                return -ENOMEM;
        changes->items = items;
        changes->n_allocated = n;
        return 0;
}

int changes_add(Changes *changes, const Change *change)
{
        Change copy = {.option = change->option, .when = change->when};
        int r;

        r = make_room(changes);
        if (r == 0)
                r = settings_replace(&copy.listener, change->listener);
        if (r == 0)
                r = settings_replace(&copy.before, change->before);
        if (r == 0)
                r = settings_replace(&copy.after, change->after);
        if (r < 0) {
                change_done(&copy);
                return r;
        }
        changes->items[changes->n++] = copy;
        return 0;
}

size_t changes_count(const Changes *changes, OptionChange when)
{
        size_t n = 0;

        for (size_t i = 0; i < changes->n; i++)
                n += changes->items[i].when == when;
        return n;
}

/* --- values as text --- */

/* The name of the file is beside the words. */
static bool is_log_dest(const Option *option)
{
        return strcmp(option->name, "log_dest") == 0;
}

static void write_log_dest(const Option *option, const Settings *settings, FILE *file)
{
        const Value others = {.number = settings->log_dest & ~(unsigned)LOG_TO_FILE};

        if (others.number || !settings->log_file)
                value_write(option, &others, file);
        if (settings->log_file)
                fprintf(file, "%sfile %s", others.number ? " " : "", settings->log_file);
}

/* Of lists, which a file has a line each for, all on one line. */
static void write_list(const char *text, FILE *file)
{
        for (; *text; text++)
                if (*text == '\n')
                        fputs(", ", file);
                else
                        fputc(*text, file);
}

/* *ret_text is NULL for what is unset; the caller frees it. */
static int value_to_text(const Option *option, const Settings *settings,
                         const ListenerSettings *listener, char **ret_text)
{
        const Value value = value_load(option, settings, listener);
        _cleanup_free_ char *text = NULL;
        bool failed;
        size_t n = 0;
        FILE *file;

        *ret_text = NULL;
        if (value_is_unset(option, &value))
                return 0;
        file = open_memstream(&text, &n);
        if (!file)
                return -ENOMEM;
        if (is_log_dest(option))
                write_log_dest(option, settings, file);
        else if (option->flags & OPTION_LIST)
                write_list(value.text, file);
        else
                value_write(option, &value, file);
        failed = ferror(file);
        if (fclose(file) != 0 || failed)
                return -ENOMEM;
        *ret_text = TAKE_PTR(text);
        return 0;
}

/* --- comparison --- */

static bool text_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_equal(const Option *option, const Pair *pair)
{
        const Value a = value_load(option, pair->before, pair->listener_before);
        const Value b = value_load(option, pair->after, pair->listener_after);

        return value_equal(option, &a, &b) &&
               (!is_log_dest(option) || text_equal(pair->before->log_file, pair->after->log_file));
}

static int compare_option(const Option *option, const Pair *pair, Changes *changes)
{
        _cleanup_free_ char *before = NULL, *after = NULL;
        int r;

        if (is_equal(option, pair))
                return 0;
        r = value_to_text(option, pair->before, pair->listener_before, &before);
        if (r == 0)
                r = value_to_text(option, pair->after, pair->listener_after, &after);
        if (r < 0)
                return r;
        return changes_add(changes,
                           &(Change){
                                   pair->listener_after ? pair->listener_after->name : NULL,
                                   option->name,
                                   before,
                                   after,
                                   option->change,
                           });
}

static int compare_pair(const Pair *pair, Changes *changes)
{
        const OptionScope scope = pair->listener_after ? OPTION_LISTENER : OPTION_GLOBAL;
        const Option *option;
        int r = 0;

        for (size_t i = 0; r == 0 && (option = option_at(i)); i++) {
                if (option->size == 0)
                        continue;
                if (option->scope == scope ||
                    (option->scope == OPTION_SECURITY && pair->with_security))
                        r = compare_option(option, pair, changes);
        }
        return r;
}

static bool is_same_place(const ListenerSettings *a, const ListenerSettings *b)
{
        return a->port == b->port && text_equal(a->host, b->host) && text_equal(a->path, b->path);
}

static const ListenerSettings *find_name(const Settings *settings, const char *name)
{
        for (size_t i = 0; i < settings->n_listeners; i++)
                if (strcmp(settings->listeners[i].name, name) == 0)
                        return &settings->listeners[i];
        return NULL;
}

/* The first of those at the place that has no namesake in others. */
static const ListenerSettings *find_free_at(const Settings *settings, const Settings *others,
                                            const ListenerSettings *place)
{
        for (size_t i = 0; i < settings->n_listeners; i++) {
                const ListenerSettings *listener = &settings->listeners[i];

                if (is_same_place(listener, place) && !find_name(others, listener->name))
                        return listener;
        }
        return NULL;
}

const ListenerSettings *changes_counterpart(const Settings *before, const Settings *after,
                                            const ListenerSettings *listener)
{
        const ListenerSettings *namesake = find_name(before, listener->name);

        if (namesake)
                return namesake;
        if (find_free_at(after, before, listener) != listener)
                return NULL;
        return find_free_at(before, after, listener);
}

static int add_listener(const ListenerSettings *listener, bool is_new, Changes *changes)
{
        return changes_add(changes, &(Change){
                                            .listener = listener->name,
                                            .option = "listener",
                                            .before = is_new ? NULL : listener->name,
                                            .after = is_new ? listener->name : NULL,
                                            .when = OPTION_REBIND,
                                    });
}

static int compare_listeners(const Pair *settings, Changes *changes)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < settings->after->n_listeners; i++) {
                Pair pair = *settings;

                pair.listener_after = &pair.after->listeners[i];
                pair.listener_before =
                        changes_counterpart(pair.before, pair.after, pair.listener_after);
                pair.with_security = !settings->with_security;
                r = pair.listener_before ? compare_pair(&pair, changes)
                                         : add_listener(pair.listener_after, true, changes);
        }
        for (size_t i = 0; r == 0 && i < settings->before->n_listeners; i++) {
                const ListenerSettings *listener = &settings->before->listeners[i];

                /* To become another's counterpart is mutual. */
                if (!changes_counterpart(settings->after, settings->before, listener))
                        r = add_listener(listener, false, changes);
        }
        return r;
}

int changes_compare(const Settings *before, const Settings *after, Changes *changes)
{
        const Pair pair = {
                .before = before,
                .after = after,
                .with_security = !before->per_listener_settings && !after->per_listener_settings,
        };
        int r;

        r = compare_pair(&pair, changes);
        return r < 0 ? r : compare_listeners(&pair, changes);
}

int changes_hold_back(const Settings *running, Settings *settings)
{
        const Option *option;

        for (size_t i = 0; (option = option_at(i)); i++) {
                _cleanup_(value_done) Value copy = {};
                Value value;

                if (option->change != OPTION_RESTART || option->scope != OPTION_GLOBAL ||
                    option->size == 0)
                        continue;
                value = value_load(option, running, NULL);
                copy.number = value.number;
                if (value.text && !(copy.text = strdup(value.text)))
                        return -ENOMEM;
                value_store(option, settings, NULL, &copy);
        }
        return 0;
}
