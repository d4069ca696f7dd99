/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerd as a program that hawkerctl runs. */

#include "admin/hawkerd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/macro.h"

const char *hawkerd_program(void)
{
        const char *program = getenv("HAWKERD");

        return program ? program : HAWKERD;
}

char *hawkerd_configuration(const Command *command)
{
        const char *instance = command->instance ? command->instance : "hawker";
        char *path;

        return asprintf(&path, "/etc/hawker/%s.conf", instance) < 0 ? NULL : path;
}

/* `taken`: which of its outputs goes to us; of the other one the dump is of no interest. */
static void __attribute__((noreturn)) run(const char *configuration, int taken, int output)
{
        const char *program = hawkerd_program();
        int nothing = taken == STDOUT_FILENO ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);

        if ((nothing < 0 || dup2(nothing, STDOUT_FILENO) >= 0) && dup2(output, taken) >= 0)
                execlp(program, program, "--dump-config", "-c", configuration, NULL);
        fprintf(stderr, "hawkerctl: cannot run %s: %s\n", program, strerror(errno));
        _exit(127);
}

static int begin(const char *configuration, int taken, HawkerdDump *ret_dump)
{
        _cleanup_close_ int ours = -1, its = -1;
        HawkerdDump dump;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        ours = ends[0];
        its = ends[1];
        dump.lines = fdopen(ours, "r");
        if (!dump.lines)
                return -errno;
        ours = -1;
        dump.pid = fork();
        if (dump.pid < 0) {
                int r = -errno;

                fclose(dump.lines);
                return r;
        }
        if (dump.pid == 0)
                run(configuration, taken, its);
        *ret_dump = dump;
        return 0;
}

int hawkerd_dump_begin(const char *configuration, HawkerdDump *ret_dump)
{
        return begin(configuration, STDOUT_FILENO, ret_dump);
}

int hawkerd_complaints_begin(const char *configuration, HawkerdDump *ret_dump)
{
        return begin(configuration, STDERR_FILENO, ret_dump);
}

int hawkerd_dump_end(HawkerdDump *dump)
{
        int status;

        fclose(dump->lines);
        while (waitpid(dump->pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
