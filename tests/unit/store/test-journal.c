/* SPDX-License-Identifier: Apache-2.0 */
/* test-journal.c: what a journal gives back, whatever has become of it. */

#include <errno.h>
#include <stdio.h>

#include "committer-told.h"
#include "store-copy.h"
#include "store/journal-scan.h"
#include "store/journal-segment.h"

typedef struct Stage {
        Fixture fixture;
        Committer *committer;
        CommitLane *lane;
} Stage;

static Stage stage;

static void begin(void)
{
        told_again();
        g_assert_cmpint(committer_new(stage.fixture.store, &(CommitterOptions){.no_thread = true},
                                      &told_events, &stage.committer),
                        ==, 0);
        g_assert_cmpint(committer_lane(stage.committer, NULL, &stage.lane), ==, 0);
}

static void stage_init(void)
{
        stage = (Stage){};
        fixture_init(&stage.fixture, true);
        begin();
}

static void stage_done(void)
{
        stage.committer = committer_free(stage.committer);
        fixture_done(&stage.fixture);
}

static void submit(const char *key, size_t size)
{
        g_autofree uint8_t *value = g_malloc(size + 1);
        Change *change = change_new(false, 0);
        uint64_t number;

        memset(value, 'v', size);
        change_append(&change, TABLE_LOG, text(key), (Bytes){value, size});
        g_assert_cmpint(committer_submit(stage.lane, change, &number), ==, 0);
}

/* One batch. */
static void commit(const char *key, size_t size)
{
        submit(key, size);
        g_assert_true(committer_turn(stage.committer));
}

static void checkpoint(void)
{
        uint64_t number;

        g_assert_cmpint(committer_checkpoint(stage.committer, &number), ==, 0);
        g_assert_true(committer_turn(stage.committer));
        g_assert_cmpuint(told.settled, ==, told.done);
}

/* The store as the next process would find it. */
static void crash(Fixture *ret_copy)
{
        fixture_copy(&stage.fixture, ret_copy);
}

static void open_copy(Fixture *copy)
{
        g_assert_cmpint(store_open(copy->folder, &copy->options, &copy->store), ==, 0);
}

static void assert_keys(const Fixture *fixture, const char *keys)
{
        for (char key[] = "a"; key[0] <= 'z'; key[0]++) {
                g_autofree char *value = get_one(fixture->store, TABLE_LOG, key);

                g_assert_cmpint(!!value, ==, !!strchr(keys, key[0]));
        }
}

static void test_what_only_the_journal_has(void)
{
        Fixture copy;

        stage_init();
        commit("a", 10);
        submit("b", 2000);
        commit("c", 0);
        assert_keys(&stage.fixture, ""); /* not in the tables yet */
        crash(&copy);
        open_copy(&copy);
        assert_keys(&copy, "abc");
        g_assert_cmpuint(store_found(copy.store).replayed, ==, 3);
        g_assert_cmpuint(store_found(copy.store).lost, ==, 0);
        g_assert_false(store_found(copy.store).clean);
        g_assert_cmpint(fixture_reopen(&copy), ==, 0);
        g_assert_cmpuint(store_found(copy.store).replayed, ==, 0);
        fixture_done(&copy);
        stage_done();
}

static void test_behind_a_checkpoint(void)
{
        Fixture copy;

        stage_init();
        commit("a", 10);
        checkpoint();
        assert_keys(&stage.fixture, "a");
        commit("b", 10);
        crash(&copy);
        open_copy(&copy);
        assert_keys(&copy, "ab");
        g_assert_cmpuint(store_found(copy.store).replayed, ==, 1);
        fixture_done(&copy);
        stage_done();
}

/* But for one file, in which nothing is that counts: the next journal goes on in it. */
static void test_nothing_is_left_of_it_at_the_end(void)
{
        stage_init();
        for (unsigned i = 0; i < 8; i++)
                commit("a", 1000000);
        g_assert_cmpuint(fixture_count(&stage.fixture, "journal-"), >, 1);
        stage.committer = committer_free(stage.committer);
        g_assert_cmpuint(fixture_count(&stage.fixture, "journal-"), ==, 1);
        assert_keys(&stage.fixture, "a");
        g_assert_cmpint(store_mark_clean(stage.fixture.store), ==, 0);
        g_assert_cmpint(fixture_reopen(&stage.fixture), ==, 0);
        assert_keys(&stage.fixture, "a");
        g_assert_true(store_found(stage.fixture.store).clean);
        g_assert_cmpuint(store_found(stage.fixture.store).replayed, ==, 0);
        g_assert_cmpuint(fixture_count(&stage.fixture, "journal-"), ==, 1);
        stage_done();
}

static void test_second_committer_of_a_store(void)
{
        Fixture copy;

        stage_init();
        commit("a", 10);
        stage.committer = committer_free(stage.committer);
        begin();
        commit("b", 10);
        crash(&copy);
        open_copy(&copy);
        assert_keys(&copy, "ab");
        fixture_done(&copy);
        stage_done();
}

static void test_private(void)
{
        mode_t old = umask(0);
        struct stat stat;
        g_autofree char *file = NULL;

        stage_init();
        commit("a", 10);
        umask(old);
        file = fixture_file(&stage.fixture, "journal-0");
        g_assert_cmpint(lstat(file, &stat), ==, 0);
        g_assert_cmphex(stat.st_mode & 07777, ==, 0600);
        stage_done();
}

/* Larger than a file of the journal, and than all that a batch has otherwise. */
static void test_large_value(void)
{
        g_autofree char *value = NULL;
        Fixture copy;

        stage_init();
        commit("a", 10);
        commit("b", 6 * 1024 * 1024);
        commit("c", 10);
        crash(&copy);
        open_copy(&copy);
        assert_keys(&copy, "abc");
        value = get_one(copy.store, TABLE_LOG, "b");
        g_assert_cmpuint(strlen(value), ==, 6 * 1024 * 1024);
        fixture_done(&copy);
        stage_done();
}

static void test_files_are_used_again(void)
{
        Fixture copy;

        stage_init(); /* whose files have 1 MiB */
        for (unsigned i = 0; i < 40; i++) {
                commit("a", 400 * 1024);
                if (i % 4 == 3)
                        checkpoint();
                g_assert_cmpuint(fixture_count(&stage.fixture, "journal-"), <=, 6);
        }
        commit("b", 10); /* what is behind it in the file is old */
        crash(&copy);
        open_copy(&copy);
        assert_keys(&copy, "ab");
        g_assert_cmpuint(store_found(copy.store).lost, ==, 0);
        g_assert_cmpuint(store_found(copy.store).replayed, ==, 1);
        fixture_done(&copy);
        stage_done();
}

/* After much has come, little does. */
static void test_files_that_nobody_needs_go(void)
{
        unsigned most;

        stage_init();
        for (unsigned i = 0; i < 12; i++)
                commit("a", 600 * 1024);
        checkpoint();
        most = fixture_count(&stage.fixture, "journal-");
        g_assert_cmpuint(most, >, 5);
        for (unsigned i = 0; i < 20; i++) {
                commit("a", 10);
                checkpoint();
        }
        g_assert_cmpuint(fixture_count(&stage.fixture, "journal-"), <=, 3);
        stage_done();
}

/* --- damage --- */

/* The last one by default. */
static JournalPlace find_place(const Fixture *fixture, unsigned back)
{
        StoreFolder folder = {.fd = open(fixture->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        JournalScan scan;
        JournalPlace place;

        g_assert_cmpint(journal_scan(&folder, &scan), ==, 0);
        g_assert_cmpuint(scan.n_places, >, back);
        place = scan.places[scan.n_places - 1 - back];
        journal_scan_done(&scan);
        close(folder.fd);
        return place;
}

static int open_segment(const Fixture *fixture, unsigned slot)
{
        char name[JOURNAL_NAME_SIZE];
        g_autofree char *file = NULL;
        int fd;

        journal_segment_name(slot, name);
        file = fixture_file(fixture, name);
        fd = open(file, O_RDWR | O_CLOEXEC);
        g_assert_cmpint(fd, >=, 0);
        return fd;
}

static void flip(const Fixture *fixture, const JournalPlace *place, uint64_t offset)
{
        int fd = open_segment(fixture, place->slot);
        uint8_t byte;

        g_assert_cmpint(pread(fd, &byte, 1, (off_t)(place->at + offset)), ==, 1);
        byte ^= 0x10;
        g_assert_cmpint(pwrite(fd, &byte, 1, (off_t)(place->at + offset)), ==, 1);
        close(fd);
}

static size_t count_places(const Fixture *fixture)
{
        StoreFolder folder = {.fd = open(fixture->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        JournalScan scan;
        size_t n;

        g_assert_cmpint(journal_scan(&folder, &scan), ==, 0);
        n = scan.n_places;
        journal_scan_done(&scan);
        close(folder.fd);
        return n;
}

static void test_each_byte_counts(void)
{
        JournalPlace place;

        stage_init();
        commit("a", 10);
        commit("b", 700);
        commit("c", 10);
        for (unsigned back = 0; back < 3; back++) {
                place = find_place(&stage.fixture, back);
                for (size_t i = 0; i < place.size; i++) {
                        flip(&stage.fixture, &place, i);
                        g_assert_cmpuint(count_places(&stage.fixture), ==, 2);
                        flip(&stage.fixture, &place, i);
                }
        }
        g_assert_cmpuint(count_places(&stage.fixture), ==, 3);
        stage_done();
}

static void tear(const Fixture *fixture, const JournalPlace *place, size_t from, uint8_t with)
{
        g_autofree uint8_t *bytes = g_malloc(place->size - from);
        int fd = open_segment(fixture, place->slot);

        memset(bytes, with, place->size - from);
        g_assert_cmpint(pwrite(fd, bytes, place->size - from, (off_t)(place->at + from)), ==,
                        (ssize_t)(place->size - from));
        close(fd);
}

static void test_torn_at_the_end(void)
{
        static const uint8_t rests[] = {0, 0xff};
        JournalPlace place;
        Fixture copy;

        stage_init();
        commit("a", 10);
        commit("b", 10);
        commit("c", 1500);
        place = find_place(&stage.fixture, 0);
        g_assert_cmpuint(place.size, ==, 2048);
        for (size_t i = 0; i < 2 * place.size; i += 149) {
                size_t from = i % place.size;
                uint8_t rest = rests[i / place.size];

                crash(&copy);
                tear(&copy, &place, from, rest);
                open_copy(&copy);
                /* The end was zero before. */
                assert_keys(&copy, from < JOURNAL_HEADER + 1500 || rest != 0 ? "ab" : "abc");
                g_assert_cmpuint(store_found(copy.store).lost, ==, 0);
                g_assert_cmpuint(fixture_count(&copy, "damaged-"), ==, 0);
                fixture_done(&copy);
        }
        stage_done();
}

/* It is said, the file is kept, and what follows is there. */
static void test_damaged_in_the_middle(void)
{
        JournalPlace place;
        Fixture copy;

        stage_init();
        commit("a", 10);
        checkpoint();
        commit("b", 10);
        commit("c", 10);
        commit("d", 10);
        for (unsigned back = 1; back < 3; back++) {
                place = find_place(&stage.fixture, back);
                crash(&copy);
                flip(&copy, &place, 100);
                if (back == 2)
                        tear(&copy, &place, 0, 0);
                open_copy(&copy);
                assert_keys(&copy, back == 1 ? "abd" : "acd");
                g_assert_cmpuint(store_found(copy.store).lost, ==, 1);
                g_assert_cmpuint(fixture_count(&copy, "damaged-journal-0"), ==, 1);
                g_assert_cmpint(fixture_reopen(&copy), ==, 0);
                g_assert_cmpuint(store_found(copy.store).lost, ==, 0);
                fixture_done(&copy);
        }
        stage_done();
}

/* A file is gone: what is in the others is kept. */
static void test_lost_file(void)
{
        g_autofree char *file = NULL;
        Fixture copy;

        stage_init();
        commit("a", 700 * 1024);
        commit("b", 700 * 1024);
        commit("c", 700 * 1024);
        crash(&copy);
        file = fixture_file(&copy, "journal-1");
        g_assert_cmpint(g_unlink(file), ==, 0);
        open_copy(&copy);
        assert_keys(&copy, "ac");
        g_assert_cmpuint(store_found(copy.store).lost, ==, 1);
        fixture_done(&copy);
        stage_done();
}

/* Somebody has put an older copy of the tables in the place of these. */
static void test_journal_of_other_tables(void)
{
        g_autofree char *from = NULL, *to = NULL;
        Fixture before, after;

        stage_init();
        commit("a", 10);
        checkpoint();
        crash(&before);
        commit("b", 10);
        checkpoint();
        commit("c", 10);
        crash(&after);
        from = fixture_file(&before, "data.mdb");
        to = fixture_file(&after, "data.mdb");
        copy_file(from, to);
        open_copy(&after);
        assert_keys(&after, "a");
        g_assert_true(store_found(after.store).alien);
        g_assert_cmpuint(fixture_count(&after, "journal-"), ==, 0);
        g_assert_cmpuint(fixture_count(&after, "damaged-journal-0"), ==, 1);
        fixture_done(&before);
        fixture_done(&after);
        stage_done();
}

/* The tables are gone: what the journal still has is valid. */
static void test_tables_are_lost(void)
{
        g_autofree char *data = NULL;
        Fixture copy;

        stage_init();
        commit("a", 10);
        checkpoint();
        commit("b", 10);
        commit("c", 10);
        crash(&copy);
        data = fixture_file(&copy, "data.mdb");
        g_assert_cmpint(truncate(data, 0), ==, 0);
        open_copy(&copy);
        assert_keys(&copy, "abc");
        fixture_done(&copy);
        stage_done();
}

/* A copy of the tables is a store by itself, and has nothing to do with the journal here. */
static void test_backup(void)
{
        g_autofree char *data = NULL;
        Fixture copy;
        int fd;

        stage_init();
        commit("a", 3 * 1024 * 1024);
        checkpoint();
        commit("b", 10);
        fixture_init(&copy, true);
        copy.store = store_free(copy.store);
        data = fixture_file(&copy, "data.mdb");
        fd = open(data, O_WRONLY | O_TRUNC | O_CLOEXEC);
        g_assert_cmpint(store_backup(stage.fixture.store, fd, false), ==, 0);
        close(fd);
        open_copy(&copy);
        assert_keys(&copy, "a");
        g_assert_false(store_found(copy.store).alien);
        fixture_done(&copy);
        fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        g_assert_cmpint(store_backup(stage.fixture.store, fd, true), ==, -ENOSPC);
        close(fd);
        commit("c", 10);
        checkpoint();
        assert_keys(&stage.fixture, "abc");
        stage_done();
}

/* What can be had of the tables, and what the journal has. */
static void test_tables_are_damaged(void)
{
        g_autofree uint8_t *damage = g_malloc(2 * 4096);
        g_autofree char *data = NULL;
        Fixture copy;
        int fd;

        stage_init();
        commit("a", 10);
        checkpoint();
        commit("b", 10);
        crash(&copy);
        data = fixture_file(&copy, "data.mdb");
        fd = open(data, O_WRONLY | O_CLOEXEC);
        memset(damage, 0xff, 2 * 4096);
        g_assert_cmpint(pwrite(fd, damage, 2 * 4096, 0), ==, 2 * 4096); /* where it begins */
        close(fd);
        open_copy(&copy);
        g_assert_true(store_found(copy.store).damaged);
        g_assert_false(store_found(copy.store).alien);
        assert_keys(&copy, "ab"); /* the first batch was still there, settled or not */
        fixture_done(&copy);
        stage_done();
}

static void test_newer_format_keeps_its_journal(void)
{
        Fixture copy;

        stage_init();
        commit("a", 10);
        crash(&copy);
        copy.options.format = 0;
        g_assert_cmpint(store_open(copy.folder, &copy.options, &copy.store), ==, -EPROTONOSUPPORT);
        copy.options.format = 1;
        open_copy(&copy);
        assert_keys(&copy, "a");
        fixture_done(&copy);
        stage_done();
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/journal/what-only-the-journal-has", test_what_only_the_journal_has);
        g_test_add_func("/store/journal/behind-a-checkpoint", test_behind_a_checkpoint);
        g_test_add_func("/store/journal/nothing-is-left-of-it-at-the-end",
                        test_nothing_is_left_of_it_at_the_end);
        g_test_add_func("/store/journal/second-committer-of-a-store",
                        test_second_committer_of_a_store);
        g_test_add_func("/store/journal/private", test_private);
        g_test_add_func("/store/journal/large-value", test_large_value);
        g_test_add_func("/store/journal/files-are-used-again", test_files_are_used_again);
        g_test_add_func("/store/journal/files-that-nobody-needs-go",
                        test_files_that_nobody_needs_go);
        g_test_add_func("/store/journal/each-byte-counts", test_each_byte_counts);
        g_test_add_func("/store/journal/torn-at-the-end", test_torn_at_the_end);
        g_test_add_func("/store/journal/damaged-in-the-middle", test_damaged_in_the_middle);
        g_test_add_func("/store/journal/lost-file", test_lost_file);
        g_test_add_func("/store/journal/journal-of-other-tables", test_journal_of_other_tables);
        g_test_add_func("/store/journal/tables-are-lost", test_tables_are_lost);
        g_test_add_func("/store/journal/tables-are-damaged", test_tables_are_damaged);
        g_test_add_func("/store/journal/backup", test_backup);
        g_test_add_func("/store/journal/newer-format-keeps-its-journal",
                        test_newer_format_keeps_its_journal);
        return g_test_run();
}
