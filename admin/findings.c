/* SPDX-License-Identifier: Apache-2.0 */

/* What hawkerctl doctor has found. */
#include "admin/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/json.h"
#include "admin/name.h"
#include "admin/terminal.h"
#include "util/macro.h"

static const struct {
        const char *name;
        Colour colour;
} verdicts[] = {
        [VERDICT_OK] = {"OK", COLOUR_GOOD},
        [VERDICT_WARN] = {"WARN", COLOUR_WARN},
        [VERDICT_FAIL] = {"FAIL", COLOUR_BAD},
};

void findings_done(Findings *findings)
{
        for (size_t i = 0; i < findings->n; i++) {
                free(findings->items[i].text);
                free(findings->items[i].mend);
        }
        free(findings->items);
        *findings = (Findings){};
}

static bool reserve(Findings *findings)
{
        size_t n = findings->n_allocated ? 2 * findings->n_allocated : 32;
        Finding *items;

        if (findings->n < findings->n_allocated)
                return true;
        items = reallocarray(findings->items, n, sizeof(*items));
        if (!items)
                return false;
        findings->items = items;
        findings->n_allocated = n;
        return true;
}

void findings_add(Findings *findings, Verdict verdict, const char *check, const char *format, ...)
{
        Finding finding = {.verdict = verdict, .check = check};
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vasprintf(&finding.text, format, arguments);
        va_end(arguments);
        if (n < 0 || !reserve(findings)) {
                if (n >= 0)
                        free(finding.text);
                findings->is_incomplete = true;
                return;
        }
        findings->items[findings->n++] = finding;
}

void findings_mend(Findings *findings, const char *format, ...)
{
        va_list arguments;
        char *mend;
        int n;

        if (findings->n == 0 || findings->is_incomplete)
                return;
        va_start(arguments, format);
        n = vasprintf(&mend, format, arguments);
        va_end(arguments);
        if (n < 0) {
                findings->is_incomplete = true;
                return;
        }
        free(findings->items[findings->n - 1].mend);
        findings->items[findings->n - 1].mend = mend;
}

Verdict findings_verdict(const Findings *findings)
{
        Verdict worst = findings->is_incomplete ? VERDICT_FAIL : VERDICT_OK;

        for (size_t i = 0; i < findings->n; i++)
                worst = MAX(worst, findings->items[i].verdict);
        return worst;
}

void findings_print_json(const Findings *findings)
{
        for (size_t i = 0; i < findings->n; i++) {
                const Finding *finding = &findings->items[i];

                printf("%s{\"check\":\"%s\",\"verdict\":\"%s\",\"text\":", i > 0 ? ",\n" : "[",
                       finding->check, verdicts[finding->verdict].name);
                json_write_string(stdout, finding->text);
                fputs(",\"mend\":", stdout);
                if (finding->mend)
                        json_write_string(stdout, finding->mend);
                else
                        fputs("null", stdout);
                fputc('}', stdout);
        }
        puts(findings->n > 0 ? "]" : "[]");
}

void findings_print(const Findings *findings, bool has_colours)
{
        for (size_t i = 0; i < findings->n; i++) {
                const Finding *finding = &findings->items[i];

                printf("%s%-4s%s  %-13s ",
                       terminal_colour(has_colours, verdicts[finding->verdict].colour),
                       verdicts[finding->verdict].name, terminal_colour(has_colours, COLOUR_NONE),
                       finding->check);
                name_print(finding->text, 0);
                if (finding->mend) {
                        fputs(" -> ", stdout);
                        name_print(finding->mend, 0);
                }
                fputc('\n', stdout);
        }
}
