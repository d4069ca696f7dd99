/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a broker read another configuration, and sees when it has. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/reload.h"

#define MESSAGE_MAX 4096

/* One message, as text. False: there is none. */
static bool next_message(int fd, char text[static MESSAGE_MAX])
{
        ssize_t n = recv(fd, text, MESSAGE_MAX - 1, MSG_DONTWAIT);

        if (n < 0)
                return false;
        text[n] = '\0';
        return true;
}

/* Lines of a message are assignments. */
static bool has_line(const char *text, const char *line)
{
        const size_t size = strlen(line);

        for (; text; text = strchr(text, '\n')) {
                text += *text == '\n';
                if (strncmp(text, line, size) == 0 && (text[size] == '\n' || text[size] == '\0'))
                        return true;
        }
        return false;
}

int reload_begin(const ReloadForm *form, pid_t pid)
{
        char text[MESSAGE_MAX], next[512];

        if ((size_t)snprintf(next, sizeof(next), "%s.next", form->exchange) >= sizeof(next))
                return -ENAMETOOLONG;
        if (renameat2(AT_FDCWD, form->exchange, AT_FDCWD, next, RENAME_EXCHANGE) < 0)
                return -errno;
        while (form->notify_fd >= 0 && next_message(form->notify_fd, text))
                ;
        return kill(pid, SIGHUP) < 0 ? -errno : 0;
}

bool reload_has_ended(const ReloadForm *form)
{
        char text[MESSAGE_MAX];
        bool ended = false;

        while (next_message(form->notify_fd, text))
                ended |= has_line(text, "READY=1");
        return ended;
}
