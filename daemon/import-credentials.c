/* SPDX-License-Identifier: Apache-2.0 */

/* import-credentials: root's part of a service that is never root. hawker.service runs it before
 * the broker starts and before it reloads. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/settings.h"
#include "control/credential-import.h"
#include "control/logging.h"
#include "util/config-errors.h"
#include "util/log.h"
#include "util/macro.h"

enum { OPTION_VERSION = 256 };

static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {},
};

static void print_help(void)
{
        puts("import-credentials " VERSION ", for hawker.service\n"
             "\n"
             "Usage: import-credentials -c FILE\n"
             "\n"
             "Copies the files of TLS that the settings name to $RUNTIME_DIRECTORY/tls, for the\n"
             "user of the service to read.\n"
             "\n"
             "  -c, --config FILE   the settings of the service\n"
             "      --version       print the version\n"
             "  -h, --help          print this\n"
             "\n"
             "Exit status: 0, or 1 if the copies are as they were. What is wrong with settings or\n"
             "files the broker says.");
}

/* Wrong settings are for the broker to refuse: it keeps the old ones, and says so in its status. */
static int import(const SettingsSource *source)
{
        _cleanup_(config_errors_done) ConfigErrors unread = CONFIG_ERRORS_INIT;
        _cleanup_(config_errors_done) ConfigErrors errors = CONFIG_ERRORS_INIT;
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        _cleanup_free_ char *folder = NULL;
        const char *runtime = getenv("RUNTIME_DIRECTORY");
        int r;

        if (!runtime) {
                log_error("RUNTIME_DIRECTORY is not set: this program is for hawker.service");
                return EXIT_FAILURE;
        }
        if (settings_load(source, &settings, &unread) < 0)
                return EXIT_SUCCESS;
        folder = strndup(runtime, strcspn(runtime, ":"));
        r = folder ? credentials_import(settings, folder, &errors) : -ENOMEM;
        logging_report(&errors);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        SettingsSource source = {};
        int option, status;

        umask(0077);
        while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
                switch (option) {
                case 'c':
                        source.file = optarg;
                        break;
                case 'h':
                        print_help();
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("import-credentials " VERSION);
                        return EXIT_SUCCESS;
                default:
                        return EXIT_FAILURE;
                }
        }
        if (!source.file || optind < argc) {
                fputs("Try 'import-credentials --help'.\n", stderr);
                return EXIT_FAILURE;
        }
        status = import(&source);
        log_done();
        return status;
}
