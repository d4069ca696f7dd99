/* SPDX-License-Identifier: Apache-2.0 */

/* A question whose answer the terminal does not show. */

#include "admin/prompt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "util/macro.h"

/* What the line discipline of Linux keeps of a line, with its newline. */
#define LINE_MAX_TERMINAL 4096U

typedef struct Prompt {
        const char *question;
        int terminal;
        int signals; /* readable while one waits that would end or stop us */
        struct termios shown;
        sigset_t mask; /* as it was */
} Prompt;

static void prompt_done(Prompt *prompt)
{
        closep(&prompt->signals);
        closep(&prompt->terminal);
}

static int prompt_init(Prompt *prompt, const char *question)
{
        *prompt = (Prompt){.question = question, .signals = -1};
        prompt->terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (prompt->terminal < 0)
                return -ENXIO;
        return tcgetattr(prompt->terminal, &prompt->shown) < 0 ? -errno : 0;
}

/* Signals wait until the terminal is as it was, and then do what they do. */
static int hold_signals(Prompt *prompt)
{
        static const int stoppers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGALRM};
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_SIZE(stoppers); i++)
                sigaddset(&set, stoppers[i]);
        prompt->signals = signalfd(-1, &set, SFD_CLOEXEC);
        if (prompt->signals < 0 || sigprocmask(SIG_BLOCK, &set, &prompt->mask) < 0)
                return -errno;
        return 0;
}

static void release_signals(Prompt *prompt)
{
        closep(&prompt->signals);
        prompt->signals = -1;
        sigprocmask(SIG_SETMASK, &prompt->mask, NULL);
}

/* 0: there is a line; -EINTR: a signal waits. */
static int await(const Prompt *prompt)
{
        struct pollfd fds[] = {{.fd = prompt->signals, .events = POLLIN},
                               {.fd = prompt->terminal, .events = POLLIN}};

        if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
                return -errno;
        return fds[0].revents ? -EINTR : 0;
}

static int ask_unseen(const Prompt *prompt, Secret *ret_answer)
{
        struct termios unseen = prompt->shown;
        int r;

        unseen.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
        unseen.c_lflag |= ICANON | ISIG;
        unseen.c_iflag |= ICRNL;
        if (tcsetattr(prompt->terminal, TCSAFLUSH, &unseen) < 0)
                return -errno;
        dprintf(prompt->terminal, "%s", prompt->question);
        r = await(prompt);
        if (r == 0)
                r = secret_read_line(prompt->terminal, LINE_MAX_TERMINAL - 2, ret_answer);
        tcsetattr(prompt->terminal, TCSAFLUSH, &prompt->shown);
        dprintf(prompt->terminal, "\n");
        return r;
}

int prompt_secret(const char *question, Secret *ret_answer)
{
        _cleanup_(prompt_done) Prompt prompt;
        int r;

        r = prompt_init(&prompt, question);
        if (r < 0)
                return r;
        do {
                r = hold_signals(&prompt);
                if (r < 0)
                        return r;
                r = ask_unseen(&prompt, ret_answer);
                release_signals(&prompt); /* who survives this was stopped, and goes on */
        } while (r == -EINTR);
        return r;
}
