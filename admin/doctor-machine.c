/* SPDX-License-Identifier: Apache-2.0 */

/* hawkerctl doctor: what the broker needs of the machine. */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "admin/doctor.h"
#include "util/macro.h"

#define MIB         (UINT64_C(1) << 20)
#define ROOM_LITTLE (500 * MIB)
#define ROOM_NONE   (20 * MIB)

/* What is no place for a store. */
static const struct {
        long type;
        const char *name, *why;
} file_systems[] = {
        {TMPFS_MAGIC, "tmpfs", "a reboot empties it"},
        {NFS_SUPER_MAGIC, "NFS", "what is mapped into memory is not safe there"},
        {SMB_SUPER_MAGIC, "SMB", "what is mapped into memory is not safe there"},
        {FUSE_SUPER_MAGIC, "FUSE", "what is mapped into memory may not be safe there"},
};

/* The folder, or the nearest one above it that is there. The caller frees it. */
static char *existing(const char *folder)
{
        char *path = strdup(folder);

        while (path && access(path, F_OK) < 0 && errno == ENOENT && strcmp(path, "/") != 0)
                dirname(path);
        return path;
}

static void examine_room(const char *folder, const struct statfs *about, Findings *findings)
{
        const uint64_t unit = (uint64_t)about->f_bsize, free = about->f_bavail * unit;
        const uint64_t percent = about->f_blocks ? about->f_bavail * 100 / about->f_blocks : 100;
        Verdict verdict = VERDICT_OK;

        if (free < ROOM_LITTLE || percent < 5)
                verdict = VERDICT_WARN;
        if (free < ROOM_NONE)
                verdict = VERDICT_FAIL;
        findings_add(findings, verdict, "disk", "%s has room for %" PRIu64 " MiB (%" PRIu64 " %%)",
                     folder, free / MIB, percent);
        if (verdict != VERDICT_OK)
                findings_mend(findings, "hawkerctl store compact, or: du -x '%s' | sort -n",
                              folder);
}

static void examine_disk(const Patient *patient, Findings *findings)
{
        _cleanup_free_ char *folder = existing(patient->state);
        struct statfs about;

        if (!folder || statfs(folder, &about) < 0) {
                findings_add(findings, VERDICT_WARN, "disk", "%s: %s", patient->state,
                             strerror(errno));
                return;
        }
        examine_room(folder, &about, findings);
        for (size_t i = 0; i < ARRAY_SIZE(file_systems); i++)
                if (about.f_type == file_systems[i].type) {
                        findings_add(findings, VERDICT_WARN, "disk", "%s is on %s: %s", folder,
                                     file_systems[i].name, file_systems[i].why);
                        findings_mend(findings, "systemctl edit %s  # or persistence_location",
                                      patient->unit);
                }
}

static void examine_clock(Findings *findings)
{
        struct timex state = {};
        int r = adjtimex(&state);

        if (r < 0)
                return;
        if (r != TIME_ERROR && !(state.status & STA_UNSYNC)) {
                findings_add(findings, VERDICT_OK, "clock", "the clock is synchronised");
                return;
        }
        findings_add(findings, VERDICT_WARN, "clock",
                     "the clock is not synchronised: certificates and expiries go by it");
        findings_mend(findings, "timedatectl set-ntp true");
}

void doctor_examine_machine(const Patient *patient, Findings *findings)
{
        examine_disk(patient, findings);
        examine_clock(findings);
}
