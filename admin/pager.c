/* SPDX-License-Identifier: Apache-2.0 */

/* Output that may be longer than the terminal, by a pager. */
#include "admin/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/macro.h"

/* Where less(1) is not installed the text must be seen all the same. */
#define PAGER_DEFAULT "command -v less >/dev/null && exec less; exec cat"

/* NULL: none is wanted. */
static const char *choose(const Command *command)
{
        const char *pager = getenv("SYSTEMD_PAGER");

        if (command->no_pager || command->json || !isatty(STDOUT_FILENO))
                return NULL;
        if (!pager)
                pager = getenv("PAGER");
        if (!pager)
                return PAGER_DEFAULT;
        return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

static void __attribute__((noreturn)) run(const char *pager, int input)
{
        const char *less = getenv("SYSTEMD_LESS");

        /* Leave if it fits, let colours through; and no shell for who may run us as another. */
        setenv("LESS", less ? less : "FRSXMK", 1);
        setenv("LESSSECURE", "1", 1);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (dup2(input, STDIN_FILENO) >= 0)
                execl("/bin/sh", "sh", "-c", pager, NULL);
        _exit(127);
}

void pager_begin(const Command *command, Pager *ret_pager)
{
        _cleanup_close_ int reader = -1, writer = -1;
        const char *pager = choose(command);
        int ends[2];
        pid_t pid;

        *ret_pager = (Pager){};
        if (!pager || pipe2(ends, O_CLOEXEC) < 0)
                return;
        reader = ends[0];
        writer = ends[1];
        fflush(stdout);
        pid = fork();
        if (pid == 0)
                run(pager, reader);
        if (pid < 0)
                return;
        ret_pager->pid = pid;
        dup2(writer, STDOUT_FILENO);
        signal(SIGINT, SIG_IGN); /* it is the pager's */
}

int pager_end(Pager *pager)
{
        int r = fflush(stdout) == 0 ? 0 : -errno;

        if (pager->pid == 0)
                return r;
        close(STDOUT_FILENO);
        while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        pager->pid = 0;
        return r;
}
