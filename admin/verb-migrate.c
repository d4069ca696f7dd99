/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl migrate: a Mosquitto of this machine becomes a Hawker. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/command.h"
#include "admin/json.h"
#include "admin/migration.h"
#include "admin/table.h"

#define SOURCE         "/etc/mosquitto/mosquitto.conf"
#define FOLDER         "/etc/hawker"
#define UNITS          "/etc/systemd/system"
#define SOCKET         "hawker-privileged.socket"
#define PORT_UNBOUND   1024 /* the first that needs no privilege */
#define DATABASE       "mosquitto.db"
#define DATABASE_PLACE "/var/lib/mosquitto"

static const TableColumn columns[] = {
        {"BECOMES", false, 0}, {"LINE", false, 2}, {"OPTION", false, 0}, {"WHY", false, 1}};

static int failed(const char *what, int error)
{
        fprintf(stderr, "hawkerctl: migrate: %s: %s\n", what ? what : "", strerror(-error));
        return error == -EACCES ? EXIT_NO_RIGHT : EXIT_FAILED;
}

/* --- what becomes of it --- */

static void print_json(const Migration *migration)
{
        const char *before = "[";

        for (size_t i = 0; i < migration->n; i++) {
                const MigrationLine *line = &migration->lines[i];

                if (!*line->option)
                        continue;
                printf("%s{\"fate\":\"%s\",\"file\":", before, migration_fate_name(line->fate));
                json_write_string(stdout, line->file);
                printf(",\"line\":%u,\"option\":", line->number);
                json_write_string(stdout, line->option);
                fputs(",\"why\":", stdout);
                if (line->why)
                        json_write_string(stdout, line->why);
                else
                        fputs("null", stdout);
                fputc('}', stdout);
                before = ",\n";
        }
        puts(before[0] == '[' ? "[]" : "]");
}

static int print_table(const Command *command, const Migration *migration)
{
        _cleanup_(table_done) Table table = TABLE_FOR(command, columns);
        size_t n_same = 0;
        int r = 0;

        for (size_t i = 0; i < migration->n && r == 0; i++) {
                const MigrationLine *line = &migration->lines[i];

                n_same += line->fate == FATE_SAME && *line->option;
                if (line->fate == FATE_SAME)
                        continue;
                r = table_add(&table, "%s", migration_fate_name(line->fate));
                if (r == 0)
                        r = table_add(&table, "%s:%u", line->file, line->number);
                if (r == 0)
                        r = table_add(&table, "%s", line->option);
                if (r == 0)
                        r = table_add(&table, "%s", line->why ? line->why : "");
        }
        if (r < 0)
                return r;
        table_print(&table);
        printf("%zu options are taken over as they are.\n", n_same);
        return 0;
}

/* Without it the broker may let in whom the plugin kept out. */
static void warn_of_plugins(const Migration *migration)
{
        for (size_t i = 0; i < migration->n; i++) {
                const MigrationLine *line = &migration->lines[i];

                if (line->fate != FATE_UNSUPPORTED || !strstr(line->option, "plugin"))
                        continue;
                fprintf(stderr,
                        "hawkerctl: migrate: %s:%u: a plugin may have decided who comes in: see to "
                        "allow_anonymous, password_file and acl_file before the broker starts\n",
                        line->file, line->number);
                return;
        }
}

/* --- what is written --- */

/* A new file, or with `force` one that takes the place of the old one as a whole. */
static int write_file(const char *folder, const char *name, const char *text, bool force)
{
        _cleanup_free_ char *path = NULL, *draft = NULL;
        _cleanup_close_ int fd = -1;
        size_t length = strlen(text);
        int r = 0;

        if (asprintf(&path, "%s/%s", folder, name) < 0 || asprintf(&draft, "%s.new", path) < 0)
                return failed(name, -ENOMEM);
        fd = open(force ? draft : path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL),
                  0644);
        if (fd < 0 && errno == EEXIST) {
                fprintf(stderr,
                        "hawkerctl: migrate: %s is there already: --force takes its place, --into "
                        "names another folder\n",
                        path);
                return EXIT_FAILED;
        }
        if (fd < 0)
                return failed(path, -errno);
        if (write(fd, text, length) != (ssize_t)length || fsync(fd) < 0)
                r = errno ? -errno : -EIO;
        if (r == 0 && force && rename(draft, path) < 0)
                r = -errno;
        if (r < 0) {
                unlink(force ? draft : path);
                return failed(path, r);
        }
        fprintf(stderr, "%s is written.\n", path);
        return EXIT_DONE;
}

static int write_configuration(const char *folder, const Migration *migration, bool force)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size);

        if (!to)
                return failed(folder, -errno);
        fputs("# Made by 'hawkerctl migrate'. What is left out begins with # and says why.\n", to);
        migration_write(migration, to);
        if (fclose(to) != 0)
                return failed(folder, -errno);
        return write_file(folder, "hawker.conf", text, force);
}

/* "PORT [HOST]" as systemd has it. */
static void print_stream(FILE *to, const char *listener)
{
        char *host;
        unsigned long port = strtoul(listener, &host, 10);

        host += strspn(host, " \t");
        if (*host && strcspn(host, ":") < strlen(host))
                fprintf(to, "ListenStream=[%s]:%lu\n", host, port);
        else if (*host)
                fprintf(to, "ListenStream=%s:%lu\n", host, port);
        else
                fprintf(to, "ListenStream=0.0.0.0:%lu\nListenStream=[::]:%lu\n", port, port);
}

static bool is_privileged(const MigrationLine *line)
{
        unsigned long port;

        if (strcmp(line->option, "listener") != 0 || line->fate == FATE_UNSUPPORTED)
                return false;
        port = strtoul(line->text + strlen("listener"), NULL, 10);
        return port > 0 && port < PORT_UNBOUND;
}

/* systemd opens the ports that the service may not. *ret_is_due: there are some. */
static int write_socket(const char *folder, const Migration *migration, bool force,
                        bool *ret_is_due)
{
        _cleanup_free_ char *text = NULL;
        bool is_due = false;
        size_t size;
        FILE *to = open_memstream(&text, &size);

        if (!to)
                return failed(SOCKET, -errno);
        fputs("# Made by 'hawkerctl migrate': ports that only root may open.\n"
              "[Unit]\nDescription=Privileged sockets of the Hawker MQTT broker\n\n[Socket]\n",
              to);
        for (size_t i = 0; i < migration->n; i++)
                if (is_privileged(&migration->lines[i])) {
                        print_stream(to, migration->lines[i].text + strlen("listener "));
                        is_due = true;
                }
        fputs("Service=hawker.service\nBindIPv6Only=ipv6-only\nBacklog=4096\n\n"
              "[Install]\nWantedBy=sockets.target\n",
              to);
        if (fclose(to) != 0)
                return failed(SOCKET, -errno);
        *ret_is_due = is_due;
        return is_due ? write_file(folder, SOCKET, text, force) : EXIT_DONE;
}

/* --- what is left to do --- */

/* Of a folder, without the / at its end. */
static int place_length(const char *folder)
{
        const size_t length = strlen(folder);

        return (int)(length > 1 && folder[length - 1] == '/' ? length - 1 : length);
}

static void print_steps(const Migration *migration, const char *folder, bool has_socket)
{
        const char *where = migration_value(migration, "persistence_location");
        const char *place = where ? where : DATABASE_PLACE;
        const char *name = migration_value(migration, "persistence_file");
        const char *kept = migration_value(migration, "persistence");
        const bool is_system = strcmp(folder, FOLDER) == 0;
        _cleanup_free_ char *database = NULL;

        puts("\nWhat is left to do:");
        /* That of the package tries again and again while the port is taken: it would begin with an
         * empty store. And its socket would keep port 1883 for this machine alone. Mosquitto writes
         * all that it holds at its end. */
        puts("  systemctl disable --now hawker.socket\n"
             "  systemctl stop hawker\n"
             "  systemctl disable --now mosquitto");
        printf("  hawkerctl test-config %s/hawker.conf\n", folder);
        if (asprintf(&database, "%.*s/%s", place_length(place), place, name ? name : DATABASE) >=
                    0 &&
            (access(database, F_OK) == 0 || (kept && strcmp(kept, "true") == 0)))
                printf("  hawkerctl import %s\n", database);
        if (has_socket && !is_system)
                printf("  cp %s/" SOCKET " " UNITS "\n", folder);
        if (has_socket)
                puts("  systemctl daemon-reload; systemctl enable --now " SOCKET);
        puts("  systemctl enable --now hawker\n"
             "  hawkerctl doctor");
}

static int write_all(const Command *command, const Migration *migration)
{
        const char *folder = command_value(command, "into");
        const bool force = command_has(command, "force");
        bool has_socket = false;
        int status;

        if (!folder)
                folder = FOLDER;
        if (mkdir(folder, 0755) < 0 && errno != EEXIST)
                return failed(folder, -errno);
        status = write_configuration(folder, migration, force);
        if (status == EXIT_DONE)
                status = write_socket(strcmp(folder, FOLDER) == 0 ? UNITS : folder, migration,
                                      force, &has_socket);
        if (status == EXIT_DONE && !command->json)
                print_steps(migration, folder, has_socket);
        return status;
}

int verb_migrate(const Command *command)
{
        const char *source = command->argument ? command->argument : SOURCE;
        _cleanup_(migration_done) Migration migration = {};
        _cleanup_free_ char *complaint = NULL;
        int r;

        r = migration_read(&migration, source, &complaint);
        if (r < 0)
                return failed(complaint ? complaint : source, r);
        r = migration_settle(&migration);
        if (r == 0)
                r = migration_judge(&migration, &complaint);
        if (r < 0 && complaint) {
                fprintf(stderr, "hawkerctl: migrate: %s\n", complaint);
                return EXIT_FAILED;
        }
        if (r == 0 && command->json)
                print_json(&migration);
        else if (r == 0)
                r = print_table(command, &migration);
        if (r < 0)
                return failed(source, r);
        warn_of_plugins(&migration);
        return command_has(command, "dry-run") ? EXIT_DONE : write_all(command, &migration);
}
