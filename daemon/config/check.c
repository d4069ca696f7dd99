/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: --test-config: do the files, users and groups exist that the settings name */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings-build.h"
#include "config/values.h"
#include "util/macro.h"

#define LOOKUP_BUFFER 65536 /* bytes; an entry of a large group in a directory service */

/* One value to be tried out: 0, or -errno. */
typedef int (*Trial)(const char *text);

static int try_folder(const char *path)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

        return fd < 0 ? -errno : 0;
}

/* A file that will be written: if it is not there, may it be made? */
static int try_writable(const char *path)
{
        _cleanup_free_ char *folder = NULL;
        const char *slash = strrchr(path, '/');

        if (access(path, W_OK) == 0)
                return 0;
        if (errno != ENOENT)
                return -errno;
        if (!slash)
                return access(".", W_OK) < 0 ? -errno : 0;
        folder = strndup(path, (size_t)MAX(slash - path, 1));
        if (!folder)
                return -ENOMEM;
        return access(folder, W_OK) < 0 ? -errno : 0;
}

/* The folder of a socket; the socket itself may be there from before. */
static int try_socket(const char *path)
{
        return path[0] == '@' ? 0 : try_writable(path);
}

static bool is_number(const char *text)
{
        return *text && strspn(text, "0123456789") == strlen(text);
}

static int try_user(const char *name)
{
        _cleanup_free_ char *buffer = malloc(LOOKUP_BUFFER);
        struct passwd entry, *found = NULL;
        int r;

        if (!buffer)
                return -ENOMEM;
        if (is_number(name))
                return 0;
        r = getpwnam_r(name, &entry, buffer, LOOKUP_BUFFER, &found);
        return found ? 0 : r ? -r : -ESRCH;
}

static int try_group(const char *name)
{
        _cleanup_free_ char *buffer = malloc(LOOKUP_BUFFER);
        struct group entry, *found = NULL;
        int r;

        if (!buffer)
                return -ENOMEM;
        if (is_number(name))
                return 0;
        r = getgrnam_r(name, &entry, buffer, LOOKUP_BUFFER, &found);
        return found ? 0 : r ? -r : -ESRCH;
}

static int try_interface(const char *name)
{
        return if_nametoindex(name) == 0 ? -errno : 0;
}

static int try_one(const char *what, const char *text, const SettingsOrigin *origin, Trial trial,
                   ConfigErrors *errors)
{
        int r = trial(text);

        if (r == 0 || r == -ENOMEM)
                return r;
        return config_errors_add(errors, CONFIG_ERROR, origin->file, origin->line, "%s: %s: %s",
                                 what, text, r == -ESRCH ? "there is no such name" : strerror(-r));
}

static const struct {
        const char *option;
        Trial trial;
        bool if_given;   /* the default is what is there if it is there */
        bool if_changed; /* what runs has it already */
} trials[] = {
        {"bind_interface", try_interface, .if_changed = true},
        {"http_dir", try_folder},
        {"pid_file", try_writable, .if_changed = true},
        {"socket_group", try_group},
        {"socket_owner", try_user},
        {"user", try_user, .if_given = true},
};

static bool text_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The listener of these settings that has the name, or NULL. */
static const ListenerSettings *find_listener(const Settings *settings, const char *name)
{
        for (size_t i = 0; settings && i < settings->n_listeners; i++)
                if (strcmp(settings->listeners[i].name, name) == 0)
                        return &settings->listeners[i];
        return NULL;
}

/* Whether what runs has the same value, in a listener that has the same name. */
static bool is_running(const Settings *running, const Option *option,
                       const ListenerSettings *listener, const char *text)
{
        const ListenerSettings *other = listener ? find_listener(running, listener->name) : NULL;

        if (!running || (listener && !other))
                return false;
        return text_equal(value_load(option, running, other).text, text);
}

/* The trials of one object. */
static int try_object(const Settings *settings, const Settings *running,
                      const ListenerSettings *listener, ConfigErrors *errors)
{
        for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
                const Option *option = option_find(trials[i].option);
                const SettingsOrigin *origin;
                Value value;
                int r;

                if (option->scope == (listener ? OPTION_GLOBAL : OPTION_LISTENER))
                        continue;
                if (option->scope == OPTION_SECURITY &&
                    settings->per_listener_settings != !!listener)
                        continue;
                value = value_load(option, settings, listener);
                origin = settings_origin(option, settings, listener);
                if (!value.text || (trials[i].if_given && !origin->file))
                        continue;
                if (trials[i].if_changed && is_running(running, option, listener, value.text))
                        continue;
                r = try_one(option->name, value.text, origin, trials[i].trial, errors);
                if (r < 0)
                        return r;
        }
        return 0;
}

int settings_test(const Settings *settings, const Settings *running, ConfigErrors *errors)
{
        const size_t n_errors = errors->n_errors;
        int r;

        r = try_object(settings, running, NULL, errors);
        if (r == 0 && settings->log_file &&
            !(running && text_equal(running->log_file, settings->log_file)))
                r = try_one("log_dest file", settings->log_file,
                            settings_origin(option_find("log_dest"), settings, NULL), try_writable,
                            errors);
        if (r == 0 && settings->persistence && settings->persistence_location)
                r = try_one("persistence_location", settings->persistence_location,
                            settings_origin(option_find("persistence_location"), settings, NULL),
                            try_folder, errors);
        for (size_t i = 0; r == 0 && i < settings->n_listeners; i++) {
                const ListenerSettings *listener = &settings->listeners[i];

                r = try_object(settings, running, listener, errors);
                if (r == 0 && listener->path && !find_listener(running, listener->name))
                        r = try_one("listener", listener->path, &listener->where, try_socket,
                                    errors);
        }
        if (r < 0)
                return r;
        return errors->n_errors > n_errors ? -EINVAL : 0;
}
