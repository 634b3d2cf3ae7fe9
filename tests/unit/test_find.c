#include "server/archive/find.h"

#include "tests/unit/fake_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void put_archive(struct source *source, const char *path, int64_t modified)
{
    autofree char *sentinel = xasprintf(
        "%s/basebackups_005/base_000000010000000000000002_backup_stop_sentinel.json", path);
    autofree char *segment = xasprintf("%s/wal_005/000000010000000000000002.lz4", path);
    fake_put(source, sentinel, modified, NULL);
    fake_put(source, segment, modified, NULL);
}

/* The paths, one a line. */
static char *paths(struct source *source, struct found *found)
{
    struct buf lines = BUF(65536);
    fake_sort(source);
    find_archives(source, found);
    buf_add_text(&lines, "");
    for (size_t i = 0; i < found->count; i++)
        buf_addf(&lines, "%s\n", found->archives[i].path);
    return buf_take(&lines);
}

static void a_bucket_without_an_archive_has_none(void **state)
{
    (void)state;
    struct found found;
    struct source source = {.name = "s3://b"};
    fake_put(&source, "a", 1, NULL);
    fake_put(&source, "spilo/c/99e8/wal/15/other", 1, NULL);
    autofree char *lines = paths(&source, &found);
    assert_string_equal(lines, "");
    assert_int_equal(found.count, 0);
    assert_false(found.cut);
    assert_int_equal(found.not_read.count, 0);
    found_done(&found);
    fake_done(&source);
}

static void what_cannot_be_listed_does_not_hide_the_rest(void **state)
{
    (void)state;
    struct found found;
    struct source source = {.name = "s3://b", .broken = "spilo/c/"};
    put_archive(&source, "spilo/c/99e8/wal/15", 1);
    put_archive(&source, "spilo/d/99e8/wal/15", 1);
    autofree char *lines = paths(&source, &found);
    assert_string_equal(lines, "spilo/d/99e8/wal/15\n");
    assert_int_equal(found.not_read.count, 1);
    assert_string_equal(found.not_read.items[0], "spilo/c/: AccessDenied");
    found_done(&found);

    source.broken = "";
    autofree char *none = paths(&source, &found);
    assert_string_equal(none, "");
    assert_int_equal(found.not_read.count, 1);
    assert_string_equal(found.not_read.items[0], "s3://b: AccessDenied");
    found_done(&found);
    fake_done(&source);
}

static void every_layout_is_found_the_newest_last(void **state)
{
    (void)state;
    struct found found;
    struct source source = {.name = "s3://b"};
    put_archive(&source, "spilo/c/99e8/wal/15", 30);
    put_archive(&source, "spilo/c/99e8/wal/12", 20);
    put_archive(&source, "spilo/c/0d6f/wal/15", 10);
    put_archive(&source, "spilo/ns-c/wal/9", 40);
    put_archive(&source, "backups/prod/spilo/c/wal/15", 5);
    put_archive(&source, "handmade", 50);
    fake_put(&source, "spilo/e/99e8/wal/15/wal_005/000000010000000000000002.lz4", 60, NULL);
    autofree char *lines = paths(&source, &found);
    assert_string_equal(lines, "backups/prod/spilo/c/wal/15\nspilo/c/0d6f/wal/15\n"
                               "spilo/c/99e8/wal/12\nspilo/c/99e8/wal/15\nspilo/ns-c/wal/9\n"
                               "handmade\nspilo/e/99e8/wal/15\n");
    assert_int_equal(found.archives[6].backups, 0);
    assert_int_equal(found.archives[5].backups, 1);
    assert_int_equal(found.archives[5].backup_time, 50);
    assert_false(found.cut);
    found_done(&found);
    fake_done(&source);
}

static void the_archive_itself_is_found_too(void **state)
{
    (void)state;
    struct found found;
    struct source source = {.name = "s3://b/spilo/c/wal/15"};
    fake_put(&source, "wal_005/000000010000000000000002.lz4", 1, NULL);
    autofree char *lines = paths(&source, &found);
    assert_string_equal(lines, "\n");
    assert_string_equal(found.archives[0].newest_wal, "000000010000000000000002");
    found_done(&found);
    fake_done(&source);
}

static void the_number_of_folders_is_bounded_and_spilo_comes_first(void **state)
{
    (void)state;
    struct found found;
    struct source source = {.name = "s3://b"};
    for (int i = 0; i < 60; i++)
        for (int j = 0; j < 60; j++) {
            autofree char *key = xasprintf("docker/%02d/%02d/blob", i, j);
            fake_put(&source, key, 1, NULL);
        }
    put_archive(&source, "spilo/c/99e8/wal/15", 1);
    put_archive(&source, "zzz/deep/spilo/c/99e8/wal/15", 1);
    autofree char *lines = paths(&source, &found);
    assert_string_equal(lines, "spilo/c/99e8/wal/15\nzzz/deep/spilo/c/99e8/wal/15\n");
    assert_true(found.cut);
    assert_true(source.listings <= FIND_FOLDERS_MAX + 10);
    found_done(&found);
    fake_done(&source);
}

static void a_folder_full_of_objects_and_a_deep_one_are_left(void **state)
{
    (void)state;
    struct found found;
    struct source source = {.name = "s3://b"};
    for (int i = 0; i < FIND_OBJECTS_MAX + 5; i++) {
        autofree char *key = xasprintf("x/%08d", i);
        fake_put(&source, key, 1, NULL);
    }
    autofree char *lines = paths(&source, &found);
    assert_true(found.cut);
    assert_true(source.visits <= FIND_OBJECTS_MAX + 5);
    found_done(&found);
    fake_done(&source);

    source = (struct source){.name = "s3://b"};
    put_archive(&source, "1/2/3/4/5/6/7/8/9/10", 1);
    put_archive(&source, "1/2/3/4/5/6/7/8/9/x/11", 1);
    autofree char *deep = paths(&source, &found);
    assert_string_equal(deep, "1/2/3/4/5/6/7/8/9/10\n");
    assert_true(found.cut);
    found_done(&found);
    fake_done(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_without_an_archive_has_none),
        cmocka_unit_test(what_cannot_be_listed_does_not_hide_the_rest),
        cmocka_unit_test(every_layout_is_found_the_newest_last),
        cmocka_unit_test(the_archive_itself_is_found_too),
        cmocka_unit_test(the_number_of_folders_is_bounded_and_spilo_comes_first),
        cmocka_unit_test(a_folder_full_of_objects_and_a_deep_one_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
