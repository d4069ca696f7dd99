/* SPDX-License-Identifier: Apache-2.0 */

/* The agent of polkit on our terminal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/polkit-agent.h"
#include "util/macro.h"

/* It closes the pipe when it is ready, or ends. */
static void run_agent(int ready)
{
        char number[16];

        /* Not after us, whatever ends us. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        fcntl(ready, F_SETFD, 0);
        snprintf(number, sizeof(number), "%d", ready);
        execlp("pkttyagent", "pkttyagent", "--notify-fd", number, "--fallback", NULL);
        _exit(127);
}

static void wait_for_end(int ready)
{
        char byte;

        while (read(ready, &byte, 1) < 0 && errno == EINTR)
                ;
}

int polkit_agent_start(pid_t *ret_agent)
{
        int ready[2];
        pid_t agent;

        if (!isatty(STDIN_FILENO))
                return -ENOTTY;
        if (pipe2(ready, O_CLOEXEC) < 0)
                return -errno;
        agent = fork();
        if (agent == 0)
                run_agent(ready[1]);
        close(ready[1]);
        if (agent > 0)
                wait_for_end(ready[0]);
        close(ready[0]);
        if (agent < 0)
                return -EAGAIN;
        *ret_agent = agent;
        return 0;
}

void polkit_agent_end(pid_t agent)
{
        if (agent <= 0)
                return;
        kill(agent, SIGTERM);
        /* It may be stopped, which it is when it asks and we are in the background. */
        kill(agent, SIGCONT);
        while (waitpid(agent, NULL, 0) < 0 && errno == EINTR)
                ;
}
