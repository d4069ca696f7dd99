/* SPDX-License-Identifier: Apache-2.0 */
/* lmdb-salvage.c: children look at the file; what they dare not tell is damaged. */
#include "store/lmdb-salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb-pages.h"
#include "util/clock.h"
#include "util/macro.h"

#define FILE_NEW "salvaged"

/* LMDB remembers the largest map that a file ever had: no more than is needed. Records that are put
 * in one by one may take more room than they had. */
#define MAP_TIMES 4U
#define MAP_ROOM  ((size_t)16 * 1024 * 1024)

/* The exit status of a child that found damage; others are an errno. */
#define DAMAGED 255

/* What a child that dies takes with it. */
#define COMMIT_EVERY 256U

/* What children do. They share *records with their parent. */
typedef struct Salvage {
        const StoreOptions *options;
        char old_path[4096], new_path[4096];
        unsigned table; /* that is copied */
        bool backward;
        size_t size; /* of the old file */
        int owner;   /* StoreFolder.owner */
        uint64_t *records;
} Salvage;

static int open_old(const Salvage *salvage, MDB_env **ret_env, MDB_txn **ret_txn)
{
        int r = mdb_env_create(ret_env);

        if (r == 0)
                r = mdb_env_set_maxdbs(*ret_env, salvage->options->n_tables);
        if (r == 0)
                r = mdb_env_set_mapsize(*ret_env, salvage->size + MAP_ROOM);
        if (r == 0)
                r = mdb_env_open(*ret_env, salvage->old_path,
                                 MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0600);
        return r == 0 ? mdb_txn_begin(*ret_env, NULL, MDB_RDONLY, ret_txn) : r;
}

/* In a damaged tree the next key may be any, and the walk without end. */
static bool is_in_order(const MDB_val *before, const MDB_val *key, bool backward)
{
        size_t common = MIN(before->mv_size, key->mv_size);
        int order;

        if (key->mv_size == 0 || key->mv_size > STORE_KEY_MAX)
                return false;
        order = memcmp(before->mv_data, key->mv_data, common);
        if (order == 0)
                order = before->mv_size < key->mv_size ? -1 : before->mv_size > key->mv_size;
        return before->mv_size == 0 || (backward ? order > 0 : order < 0);
}

/* Touches each byte: all of it must be there. */
static unsigned look_at(const MDB_val *value)
{
        const uint8_t *bytes = value->mv_data;
        unsigned sum = 0;

        for (size_t i = 0; i < value->mv_size; i++)
                sum += bytes[i];
        return sum;
}

/* --- children: the exit status is the answer --- */

static int walk_table(MDB_txn *txn, const char *name)
{
        char last[STORE_KEY_MAX];
        MDB_val before = {0, last}, key, value;
        volatile unsigned sum = 0;
        MDB_cursor *cursor;
        MDB_dbi dbi;
        int r = mdb_dbi_open(txn, name, 0, &dbi);

        if (r == 0)
                r = mdb_cursor_open(txn, dbi, &cursor);
        while (r == 0 && (r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
                if (!is_in_order(&before, &key, false))
                        return MDB_CORRUPTED;
                memcpy(last, key.mv_data, key.mv_size);
                before.mv_size = key.mv_size;
                sum += look_at(&value);
        }
        return r == MDB_NOTFOUND ? 0 : r;
}

static int probe(const Salvage *salvage)
{
        MDB_env *env;
        MDB_txn *txn;
        int r = lmdb_pages_check(salvage->old_path);

        if (r == -ENOMEM) /* here it is not the file that wants too much */
                _exit(ENOMEM);
        if (r < 0)
                return r == -EBADMSG ? MDB_CORRUPTED : -r;
        r = open_old(salvage, &env, &txn);
        for (unsigned i = 0; i < salvage->options->n_tables && r == 0; i++)
                r = walk_table(txn, salvage->options->tables[i]);
        return r;
}

/* Also where the last child has come to: what is there already ends the copy. */
static int copy_table(const Salvage *salvage, MDB_txn *old, MDB_env *env)
{
        const char *name = salvage->options->tables[salvage->table];
        char last[STORE_KEY_MAX];
        MDB_val before = {0, last}, key, value;
        MDB_cursor *cursor;
        MDB_txn *txn = NULL;
        MDB_dbi from, to;
        uint64_t n = 0;
        int r = mdb_dbi_open(old, name, 0, &from);

        if (r == 0)
                r = mdb_cursor_open(old, from, &cursor);
        if (r == 0)
                r = mdb_txn_begin(env, NULL, 0, &txn);
        if (r == 0)
                r = mdb_dbi_open(txn, name, MDB_CREATE, &to);
        while (r == 0 && (r = mdb_cursor_get(cursor, &key, &value,
                                             salvage->backward ? MDB_PREV : MDB_NEXT)) == 0) {
                if (!is_in_order(&before, &key, salvage->backward))
                        break;
                memcpy(last, key.mv_data, key.mv_size);
                before.mv_size = key.mv_size;
                look_at(&value);
                r = mdb_put(txn, to, &key, &value, MDB_NOOVERWRITE);
                if (r == 0 && ++n % COMMIT_EVERY == 0) {
                        r = mdb_txn_commit(txn);
                        txn = NULL;
                        *salvage->records += COMMIT_EVERY;
                        if (r == 0)
                                r = mdb_txn_begin(env, NULL, 0, &txn);
                }
        }
        if (!txn || r > 0 || r == MDB_MAP_FULL) /* that is not the old file's fault */
                return r;
        *salvage->records += n % COMMIT_EVERY;
        return mdb_txn_commit(txn);
}

static int copy(const Salvage *salvage)
{
        MDB_env *old, *env;
        MDB_txn *txn;
        int r = open_old(salvage, &old, &txn);

        if (r == 0)
                r = mdb_env_create(&env);
        if (r == 0)
                r = mdb_env_set_maxdbs(env, salvage->options->n_tables);
        if (r == 0)
                r = mdb_env_set_mapsize(env, MAP_TIMES * salvage->size + MAP_ROOM);
        if (r == 0)
                r = mdb_env_open(env, salvage->new_path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
        return r == 0 ? copy_table(salvage, txn, env) : r;
}

/* --- the parent --- */

/* LMDB's own errors are below zero. To take a full disk for a damaged file would be to lose it. */
static int status_of(int r)
{
        switch (r) {
        case MDB_VERSION_MISMATCH:
                return EPROTONOSUPPORT;
        case ENOMEM: /* there was room for the file: it claims to be larger than it is */
        case EINVAL: /* or to have pages that there are not */
                return DAMAGED;
        default:
                return r < 0 || r >= DAMAGED ? DAMAGED : r;
        }
}

static bool has_room(const Salvage *salvage)
{
        size_t size = (MAP_TIMES + 1) * salvage->size + 2 * MAP_ROOM;
        void *room =
                mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        return room != MAP_FAILED && munmap(room, size) == 0;
}

/* It dies with its parent, and keeps nothing open of what that has, a listening socket above all:
 * the next process would find the port taken. Only the lock is its as well, for it may write. */
static void be_child(const Salvage *salvage, pid_t parent)
{
        const unsigned owner = (unsigned)salvage->owner;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(ECHILD);
        if (owner > STDERR_FILENO + 1)
                close_range(STDERR_FILENO + 1, owner - 1, 0);
        close_range(owner + 1, ~0U, 0);
}

/* It must not print, nor leave its memory behind. */
static void run_child(const Salvage *salvage, int (*run)(const Salvage *salvage))
{
        const struct rlimit none = {0, 0};
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        setrlimit(RLIMIT_CORE, &none);
        if (null >= 0)
                dup2(null, STDERR_FILENO);
        for (int i = 1; i < NSIG; i++)
                signal(i, SIG_DFL);
        _exit(has_room(salvage) ? status_of(run(salvage)) : ENOMEM);
}

/* 0; -EBADMSG: it said so, or died of it; -errno: nobody knows. */
static int try_in_child(const Salvage *salvage, int (*run)(const Salvage *salvage))
{
        const pid_t parent = getpid();
        int status;
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                be_child(salvage, parent);
                run_child(salvage, run);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (WIFSIGNALED(status)) /* killed by others, as by the kernel for want of memory */
                return WTERMSIG(status) == SIGKILL ? -ENOMEM : -EBADMSG;
        return WEXITSTATUS(status) == DAMAGED ? -EBADMSG : -WEXITSTATUS(status);
}

static int salvage_init(Salvage *salvage, const StoreFolder *folder, const StoreOptions *options)
{
        struct stat stat;

        if (fstatat(folder->fd, STORE_FILE_DATA, &stat, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        *salvage = (Salvage){
                .options = options,
                .size = (size_t)stat.st_size,
                .owner = folder->owner,
        };
        if (snprintf(salvage->old_path, sizeof(salvage->old_path), "%s/%s", folder->path,
                     STORE_FILE_DATA) >= (int)sizeof(salvage->old_path) ||
            snprintf(salvage->new_path, sizeof(salvage->new_path), "%s/%s", folder->path,
                     FILE_NEW) >= (int)sizeof(salvage->new_path))
                return -ENAMETOOLONG;
        return 0;
}

int lmdb_probe(const StoreFolder *folder, const StoreOptions *options)
{
        Salvage salvage;
        int r = salvage_init(&salvage, folder, options);

        if (r < 0 || salvage.size == 0) /* it was never opened */
                return r;
        return try_in_child(&salvage, probe);
}

/* Each commit writes the one of two heads that is not in use. LMDB opens no file of which one is
 * damaged, though the other leads to all but what the last commit did. A head begins with its
 * number. */
static void mend_heads(const StoreFolder *folder)
{
        size_t size = (size_t)sysconf(_SC_PAGESIZE);
        _cleanup_close_ int fd = openat(folder->fd, STORE_FILE_DATA, O_RDWR | O_CLOEXEC);
        _cleanup_free_ uint8_t *heads = calloc(2, size);
        bool sound[2];

        if (fd < 0 || !heads || pread(fd, heads, 2 * size, 0) != (ssize_t)(2 * size))
                return;
        for (unsigned i = 0; i < 2; i++)
                sound[i] = lmdb_head_is_sound(heads + i * size, size, i);
        for (unsigned i = 0; i < 2; i++)
                if (sound[i] && !sound[!i]) {
                        uint8_t *head = heads + i * size;
                        size_t number = !i;

                        memcpy(head, &number, sizeof(number));
                        (void)!pwrite(fd, head, size, (off_t)(!i * size));
                }
}

static int swap(const StoreFolder *folder)
{
        char name[64];

        snprintf(name, sizeof(name), STORE_FILE_DAMAGED "%llu",
                 (unsigned long long)clock_realtime());
        if (renameat(folder->fd, STORE_FILE_DATA, folder->fd, name) < 0 ||
            renameat(folder->fd, FILE_NEW, folder->fd, STORE_FILE_DATA) < 0 ||
            fsync(folder->fd) < 0)
                return -errno;
        return 0;
}

int lmdb_salvage(const StoreFolder *folder, const StoreOptions *options, uint64_t *ret_records)
{
        Salvage salvage;
        uint64_t *records;
        int r = salvage_init(&salvage, folder, options);

        if (r < 0)
                return r;
        records = mmap(NULL, sizeof(*records), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0);
        if (records == MAP_FAILED)
                return -errno;
        salvage.records = records;
        mend_heads(folder);
        (void)unlinkat(folder->fd, FILE_NEW, 0); /* of one that was killed */
        r = store_folder_file(folder, FILE_NEW);
        for (unsigned i = 0; i < 2 * options->n_tables && r == 0; i++) {
                salvage.table = i / 2;
                salvage.backward = i % 2;
                r = try_in_child(&salvage, copy);
                if (r == -EBADMSG) /* as far as it came */
                        r = 0;
        }
        if (r == 0)
                r = swap(folder);
        if (r == 0)
                *ret_records = *records;
        munmap(records, sizeof(*records));
        return r;
}
