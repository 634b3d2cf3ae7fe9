#include "server/archive/newest.h"

#include "tests/unit/fake_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void put_segments(struct source *source, uint32_t timeline, uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i <= last; i++) {
        autofree char *key = xasprintf("a/wal_005/%08X%08X%08X.lz4", timeline, (unsigned)(i / 256),
                                       (unsigned)(i % 256));
        fake_put(source, key, (int64_t)i, NULL);
    }
}

static struct found_archive look(struct source *source, struct strlist *not_read)
{
    struct found_archive archive = {0};
    fake_sort(source);
    newest_backup(source, "a/", &archive, not_read);
    newest_wal(source, "a/", &archive, not_read);
    return archive;
}

static void done(struct source *source, struct found_archive *archive)
{
    free(archive->newest_backup);
    free(archive->newest_wal);
    fake_done(source);
}

static void where_nothing_is_there_is_no_newest(void **state)
{
    (void)state;
    struct strlist not_read = {0};
    struct source source = {.name = "s3://b"};
    fake_put(&source, "a/basebackups_005/base_000000010000000000000002/metadata.json", 1, NULL);
    fake_put(&source, "a/wal_005/00000002.history.lz4", 1, NULL);
    fake_put(&source, "a/wal_005/000000010000000000000006.partial.lz4", 1, NULL);
    struct found_archive archive = look(&source, &not_read);
    assert_int_equal(archive.backups, 0);
    assert_null(archive.newest_backup);
    assert_null(archive.newest_wal);
    assert_int_equal(not_read.count, 0);
    done(&source, &archive);
}

static void what_cannot_be_listed_is_told(void **state)
{
    (void)state;
    struct strlist not_read = {0};
    struct source source = {.name = "s3://b", .broken = "a/"};
    struct found_archive archive = look(&source, &not_read);
    assert_int_equal(not_read.count, 2);
    assert_string_equal(not_read.items[0], "a/basebackups_005/: AccessDenied");
    assert_string_equal(not_read.items[1], "a/wal_005/: AccessDenied");
    strlist_clear(&not_read);
    done(&source, &archive);
}

#define BACKUP(name) "a/basebackups_005/" name "_backup_stop_sentinel.json"
#define METADATA(name) "a/basebackups_005/" name "/metadata.json"

static void the_backup_that_begins_last_is_the_newest(void **state)
{
    (void)state;
    struct strlist not_read = {0};
    struct source source = {.name = "s3://b"};
    fake_put(&source, BACKUP("base_000000010000000000000009"), 900, NULL);
    fake_put(&source, BACKUP("base_000000020000000000000003_D_000000010000000000000009"), 100,
             NULL);
    fake_put(&source, BACKUP("base_000000010000000100000000"), 950, NULL);
    fake_put(&source, METADATA("base_000000020000000000000003_D_000000010000000000000009"), 1,
             "{\"finish_time\":\"1970-01-01T00:00:50Z\"}");
    struct found_archive archive = look(&source, &not_read);
    assert_int_equal(archive.backups, 3);
    assert_string_equal(archive.newest_backup,
                        "base_000000020000000000000003_D_000000010000000000000009");
    assert_int_equal(archive.backup_time, 50);
    done(&source, &archive);
}

static void without_its_description_the_sentinel_dates_a_backup(void **state)
{
    (void)state;
    static const char *const contents[] = {NULL, "{", "{}", "{\"finish_time\":\"x\"}"};
    for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
        struct strlist not_read = {0};
        struct source source = {.name = "s3://b"};
        fake_put(&source, BACKUP("base_000000010000000000000009"), 900, NULL);
        fake_put(&source, METADATA("base_000000010000000000000009"), 1, contents[i]);
        struct found_archive archive = look(&source, &not_read);
        assert_int_equal(archive.backup_time, 900);
        done(&source, &archive);
    }
}

static void few_segments_are_listed(void **state)
{
    (void)state;
    struct strlist not_read = {0};
    struct source source = {.name = "s3://b"};
    put_segments(&source, 1, 250, 260);
    put_segments(&source, 3, 258, 259);
    struct found_archive archive = look(&source, &not_read);
    assert_string_equal(archive.newest_wal, "000000030000000100000003");
    assert_int_equal(archive.wal_time, 259);
    assert_int_equal(source.listings, 2);
    done(&source, &archive);
}

/* From `first` to `last`, with a backup at `backup` (0: none). */
static void check_many(uint64_t first, uint64_t last, uint64_t backup, size_t listings_most)
{
    char expected[NAMES_SEGMENT_SIZE];
    struct strlist not_read = {0};
    struct source source = {.name = "s3://b"};
    put_segments(&source, 1, first, first + 4000);
    put_segments(&source, 2, first + 4000, last);
    if (backup) {
        autofree char *key = xasprintf(BACKUP("base_%08X%08X%08X"), 2u, (unsigned)(backup / 256),
                                       (unsigned)(backup % 256));
        fake_put(&source, key, 1, NULL);
    }
    struct found_archive archive = look(&source, &not_read);
    snprintf(expected, sizeof(expected), "%08X%08X%08X", 2u, (unsigned)(last / 256),
             (unsigned)(last % 256));
    assert_string_equal(archive.newest_wal, expected);
    assert_int_equal(archive.wal_time, (int64_t)last);
    assert_int_equal(not_read.count, 0);
    if (source.listings > listings_most || source.visits > 8000)
        fail_msg("%zu listings, %zu objects", source.listings, source.visits);
    done(&source, &archive);
}

static void among_many_segments_the_newest_is_looked_for(void **state)
{
    (void)state;
    check_many(1, 20000, 19900, 20);
    check_many(1, 20000, 0, 40);
    check_many(0xFF00, 0x11234, 0x11000, 20); /* more digits of the high part change */
    check_many(0xFFF00, 0x101001, 0, 40);
    check_many(1, 16 * 256 - 1 + 4096, 0, 40); /* the last segment of a high part */
}

static void a_folder_is_listed_whole_for_it_has_no_order(void **state)
{
    (void)state;
    struct strlist not_read = {0};
    struct source source = {.name = "/bucket"};
    put_segments(&source, 1, 1, FIND_SEGMENTS_MAX + 100);
    struct found_archive archive = look(&source, &not_read);
    assert_int_equal(archive.wal_time, FIND_SEGMENTS_MAX + 100);
    assert_int_equal(source.listings, 2);
    done(&source, &archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_is_there_is_no_newest),
        cmocka_unit_test(what_cannot_be_listed_is_told),
        cmocka_unit_test(the_backup_that_begins_last_is_the_newest),
        cmocka_unit_test(without_its_description_the_sentinel_dates_a_backup),
        cmocka_unit_test(few_segments_are_listed),
        cmocka_unit_test(among_many_segments_the_newest_is_looked_for),
        cmocka_unit_test(a_folder_is_listed_whole_for_it_has_no_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
