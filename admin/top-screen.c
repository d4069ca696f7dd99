/* SPDX-License-Identifier: Apache-2.0 */

/* A terminal that is drawn on in place. */
#include "admin/top-screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "admin/terminal.h"
#include "util/clock.h"
#include "util/macro.h"

#define KEY_ENDS "\x03\x04" /* ^C, ^D */

/* The other screen, no cursor; and back. */
#define SCREEN_ON  "\033[?1049h\033[?25l"
#define SCREEN_OFF "\033[?25h\033[?1049l"

static int open_signals(void)
{
        sigset_t signals;

        sigemptyset(&signals);
        sigaddset(&signals, SIGHUP);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGWINCH);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int top_screen_init(TopScreen *screen, bool is_wanted)
{
        struct termios mode;

        *screen = (TopScreen){.signals = -1};
        if (!is_wanted || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen->before) < 0)
                return 0;
        screen->signals = open_signals();
        if (screen->signals < 0)
                return -errno;
        mode = screen->before;
        mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
        mode.c_cc[VMIN] = 1;
        mode.c_cc[VTIME] = 0;
        if (tcsetattr(STDIN_FILENO, TCSANOW, &mode) < 0)
                return -errno;
        screen->is_on = true;
        fputs(SCREEN_ON, stdout);
        return 0;
}

void top_screen_done(TopScreen *screen)
{
        if (screen->is_on) {
                fputs(SCREEN_OFF, stdout);
                fflush(stdout);
                tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
        }
        if (screen->signals >= 0)
                close(screen->signals);
        *screen = (TopScreen){.signals = -1};
}

void top_screen_draw(const TopScreen *screen, const char *text)
{
        unsigned left = terminal_height();

        if (!screen->is_on) {
                fputs(text, stdout);
                fflush(stdout);
                return;
        }
        fputs("\033[H", stdout);
        while (*text && left-- > 0) {
                const char *end = strchrnul(text, '\n');

                printf("%.*s\033[K%s", (int)(end - text), text, left > 0 ? "\n" : "");
                text = *end ? end + 1 : end;
        }
        fputs("\033[J", stdout);
        fflush(stdout);
}

static int read_key(void)
{
        char key;

        if (read(STDIN_FILENO, &key, 1) != 1 || strchr(KEY_ENDS, key))
                return 'q';
        return key;
}

static int read_signal(int fd)
{
        struct signalfd_siginfo info;

        if (read(fd, &info, sizeof(info)) != sizeof(info))
                return 0;
        return info.ssi_signo == SIGWINCH ? ' ' : 'q';
}

int top_screen_wait(const TopScreen *screen, uint64_t usec)
{
        struct pollfd fds[] = {{screen->is_on ? STDIN_FILENO : -1, POLLIN, 0},
                               {screen->signals, POLLIN, 0}};
        const struct timespec time = {(time_t)(usec / 1000000), (long)(usec % 1000000) * 1000};

        if (ppoll(fds, ARRAY_SIZE(fds), &time, NULL) <= 0)
                return 0;
        return fds[1].revents ? read_signal(screen->signals) : read_key();
}
