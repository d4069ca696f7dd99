/* SPDX-License-Identifier: Apache-2.0 */
/* teller.c: three numbers for each lane. */
#include "store/teller.h"

#include <errno.h>
#include <stdlib.h>

void teller_init(Teller *teller, const CommitterEvents *events)
{
        *teller = (Teller){.events = *events};
        pthread_mutex_init(&teller->lock, NULL);
        list_init(&teller->lanes);
}

void teller_done(Teller *teller)
{
        for (List *at; (at = list_first(&teller->lanes));) {
                list_remove(at);
                free(container_of(at, CommitLane, link));
        }
        pthread_mutex_destroy(&teller->lock);
}

int teller_add_lane(Teller *teller, void *lane_data, CommitLane **ret_lane)
{
        CommitLane *lane = calloc(1, sizeof(*lane));

        if (!lane)
                return -ENOMEM;
        lane->data = lane_data;
        pthread_mutex_lock(&teller->lock);
        list_append(&teller->lanes, &lane->link);
        pthread_mutex_unlock(&teller->lock);
        *ret_lane = lane;
        return 0;
}

void teller_refuse(Teller *teller, Change *change, int error)
{
        teller->events.refused(change->head.lane->data, change->head.number, error);
        change->head.error = error;
}

void teller_tell_done(Teller *teller)
{
        pthread_mutex_lock(&teller->lock);
        list_foreach (CommitLane, lane, &teller->lanes, link) {
                if (lane->told == lane->reached || teller->error < 0)
                        continue;
                lane->told = lane->reached;
                teller->events.done(lane->data, lane->told);
        }
        pthread_mutex_unlock(&teller->lock);
}

bool teller_end_quietly(Teller *teller, CommitLane *lane)
{
        bool is_fine;

        pthread_mutex_lock(&teller->lock);
        is_fine = teller->error == 0;
        if (is_fine)
                lane->told = lane->reached;
        pthread_mutex_unlock(&teller->lock);
        return is_fine;
}

void teller_hand_over(Teller *teller, uint64_t checkpoint)
{
        pthread_mutex_lock(&teller->lock);
        list_foreach (CommitLane, lane, &teller->lanes, link)
                lane->handed = lane->told;
        teller->checkpoint_handed = checkpoint;
        pthread_mutex_unlock(&teller->lock);
}

void teller_tell_settled(Teller *teller)
{
        pthread_mutex_lock(&teller->lock);
        list_foreach (CommitLane, lane, &teller->lanes, link) {
                if (lane->settled == lane->handed || teller->error < 0)
                        continue;
                lane->settled = lane->handed;
                teller->events.settled(lane->data, lane->settled);
        }
        if (teller->checkpoint_handed > teller->checkpoint_told && teller->error == 0) {
                teller->checkpoint_told = teller->checkpoint_handed;
                teller->events.checkpointed(teller->events.data, teller->checkpoint_told);
        }
        pthread_mutex_unlock(&teller->lock);
}

void teller_fail(Teller *teller, int error)
{
        pthread_mutex_lock(&teller->lock);
        if (teller->error == 0) {
                teller->error = error;
                teller->events.failed(teller->events.data, error);
        }
        pthread_mutex_unlock(&teller->lock);
}

bool teller_has_failed(Teller *teller)
{
        bool has_failed;

        pthread_mutex_lock(&teller->lock);
        has_failed = teller->error < 0;
        pthread_mutex_unlock(&teller->lock);
        return has_failed;
}
