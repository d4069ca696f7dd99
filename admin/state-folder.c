/* SPDX-License-Identifier: Apache-2.0 */

/* The folder of a store, and how to be its owner. */

#include "admin/state-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/hawkerd.h"
#include "util/macro.h"

#define USER     "hawker"
#define FOLDER   "store" /* in the state directory */
#define LOCATION "persistence_location "

/* --- where it is --- */

/* NULL: nothing is said, or nobody can say. */
static char *ask_configuration(const char *configuration)
{
        _cleanup_free_ char *line = NULL;
        char *location = NULL;
        size_t allocated = 0;
        HawkerdDump dump;
        ssize_t n;

        if (access(configuration, R_OK) < 0 || hawkerd_dump_begin(configuration, &dump) < 0)
                return NULL;
        while ((n = getline(&line, &allocated, dump.lines)) >= 0) {
                if (n > 0 && line[n - 1] == '\n')
                        line[n - 1] = 0;
                if (!location && strncmp(line, LOCATION, strlen(LOCATION)) == 0)
                        location = strdup(line + strlen(LOCATION));
        }
        hawkerd_dump_end(&dump);
        return location;
}

char *state_folder_of(const Command *command, const char *configuration)
{
        _cleanup_free_ char *of_service = hawkerd_configuration(command);
        _cleanup_free_ char *location = NULL;
        const char *instance = command->instance;
        char *path;
        int n;

        if (configuration || of_service)
                location = ask_configuration(configuration ? configuration : of_service);
        if (location)
                n = asprintf(&path, "%s/" FOLDER, location);
        else
                n = asprintf(&path, "/var/lib/hawker%s%s/" FOLDER, instance ? "-" : "",
                             instance ? instance : "");
        return n < 0 ? NULL : path;
}

/* --- whose it is --- */

static int failed(const char *path, int error)
{
        fprintf(stderr, "hawkerctl: %s: %s\n", path, strerror(error));
        return error == EACCES || error == EPERM ? EXIT_NO_RIGHT : EXIT_FAILED;
}

static int become(const char *path, uid_t uid, gid_t gid)
{
        if (geteuid() == uid)
                return EXIT_DONE;
        if (geteuid() != 0) {
                const struct passwd *owner = getpwuid(uid);

                fprintf(stderr,
                        "hawkerctl: %s: it belongs to %s: run this as root or as that user\n", path,
                        owner ? owner->pw_name : "another user");
                return EXIT_NO_RIGHT;
        }
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
                return failed(path, errno);
        return EXIT_DONE;
}

/* In a folder of root's nobody else can exchange what was just made. */
static int make_for_broker(const char *path, const struct passwd *user)
{
        if (mkdir(path, 0700) < 0 ||
            fchownat(AT_FDCWD, path, user->pw_uid, user->pw_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return failed(path, errno);
        return become(path, user->pw_uid, user->pw_gid);
}

/* The folder above is made for the broker, too, but no others. What is missing then is made by
 * store_open(). */
static int enter_new(const char *path, unsigned depth)
{
        _cleanup_free_ char *copy = strdup(path);
        const struct passwd *user;
        const char *above_path;
        struct stat above;

        if (!copy)
                return failed(path, ENOMEM);
        above_path = dirname(copy);
        if (stat(above_path, &above) < 0)
                return errno == ENOENT && depth == 0 ? enter_new(above_path, 1)
                                                     : failed(above_path, errno);
        user = geteuid() == 0 && above.st_uid == 0 ? getpwnam(USER) : NULL;
        if (user)
                return make_for_broker(path, user);
        if (depth > 0 && mkdir(path, 0700) < 0)
                return failed(path, errno);
        return become(path, above.st_uid, above.st_gid);
}

int state_folder_enter_old(const char *path)
{
        struct stat folder;

        if (lstat(path, &folder) < 0)
                return failed(path, errno);
        if (!S_ISDIR(folder.st_mode))
                return failed(path, ENOTDIR);
        return become(path, folder.st_uid, folder.st_gid);
}

int state_folder_enter(const char *path)
{
        struct stat folder;

        if (lstat(path, &folder) < 0 && errno == ENOENT)
                return enter_new(path, 0);
        return state_folder_enter_old(path);
}

/* --- what went wrong --- */

static const struct {
        int error;
        const char *text;
        int status;
} reasons[] = {
        {-EBUSY, "a broker has it open: stop the broker first (systemctl stop hawker.service)",
         EXIT_FAILED},
        {-ENOTEMPTY,
         "a broker has used this store: only an empty one is filled. Move the files away first",
         EXIT_FAILED},
        {-EPERM,
         "files in it belong to another user than the folder: give them to its owner by chown",
         EXIT_NO_RIGHT},
        {-EACCES,
         "files in it belong to another user than the folder: give them to its owner by chown",
         EXIT_NO_RIGHT},
        {-EPROTONOSUPPORT,
         "its format is that of a newer hawkerd: dump it with that one's hawkerctl", EXIT_FAILED},
        {-ENOSPC, "the disk is full", EXIT_FAILED},
        {-EDQUOT, "the store is full", EXIT_FAILED},
        {-EIO, "the disk has failed: what is on it now, nobody knows", EXIT_FAILED},
        {-EBADMSG, "it is damaged", EXIT_FAILED},
};

int state_folder_failed(const char *path, int error)
{
        for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
                if (reasons[i].error == error) {
                        fprintf(stderr, "hawkerctl: %s: %s\n", path, reasons[i].text);
                        return reasons[i].status;
                }
        return failed(path, -error);
}
