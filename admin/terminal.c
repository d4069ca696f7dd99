/* SPDX-License-Identifier: Apache-2.0 */

/* What stdout can show. */
#include "admin/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/macro.h"

#define WIDTH_DEFAULT  80U
#define HEIGHT_DEFAULT 24U
#define SIZE_MOST      10000UL

/* 0: it says nothing of use. */
static unsigned from_environment(const char *name)
{
        const char *text = getenv(name);
        unsigned long n = text ? strtoul(text, NULL, 10) : 0;

        return n <= SIZE_MOST ? (unsigned)n : 0;
}

static unsigned size_of(const char *variable, bool is_width, unsigned fallback)
{
        unsigned n = from_environment(variable);
        struct winsize size = {};

        if (!isatty(STDOUT_FILENO))
                return 0;
        if (n == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
                n = is_width ? size.ws_col : size.ws_row;
        return n > 0 ? n : fallback;
}

unsigned terminal_width(void)
{
        return size_of("COLUMNS", true, WIDTH_DEFAULT);
}

unsigned terminal_height(void)
{
        return size_of("LINES", false, HEIGHT_DEFAULT);
}

bool terminal_has_colours(void)
{
        static const char *const off[] = {"0", "no", "n", "false", "f", "off"};
        const char *wanted = getenv("SYSTEMD_COLORS"), *none = getenv("NO_COLOR");
        const char *kind = getenv("TERM");

        if (wanted) {
                for (size_t i = 0; i < ARRAY_SIZE(off); i++)
                        if (strcasecmp(wanted, off[i]) == 0)
                                return false;
                return true;
        }
        return !(none && *none) && kind && strcmp(kind, "dumb") != 0 && isatty(STDOUT_FILENO);
}

const char *terminal_colour(bool has_colours, Colour colour)
{
        static const char *const codes[] = {
                [COLOUR_NONE] = "\033[0m",      [COLOUR_GOOD] = "\033[0;32m",
                [COLOUR_WARN] = "\033[0;1;33m", [COLOUR_BAD] = "\033[0;1;31m",
                [COLOUR_TITLE] = "\033[0;4m",
        };

        return has_colours ? codes[colour] : "";
}
