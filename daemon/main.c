/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerd: the command line, the settings, the log, and then the manager for as long as it runs. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command-line.h"
#include "config/dump.h"
#include "config/settings.h"
#include "control/ban-book.h"
#include "control/daemonize.h"
#include "control/hand-over.h"
#include "control/listeners.h"
#include "control/logging.h"
#include "control/manager.h"
#include "control/notify.h"
#include "control/run.h"
#include "control/signals.h"
#include "util/config-errors.h"
#include "util/log.h"
#include "util/macro.h"
#include "util/siphash.h"

#define EXIT_CANNOT_START   1
#define EXIT_WRONG_SETTINGS 3
#define EXIT_RUN_AGAIN      75 /* RestartForceExitStatus= of the unit */

/* So many come without a pause; each takes eight bytes of the kernel's memory. */
#define DESCRIPTORS_ROOM 32768

static int load_settings(const CommandLine *command, Settings **ret_settings)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        int r;

        r = settings_load(&command->source, ret_settings, &errors);
        if (r == 0 && command->action == COMMAND_RUN)
                r = logging_apply(*ret_settings);
        logging_report(&errors);
        if (r < 0 && errors.n_errors == 0)
                log_error("Cannot use the settings: %s", strerror(-r));
        if (r < 0 && command->action == COMMAND_RUN) {
                hand_over_refuse_all();
                notify_failed(r, &errors);
        }
        return r;
}

/* TLS credentials that cannot be used are as wrong as the line that names them. */
static int status_of(int error)
{
        return error == -EKEYREJECTED ? EXIT_WRONG_SETTINGS : EXIT_CANNOT_START;
}

/* All that can be known before the start: each part is always tried, to show every problem at once.
 */
static int test_config(Settings *settings, bool is_running)
{
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_(listeners_done) Listeners listeners = {};
        PassedSockets none = {};
        TlsTicketKey key;
        const ListenerMeans means = {.passed = &none, .ticket_key = &key, .is_running = is_running};
        int tested, opened, banned;

        tested = settings_test(settings, NULL, &errors);
        opened = tls_ticket_key_init(&key);
        if (opened == 0)
                opened = listeners_open(settings, &means, &errors, &listeners);
        banned = ban_book_test(settings, &errors);
        logging_report(&errors);

        if (tested < 0)
                return EXIT_WRONG_SETTINGS;
        if (opened < 0)
                return status_of(opened);
        if (banned < 0)
                return status_of(banned);
        puts(is_running ? "The settings are fine; ports in use were taken for those of the broker "
                          "that "
                          "runs."
                        : "The settings are fine.");
        return EXIT_SUCCESS;
}

/* Each client is a descriptor; the soft limit is a relic of select(). */
static void raise_descriptor_limit(struct rlimit *limit)
{
        if (limit->rlim_cur < limit->rlim_max) {
                limit->rlim_cur = limit->rlim_max;
                setrlimit(RLIMIT_NOFILE, limit);
        }
}

/* The kernel's table of them doubles when it is full, and while there are threads that takes some
 * ms, in which none of them accepts. So it grows before there are any. */
static void make_room_for_descriptors(const struct rlimit *limit)
{
        int fd = epoll_create1(EPOLL_CLOEXEC);

        if (fd < 0)
                return;
        close(fcntl(fd, F_DUPFD_CLOEXEC, (int)MIN(limit->rlim_cur, (rlim_t)DESCRIPTORS_ROOM) - 1));
        close(fd);
}

static void prepare_descriptors(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        raise_descriptor_limit(&limit);
        make_room_for_descriptors(&limit);
}

/* What glibc keeps of small pieces that were freed it joins all at once, when a large one is freed:
 * 1 to 2 ms, in which a worker does nothing else, behind a client that has left 20,000 filters. */
static void prepare_memory(void)
{
#ifdef M_MXFAST
        mallopt(M_MXFAST, 0);
#endif
}

/* Without what others have registered for the end of the process. */
static _Noreturn void end_at_once(Manager *manager, int status)
{
        manager_free(manager);
        log_done();
        _exit(status);
}

static int run(const CommandLine *command, Settings *settings)
{
        _cleanup_(manager_freep) Manager *manager = NULL;
        int ready_fd = -1, status, r = 0;

        if (command->background)
                r = daemonize_begin(&ready_fd);
        if (r == 0)
                r = hash_seed_init();
        if (r < 0) {
                log_error("Cannot start: %s", strerror(-r));
                return EXIT_CANNOT_START;
        }
        prepare_descriptors();
        prepare_memory();
        signals_block();
        r = manager_new(&command->source, settings, &manager);
        if (r < 0)
                return status_of(r);
        r = manager_run(manager, ready_fd);
        status = r < 0 ? status_of(r) : r == MANAGER_RUN_AGAIN ? EXIT_RUN_AGAIN : EXIT_SUCCESS;
        if (manager_has_stragglers(manager))
                end_at_once(TAKE_PTR(manager), status);
        return status;
}

int main(int argc, char **argv)
{
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        CommandLine command;
        int status;

        umask(0077);
        if (command_line_parse(argc, argv, &command) < 0)
                return EXIT_WRONG_SETTINGS;
        if (command.action == COMMAND_HELP) {
                command_line_help(stdout);
                return EXIT_SUCCESS;
        }
        if (command.action == COMMAND_VERSION) {
                puts("hawkerd " VERSION);
                return EXIT_SUCCESS;
        }
        if (load_settings(&command, &settings) < 0)
                return EXIT_WRONG_SETTINGS;

        if (command.action == COMMAND_TEST_CONFIG)
                status = test_config(settings, command.is_running);
        else if (command.action == COMMAND_DUMP_CONFIG)
                status = settings_dump(settings, stdout) < 0 ? EXIT_CANNOT_START : EXIT_SUCCESS;
        else
                status = run(&command, settings);
        log_done();
        return status;
}
