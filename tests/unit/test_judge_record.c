#include "server/archive/judgement.h"

#include "tests/unit/archive_store.h"

#define B STORE_BACKUPS STORE_DELTA
#define F STORE_BACKUPS STORE_FULL
#define SENTINEL B STORE_SENTINEL
#define METADATA B "/metadata.json"
#define MISMATCH "damage sentinel-mismatch " SENTINEL ": "

struct edit {
    const char *key, *from, *to, *lines;
};

static void check_all(const struct edit *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct source store = store_whole();
        store_change(&store, cases[i].key, cases[i].from, cases[i].to);
        store_check(&store, cases[i].lines);
    }
}

static void a_sentinel_that_contradicts_the_name(void **state)
{
    (void)state;
    static const struct edit cases[] = {
        {SENTINEL, "\"LSN\":67108904", "\"LSN\":33554472",
         MISMATCH "says that the backup begins at 0/2000028, which is not in the segment of its "
                  "name: it is of another backup\n"},
        {SENTINEL, "\"LSN\":67108904", "\"LSN\":4362076200",
         MISMATCH "says that the backup begins at 1/4000028, which is not in the segment of its "
                  "name: it is of another backup\n"},
        {SENTINEL, "\"FinishLSN\":67109120", "\"FinishLSN\":67108864",
         MISMATCH "says that the backup ends at 0/4000000, before it begins at 0/4000028\n"},
        {SENTINEL, "\"DeltaFrom\":\"" STORE_FULL "\"", "\"DeltaFrom\":null",
         MISMATCH "names no parent, the name of the backup does: it is the sentinel of a full "
                  "backup\n"},
        {SENTINEL, STORE_FULL, "base_000000010000000000000003",
         MISMATCH "says that the backup is a delta of base_000000010000000000000003, its name says "
                  "another one\n"},
        {SENTINEL, STORE_FULL, "x",
         MISMATCH "says that the backup is a delta of x, its name says another one\n"},
    };
    check_all(cases, sizeof cases / sizeof *cases);
}

static void the_sentinel_of_a_delta_on_a_full_backup(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_change(&store, F STORE_SENTINEL, "\"PgVersion\"",
                 "\"DeltaFrom\":\"base_x\",\"PgVersion\"");
    store_check(&store, "damage sentinel-mismatch " F STORE_SENTINEL
                        ": says that the backup is a delta of base_x, its name that it is a full "
                        "one\n"
                        "damage parent-damaged " SENTINEL ": it builds on " STORE_FULL
                        ", which is not whole\n"
                        "damage no-backup basebackups_005/: none of the backups can be restored\n");
}

static void sentinel_and_metadata_that_differ(void **state)
{
    (void)state;
#define OTHER ": one of the two is of another backup\n"
    static const struct edit cases[] = {
        {METADATA, "\"finish_lsn\":67109120", "\"finish_lsn\":67109121",
         MISMATCH "says FinishLSN 67109120, metadata.json of the same backup says 67109121" OTHER},
        {METADATA, "\"start_lsn\":67108904", "\"start_lsn\":67108905",
         MISMATCH "says LSN 67108904, metadata.json of the same backup says 67108905" OTHER},
        {METADATA, "\"pg_version\":150020", "\"pg_version\":150021",
         MISMATCH "says PgVersion 150020, metadata.json of the same backup says 150021" OTHER},
        {METADATA, "\"compressed_size\":1000", "\"compressed_size\":1001",
         MISMATCH "says CompressedSize 1000, metadata.json of the same backup says 1001" OTHER},
        {METADATA, "\"uncompressed_size\":2000", "\"uncompressed_size\":1",
         MISMATCH "says UncompressedSize 2000, metadata.json of the same backup says 1" OTHER},
        {METADATA, "\"system_identifier\":7710964401795056148", "\"system_identifier\":7",
         MISMATCH
         "says SystemIdentifier 7710964401795056148, metadata.json of the same backup says "
         "7" OTHER},
    };
    check_all(cases, sizeof cases / sizeof *cases);
}

static void metadata_that_contradicts_the_name(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_copy(&store, F "/metadata.json", METADATA);
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    struct report report = store_judge(&store, &options);
    store_check_lines(&report, "damage metadata-mismatch " METADATA
                               ": says that the backup begins at 0/2000028, which is not in the "
                               "segment of its name: it is of another backup\n");
    assert_int_equal(report.backups[1].state, BACKUP_USABLE);
    report_done(&report);
    store_done(&store);
}

static void what_is_not_there_is_not_compared(void **state)
{
    (void)state;
    static const struct edit cases[] = {
        {METADATA, "\"system_identifier\":7710964401795056148", "\"system_identifier\":null", ""},
        {METADATA, "\"start_lsn\"", "\"x\"", ""},
        {SENTINEL, "\"SystemIdentifier\":7710964401795056148", "\"SystemIdentifier\":null", ""},
    };
    check_all(cases, sizeof cases / sizeof *cases);
}

static void the_only_backup_and_a_sentinel_from_elsewhere(void **state)
{
    (void)state;
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 2, 4);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_change(&store, F STORE_SENTINEL, "\"LSN\":33554472", "\"LSN\":67108904");
    store_change(&store, F STORE_SENTINEL, "\"FinishLSN\":33554688", "\"FinishLSN\":67109120");
    store_check(&store, "damage sentinel-mismatch " F STORE_SENTINEL
                        ": says LSN 67108904, metadata.json of the same backup says 33554472" OTHER
                        "damage no-backup basebackups_005/: none of the backups can be restored\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentinel_that_contradicts_the_name),
        cmocka_unit_test(the_sentinel_of_a_delta_on_a_full_backup),
        cmocka_unit_test(sentinel_and_metadata_that_differ),
        cmocka_unit_test(metadata_that_contradicts_the_name),
        cmocka_unit_test(what_is_not_there_is_not_compared),
        cmocka_unit_test(the_only_backup_and_a_sentinel_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
