#include "server/archive/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BASE "basebackups_005/base_000000010000000000000002"
#define DELTA "basebackups_005/base_000000010000000000000004_D_000000010000000000000002"

static void what_is_foreign(void **state)
{
    (void)state;
    const char *const keys[] = {
        "",
        "wal_005/",
        "basebackups_005/",
        "wal_006/000000010000000000000003.lz4",
        "000000010000000000000003.lz4",
        "wal_005/00000001000000000000003.lz4",
        "wal_005/0000000100000000000000003.lz4",
        "wal_005/00000001000000000000000a.lz4",
        "wal_005/000000000000000000000003.lz4",
        "wal_005/000000010000000000001000.lz4",
        "wal_005/000000010000000000000003.txt",
        "wal_005/000000010000000000000003.lz4.tmp",
        "wal_005/000000010000000000000003.partial.tmp",
        "wal_005/000000010000000000000003-lz4",
        "wal_005/000000010000000000000003.0000028.backup.lz4",
        "wal_005/000000010000000000000003.00000028.backup.tmp",
        "wal_005/0000000g.history.lz4",
        "wal_005/00000002.history.tmp",
        "wal_005/2.history",
        "basebackups_005/base_000000010000000000000002",
        "basebackups_005/_backup_stop_sentinel.json",
        "basebackups_005/base_00000001000000000000000_backup_stop_sentinel.json",
        "basebackups_005/base_000000010000000000000002_D_1_backup_stop_sentinel.json",
        "basebackups_005/base_000000010000000000000002_x_backup_stop_sentinel.json",
        "basebackups_005/base_000000010000000000000002x/metadata.json",
        "basebackups_005/stream_20261122T120005Z/metadata.json",
        "basebackups_005/",
    };
    for (size_t i = 0; i < COUNT(keys); i++)
        if (name_parse(str_of(keys[i])).kind != NAME_FOREIGN)
            fail_msg("'%s' is taken for a part of an archive", keys[i]);
}

static void what_each_object_is(void **state)
{
    (void)state;
    const struct {
        const char *key;
        enum name_kind kind;
        uint32_t timeline, high, low;
        const char *backup, *tar, *suffix;
        uint32_t number; /* part, or offset */
    } cases[] = {
        {"wal_005/000000010000000000000003.lz4", NAME_SEGMENT, 1, 0, 3, NULL, NULL, "lz4", 0},
        {"wal_005/0000000A000000FF00000FFF.zst", NAME_SEGMENT, 10, 255, 4095, NULL, NULL, "zst", 0},
        {"wal_005/000000010000000000000003", NAME_SEGMENT, 1, 0, 3, NULL, NULL, "", 0},
        {"wal_005/000000010000000000000006.partial.br", NAME_PARTIAL, 1, 0, 6, NULL, NULL, "br", 0},
        {"wal_005/000000010000000000000002.00000028.backup.lz4", NAME_BACKUP_MARK, 1, 0, 2, NULL,
         NULL, "lz4", 0x28},
        {"wal_005/00000002.history.lzma", NAME_HISTORY, 2, 0, 0, NULL, NULL, "lzma", 0},
        {"wal_005/00000002.history", NAME_HISTORY, 2, 0, 0, NULL, NULL, "", 0},
        {"wal_005/000000010000000000000000_delta.lz4", NAME_WAL_EXTRA, 1, 0, 0, NULL, NULL, "", 0},
        {"wal_005/000000010000000000000000_part", NAME_WAL_EXTRA, 1, 0, 0, NULL, NULL, "", 0},
        {"wal_005/000000010000000000000003.json", NAME_WAL_EXTRA, 0, 0, 0, NULL, NULL, "", 0},
        {"wal_005/00000001000000000000000.json", NAME_WAL_EXTRA, 0, 0, 0, NULL, NULL, "", 0},
        {"wal_005/000000010000000000000006.partial.json", NAME_WAL_EXTRA, 0, 0, 0, NULL, NULL, "",
         0},
        {"wal_005/000000010000000000000002.00000028.backup.json", NAME_WAL_EXTRA, 0, 0, 0, NULL,
         NULL, "", 0},
        {"wal_005/00000002.history.json", NAME_WAL_EXTRA, 0, 0, 0, NULL, NULL, "", 0},
        {BASE "_backup_stop_sentinel.json", NAME_SENTINEL, 1, 0, 2, BASE, NULL, "", 0},
        {BASE "_00000028_backup_stop_sentinel.json", NAME_SENTINEL, 1, 0, 2, BASE "_00000028", NULL,
         "", 0},
        {DELTA "_backup_stop_sentinel.json", NAME_SENTINEL, 1, 0, 4, DELTA, NULL, "", 0},
        {BASE "/metadata.json", NAME_METADATA, 1, 0, 2, BASE, NULL, "", 0},
        {DELTA "/files_metadata.json", NAME_FILES_METADATA, 1, 0, 4, DELTA, NULL, "", 0},
        {BASE "/tar_partitions/pg_control.tar.lz4", NAME_PG_CONTROL, 1, 0, 2, BASE,
         "pg_control.tar.lz4", "lz4", 0},
        {BASE "/tar_partitions/backup_label.tar.lz4", NAME_LABEL, 1, 0, 2, BASE,
         "backup_label.tar.lz4", "lz4", 0},
        {BASE "/tar_partitions/part_1001.tar.gz", NAME_PART, 1, 0, 2, BASE, "part_1001.tar.gz",
         "gz", 1001},
        {BASE "/tar_partitions/part_007.tar", NAME_PART, 1, 0, 2, BASE, "part_007.tar", "", 7},
        {BASE "/tar_partitions/", NAME_BACKUP_EXTRA, 1, 0, 2, BASE, NULL, "", 0},
        {BASE "/tar_partitions/pg_control.tar.x", NAME_BACKUP_EXTRA, 1, 0, 2, BASE,
         "pg_control.tar.x", "", 0},
        {BASE "/tar_partitions/backup_label.tarx", NAME_BACKUP_EXTRA, 1, 0, 2, BASE,
         "backup_label.tarx", "", 0},
        {BASE "/tar_partitions/part_x.tar.lz4", NAME_BACKUP_EXTRA, 1, 0, 2, BASE, "part_x.tar.lz4",
         "", 0},
        {BASE "/tar_partitions/other", NAME_BACKUP_EXTRA, 1, 0, 2, BASE, "other", "", 0},
        {BASE "/extended_version.txt", NAME_BACKUP_EXTRA, 1, 0, 2, BASE, NULL, "", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct name name = name_parse(str_of(cases[i].key));
        if (name.kind != cases[i].kind)
            fail_msg("'%s' is %d, expected %d", cases[i].key, name.kind, cases[i].kind);
        assert_int_equal(name.segment.timeline, cases[i].timeline);
        assert_int_equal(name.segment.high, cases[i].high);
        assert_int_equal(name.segment.low, cases[i].low);
        assert_int_equal(name.part + name.offset, cases[i].number);
        assert_true(str_is(name.suffix, cases[i].suffix));
        assert_int_equal(!name.backup.data, !cases[i].backup);
        assert_int_equal(!name.tar.data, !cases[i].tar);
        if (cases[i].backup)
            assert_true(str_is(name.backup, cases[i].backup + strlen(NAMES_BACKUPS)));
        if (cases[i].tar)
            assert_true(str_is(name.tar, cases[i].tar));
    }
}

static void names_of_backups(void **state)
{
    (void)state;
    struct segment_name own, parent;
    assert_true(name_backup(STR("base_000000010000000000000004_D_000000010000000000000002"), &own,
                            &parent));
    assert_int_equal(own.low, 4);
    assert_int_equal(parent.low, 2);
    assert_int_equal(parent.timeline, 1);
    assert_true(name_backup(STR("base_00000003000000A100000004_00000028"), &own, &parent));
    assert_int_equal(own.timeline, 3);
    assert_int_equal(own.high, 0xA1);
    assert_int_equal(parent.timeline, 0);
    assert_false(name_backup(STR("base_000000010000000000000004x"), &own, &parent));
    assert_int_equal(own.timeline, 3);
}

static void names_of_segments(void **state)
{
    (void)state;
    char text[NAMES_SEGMENT_SIZE];
    struct segment_name segment = {0};
    assert_true(name_segment(STR("0000000A000000FF00000FFF"), &segment));
    assert_string_equal(name_of_segment(segment, text), "0000000A000000FF00000FFF");
    assert_false(name_segment(STR("0000000A000000FF00000FF"), &segment));
    assert_false(name_segment(STR("0000000A000000FF000010000"), &segment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_foreign),
        cmocka_unit_test(what_each_object_is),
        cmocka_unit_test(names_of_backups),
        cmocka_unit_test(names_of_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
