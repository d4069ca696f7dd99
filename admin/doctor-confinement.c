/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: what SELinux and AppArmor make of the broker. */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "admin/doctor.h"
#include "admin/hawkerd.h"
#include "util/macro.h"

#define SELINUX  "/sys/fs/selinux/enforce"
#define APPARMOR "/sys/kernel/security/apparmor/profiles"
#define PROFILE  "/etc/apparmor.d/usr.sbin.hawkerd"
/* What the kernel and the bus have refused, to anybody. */
#define REFUSALS "journalctl -b -q --no-pager -o cat _TRANSPORT=audit"

#define LABEL_SIZE 256U
#define SHOWN      160 /* characters of a refusal */

static void fclosep(FILE **file)
{
        if (*file)
                fclose(*file);
}

/* --- SELinux --- */

/* Of the file, or of the nearest folder above that is there: 0 or -errno. */
static int read_label(const char *path, char *ret_label)
{
        _cleanup_free_ char *here = strdup(path);
        ssize_t n;

        if (!here)
                return -ENOMEM;
        while (access(here, F_OK) < 0 && errno == ENOENT && strcmp(here, "/") != 0)
                dirname(here);
        n = getxattr(here, "security.selinux", ret_label, LABEL_SIZE - 1);
        if (n < 0)
                return -errno;
        ret_label[n] = 0;
        return 0;
}

static bool is_enforcing(void)
{
        _cleanup_(fclosep) FILE *file = fopen(SELINUX, "re");

        return file && fgetc(file) == '1';
}

/* By its file a process gets its domain. */
static void examine_domain(Findings *findings)
{
        const char *program = hawkerd_program();
        const char *state =
                is_enforcing() ? "enforces" : "permits all, and says what it would refuse";
        char label[LABEL_SIZE];

        if (program[0] != '/' || read_label(program, label) < 0) {
                findings_add(findings, VERDICT_OK, "selinux", "SELinux %s", state);
        } else if (strstr(label, ":hawker_exec_t")) {
                findings_add(findings, VERDICT_OK, "selinux",
                             "SELinux %s, and the broker has a domain of its own", state);
        } else {
                findings_add(findings, VERDICT_WARN, "selinux",
                             "SELinux %s, but not for the broker: %s is %s", state, program, label);
                findings_mend(findings, "semodule -l | grep hawker  # then: restorecon -v '%s'",
                              program);
        }
}

static void examine_label(const char *path, Findings *findings)
{
        static const char *const strange[] = {":unlabeled_t", ":user_", ":default_t",
                                              ":admin_home_t"};
        char label[LABEL_SIZE];

        if (read_label(path, label) < 0)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(strange); i++)
                if (strstr(label, strange[i])) {
                        findings_add(findings, VERDICT_FAIL, "selinux", "%s is %s", path, label);
                        findings_mend(findings, "restorecon -R '%s'", path);
                        return;
                }
        findings_add(findings, VERDICT_OK, "selinux", "%s is %s", path, label);
}

static void examine_selinux(const Patient *patient, Findings *findings)
{
        if (access(SELINUX, F_OK) < 0) {
                findings_add(findings, VERDICT_OK, "selinux", "SELinux is off");
                return;
        }
        examine_domain(findings);
        examine_label(patient->configuration, findings);
        examine_label(patient->state, findings);
}

/* --- AppArmor --- */

/* The mode that the kernel has the profile in. NULL: it has none. */
static const char *find_profile(FILE *profiles)
{
        static const struct {
                const char *line, *mode;
        } modes[] = {
                {"hawkerd (enforce)\n", "enforces"},
                {"hawkerd (complain)\n", "permits all, and says what it would refuse"},
        };
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        while (getline(&line, &size, profiles) > 0)
                for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
                        if (strcmp(line, modes[i].line) == 0)
                                return modes[i].mode;
        return NULL;
}

static void examine_apparmor(Findings *findings)
{
        _cleanup_(fclosep) FILE *profiles = fopen(APPARMOR, "re");
        const char *mode;

        if (!profiles) {
                findings_add(findings, VERDICT_OK, "apparmor",
                             errno == EACCES ? "only root can ask AppArmor" : "AppArmor is off");
                return;
        }
        mode = find_profile(profiles);
        if (mode) {
                findings_add(findings, VERDICT_OK, "apparmor",
                             "AppArmor %s, by a profile for the broker", mode);
                return;
        }
        findings_add(findings, VERDICT_WARN, "apparmor", "AppArmor has no profile for the broker");
        findings_mend(findings, "apparmor_parser -r " PROFILE);
}

/* --- what was refused --- */

static bool is_refusal(const char *line)
{
        return strstr(line, "hawker") &&
               (strstr(line, "avc:  denied") || strstr(line, "apparmor=\"DENIED\""));
}

static void examine_refusals(Findings *findings)
{
        _cleanup_free_ char *line = NULL, *last = NULL;
        FILE *lines = popen(REFUSALS " 2>/dev/null", "re");
        unsigned n_refusals = 0;
        size_t size = 0;
        ssize_t n;

        if (!lines)
                return;
        while ((n = getline(&line, &size, lines)) > 0)
                if (is_refusal(line)) {
                        n_refusals++;
                        free(last);
                        last = strndup(line, strcspn(line, "\n"));
                }
        pclose(lines);
        if (n_refusals == 0)
                return;
        findings_add(findings, VERDICT_WARN, "refusals",
                     "%u since the machine has started, the last one: %.*s", n_refusals, SHOWN,
                     last ? last : "");
        findings_mend(findings, REFUSALS " | grep hawker");
}

void doctor_examine_confinement(const Patient *patient, Findings *findings)
{
        examine_selinux(patient, findings);
        examine_apparmor(findings);
        examine_refusals(findings);
}
