/* SPDX-License-Identifier: Apache-2.0 */

/* Backups of the store while the broker runs. */

#include "control/backup-bus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/thread.h"
#include "util/log.h"

/* How long the thread sleeps while a checkpoint is made, µs. */
#define PATIENCE 1000U

struct BackupJob {
        Manager *manager;
        sd_bus_message *call;
        pthread_t thread;
        int fd, ended; /* the file; an eventfd */
        sd_event_source *source;
        uint64_t checkpoint; /* the copy has all that was done before it */
        int result;
};

/* --- the thread --- */

static int await_checkpoint(const BackupJob *job)
{
        const Server *server = job->manager->server;

        while (server_checkpointed(server) < job->checkpoint) {
                if (server_store_error(server) < 0)
                        return server_store_error(server);
                usleep(PATIENCE);
        }
        return 0;
}

static void *run(void *data)
{
        BackupJob *job = data;

        job->result = await_checkpoint(job);
        if (job->result == 0)
                job->result = store_backup(job->manager->storage.store, job->fd, true);
        (void)eventfd_write(job->ended, 1);
        return NULL;
}

/* --- the job --- */

static void job_free(BackupJob *job)
{
        sd_event_source_disable_unref(job->source);
        sd_bus_message_unref(job->call);
        closep(&job->fd);
        closep(&job->ended);
        free(job);
}

static void answer(const BackupJob *job)
{
        if (job->result == 0) {
                log_notice("A backup of the store is complete");
                sd_bus_reply_method_return(job->call, NULL);
                return;
        }
        log_warning("The backup of the store failed: %s", strerror(-job->result));
        sd_bus_reply_method_errorf(job->call, "org.hawker.Error.BackupFailed",
                                   "The backup failed: %s", strerror(-job->result));
}

void backup_bus_end(Manager *manager)
{
        BackupJob *job = TAKE_PTR(manager->backup);

        if (!job)
                return;
        pthread_join(job->thread, NULL);
        answer(job);
        job_free(job);
}

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *data)
{
        backup_bus_end(data);
        return 0;
}

/* The file is the caller's: ours is another descriptor of it. */
static int job_new(Manager *manager, sd_bus_message *call, int fd, BackupJob **ret_job)
{
        BackupJob *job = calloc(1, sizeof(*job));
        int r;

        if (!job)
                return -ENOMEM;
        job->manager = manager;
        job->call = sd_bus_message_ref(call);
        job->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        job->ended = job->fd < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = job->fd < 0 || job->ended < 0 ? -errno
                                          : sd_event_add_io(manager->event, &job->source,
                                                            job->ended, EPOLLIN, on_ended, manager);
        if (r >= 0)
                r = storage_begin_checkpoint(&manager->storage, &job->checkpoint);
        if (r >= 0)
                r = thread_start(&job->thread, "backup", run, job);
        if (r < 0) {
                job_free(job);
                return r;
        }
        *ret_job = job;
        return 0;
}

static bool is_writable(int fd)
{
        int flags = fcntl(fd, F_GETFL);

        return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

int backup_bus_start(sd_bus_message *call, void *data, sd_bus_error *error)
{
        Manager *manager = data;
        int fd, r;

        r = sd_bus_message_read(call, "h", &fd);
        if (r < 0)
                return r;
        if (!manager->storage.store)
                return sd_bus_error_set(error, "org.hawker.Error.NoStore",
                                        "There is no store: persistence is false");
        if (manager->backup)
                return sd_bus_error_set(error, "org.hawker.Error.BackupRunning",
                                        "Another backup is being made");
        if (!is_writable(fd))
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
                                        "The file is not open for writing");
        r = job_new(manager, call, fd, &manager->backup);
        return r < 0 ? r : 1;
}
