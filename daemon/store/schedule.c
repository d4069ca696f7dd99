/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.c: asked for, too much, or too long ago. */
#include "store/schedule.h"

#include "util/macro.h"

/* Of a store that is full, what was deleted is looked for so soon. */
#define SHORT_AFTER ((msec_t)100)

/* Up to this part of the bound, in percent, nobody waits for a checkpoint. */
#define FREE 25U

/* Nobody waits longer than this without looking again. */
#define WAIT_MAX ((msec_t)60 * MSEC_PER_SEC)

void schedule_init(Schedule *schedule, msec_t after, uint64_t bytes)
{
        *schedule = (Schedule){.after = after, .bytes = bytes, .last = clock_boottime()};
}

void schedule_begin(Schedule *schedule)
{
        schedule->begun = schedule->wanted;
        schedule->last = clock_boottime();
        schedule->is_short = schedule->is_delayed = false;
}

/* As if one had begun: but what was asked for still is. */
void schedule_delay(Schedule *schedule)
{
        schedule->last = clock_boottime();
        schedule->is_delayed = true;
}

static unsigned fill(const Schedule *schedule, const Writer *writer)
{
        return writer_fill(writer, writer_bound(writer, schedule->bytes));
}

bool schedule_is_full(const Schedule *schedule, const Writer *writer)
{
        return fill(schedule, writer) >= 100;
}

unsigned schedule_pace(const Schedule *schedule, const Writer *writer)
{
        unsigned percent = fill(schedule, writer);

        return percent > FREE ? (percent - FREE) * 100 / (100 - FREE) : 0;
}

static msec_t time_of_next(const Schedule *schedule)
{
        msec_t after = schedule->after ? schedule->after : MSEC_INFINITY;

        if (schedule->is_short || schedule->is_delayed)
                after = MIN(after, SHORT_AFTER);
        return msec_add(schedule->last, after);
}

static bool is_wanted(const Schedule *schedule)
{
        return schedule->wanted > schedule->begun;
}

bool schedule_is_due(const Schedule *schedule, const Writer *writer)
{
        if (!is_wanted(schedule) && writer->bytes == 0)
                return false;
        if (schedule->is_delayed)
                return clock_boottime() >= time_of_next(schedule);
        return is_wanted(schedule) || !writer->journal || schedule_is_full(schedule, writer) ||
               clock_boottime() >= time_of_next(schedule);
}

int schedule_wait(const Schedule *schedule, const Writer *writer)
{
        msec_t now = clock_boottime(), due = time_of_next(schedule);

        if ((writer->bytes == 0 && !is_wanted(schedule)) || due == MSEC_INFINITY)
                return -1;
        return due <= now ? 0 : (int)MIN(due - now, WAIT_MAX);
}
