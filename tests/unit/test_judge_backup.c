#include "server/archive/judgement.h"

#include "tests/unit/archive_store.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define B STORE_BACKUPS STORE_DELTA
#define TARS B "/tar_partitions/"

/* One change to a whole archive, and what is found; the delta is looked at, on which no other
 * backup depends. */
struct damage {
    void (*change)(struct source *store, const char *key);
    const char *key;
    const char *lines;
};

static void empty(struct source *store, const char *key)
{
    store_edit(store, key, "");
}

static void forbid(struct source *store, const char *key)
{
    store_at(store, key)->forbidden = true;
}

static void vanish(struct source *store, const char *key)
{
    store_at(store, key)->fleeting = true;
}

static void cut(struct source *store, const char *key)
{
    struct store_object *object = store_at(store, key);
    object->content[object->size / 2] = '\0';
    object->size /= 2;
}

static void check_all(const struct damage *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct source store = store_whole();
        cases[i].change(&store, cases[i].key);
        store_check(&store, cases[i].lines);
    }
}

#define NOT_THERE "there is no such object"
#define NAMED NOT_THERE ", files_metadata.json names it\n"

static void what_a_whole_backup_must_have(void **state)
{
    (void)state;
    static const struct damage cases[] = {
        {store_remove, B "/metadata.json",
         "damage metadata-missing " B "/metadata.json: " NOT_THERE "\n"},
        {store_remove, B "/files_metadata.json",
         "damage files-missing " B "/files_metadata.json: " NOT_THERE "\n"},
        {store_remove, TARS "part_001.tar", "damage part-missing " TARS "part_001.tar: " NAMED},
        {store_remove, TARS "backup_label.tar",
         "damage label-missing " TARS "backup_label.tar: " NAMED},
        {store_remove, TARS "pg_control.tar",
         "damage pg-control-missing " TARS
         "pg_control.tar: there is no such object, whatever its compression\n"},
    };
    check_all(cases, COUNT(cases));
}

static void what_is_empty_or_cut_off(void **state)
{
    (void)state;
    static const struct damage cases[] = {
        {empty, B STORE_SENTINEL, "damage sentinel-unreadable " B STORE_SENTINEL ": is empty\n"},
        {empty, B "/metadata.json", "damage metadata-unreadable " B "/metadata.json: is empty\n"},
        {empty, B "/files_metadata.json",
         "damage files-unreadable " B "/files_metadata.json: is empty\n"},
        {empty, TARS "part_001.tar", "damage part-empty " TARS "part_001.tar: is empty\n"},
        {empty, TARS "backup_label.tar", "damage part-empty " TARS "backup_label.tar: is empty\n"},
        {empty, TARS "pg_control.tar", "damage part-empty " TARS "pg_control.tar: is empty\n"},
        {cut, B "/metadata.json",
         "damage metadata-unreadable " B
         "/metadata.json: is cut off: its JSON is not complete after 125 bytes\n"},
        {cut, TARS "part_001.tar",
         "damage parts-size " TARS ": its objects have 700 bytes together, the sentinel says 1000: "
         "one of them was cut off or replaced\n"},
    };
    check_all(cases, COUNT(cases));
}

static void what_could_not_be_read_is_not_damaged(void **state)
{
    (void)state;
#define DENIED ": the store says 403 AccessDenied\n"
#define GONE ": was listed, but is gone: it may be being deleted\n"
    static const struct damage cases[] = {
        {forbid, B STORE_SENTINEL, "unknown not-read " B STORE_SENTINEL DENIED},
        {forbid, B "/metadata.json", "unknown not-read " B "/metadata.json" DENIED},
        {forbid, B "/files_metadata.json", "unknown not-read " B "/files_metadata.json" DENIED},
        {forbid, TARS "pg_control.tar", "unknown not-read " TARS "pg_control.tar" DENIED},
        {vanish, B STORE_SENTINEL, "unknown not-read " B STORE_SENTINEL GONE},
        {vanish, TARS "pg_control.tar", "unknown not-read " TARS "pg_control.tar: is not there\n"},
    };
    check_all(cases, COUNT(cases));
}

static void the_list_of_files_of_another_backup(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_copy(&store, B "/files_metadata.json", STORE_BACKUPS STORE_FULL "/files_metadata.json");
    store_check(&store, "damage files-mismatch " STORE_BACKUPS STORE_FULL
                        "/files_metadata.json: is the list of a delta backup, this one is a full "
                        "one: it is of another backup\n"
                        "damage parent-damaged " B STORE_SENTINEL ": it builds on " STORE_FULL
                        ", which is not whole\n"
                        "damage no-backup basebackups_005/: none of the backups can be restored\n");
    struct buf files = BUF(65536);
    for (int i = 0; i < 99; i++)
        buf_addf(&files, "\"/base/%d\":{\"IsSkipped\":false},", i);
    autofree char *more = xasprintf("{\"Files\":{%s", files.data);
    for (int i = 0; i < 2; i++) { /* 100 files, and 99 */
        store = store_whole();
        store_change(&store, B "/files_metadata.json", "\"IsSkipped\":true", "\"IsSkipped\":false");
        store_change(&store, B "/files_metadata.json", "{\"Files\":{", more);
        if (i)
            store_change(&store, B "/files_metadata.json", "\"/base/98\":{\"IsSkipped\":false},",
                         "");
        store_check(&store, i ? ""
                              : "damage files-mismatch " B
                                "/files_metadata.json: is the list of a full backup, this one is a "
                                "delta: it is of another backup\n");
    }
    buf_clear(&files);
}

static void objects_that_the_list_does_not_name(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_size(&store, TARS "part_002.tar", 1, STORE_TIME);
    store_size(&store, TARS "part_001.tar.orig", 1, STORE_TIME);
    store_check(&store, "note foreign-object " TARS
                        "part_001.tar.orig: WAL-G writes no object of this name\n"
                        "damage files-mismatch " B
                        "/files_metadata.json: does not name part_002.tar, which is there: one of "
                        "the two is of another backup\n");
}

static void sizes_may_be_off_by_a_little(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        const char *lines;
    } cases[] = {
        {600 + 64, ""},
        {600 - 64, ""},
        {600 + 65, "damage parts-size " TARS ": its objects have 1065 bytes together, the sentinel "
                   "says 1000: one of them was cut off or replaced\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct source store = store_whole();
        store_at(&store, TARS "part_001.tar")->size = cases[i].size;
        store_check(&store, cases[i].lines);
    }
    struct source store = store_whole();
    store_change(&store, B STORE_SENTINEL, "\"CompressedSize\":1000", "\"CompressedSize\":100000");
    store_change(&store, B "/metadata.json", "compressed_size\":1000}",
                 "compressed_size\":100000}");
    store_at(&store, TARS "part_001.tar")->size = 99600 + 1000;
    store_check(&store, "");
}

static void an_old_backup_does_not_say_its_size(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_change(&store, B STORE_SENTINEL, "CompressedSize", "OtherSize");
    store_check(&store, "unknown parts-size " B STORE_SENTINEL
                        ": does not say how large the parts are together (CompressedSize)\n");
}

static void a_backup_without_a_list_of_files(void **state)
{
    (void)state;
#define UNKNOWN "unknown files-metadata-disabled " B "/files_metadata.json: "
    struct source store = store_whole();
    store_remove(&store, B "/files_metadata.json");
    store_change(&store, B STORE_SENTINEL, "\"Version\":2", "\"FilesMetadataDisabled\":true");
    store_check(&store, UNKNOWN "the backup was taken without a list of its files\n");

    store = store_whole();
    store_remove(&store, B "/files_metadata.json");
    store_change(&store, B STORE_SENTINEL, "\"Version\":2", "\"Version\":1");
    store_check(&store, UNKNOWN "there is none, as with the first versions of WAL-G\n");

    store = store_whole(); /* as a backup over the replication protocol has it */
    store_edit(&store, B "/files_metadata.json", "{\"Files\":{\"/x\":{\"IsSkipped\":true}}}");
    store_check(&store, UNKNOWN "names no tar objects\n");
}

static void without_a_list_the_rest_is_judged_all_the_same(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_remove(&store, B "/files_metadata.json");
    store_change(&store, B STORE_SENTINEL, "\"Version\":2", "\"FilesMetadataDisabled\":true");
    store_remove(&store, TARS "part_001.tar");
    store_remove(&store, TARS "pg_control.tar");
    store_check(&store, UNKNOWN "the backup was taken without a list of its files\n"
                                "damage part-missing " TARS ": holds no part\n"
                                "damage pg-control-missing " TARS
                                "pg_control.tar: there is no such object, whatever its "
                                "compression\n");
}

static void the_first_versions_kept_the_list_in_the_sentinel(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_remove(&store, B "/files_metadata.json");
    store_change(&store, B STORE_SENTINEL, "\"Version\":2",
                 "\"Files\":{\"/x\":{}},\"TarFileSets\":{\"part_001.tar\":[\"/x\"],"
                 "\"backup_label.tar\":[\"backup_label\"]}");
    store_check(&store, "");
}

static void the_label_may_be_in_a_part(void **state)
{
    (void)state;
    struct source store = store_whole(); /* as WAL-G 2.0.1 has it */
    store_remove(&store, TARS "backup_label.tar");
    store_put(&store, TARS "part_002.tar", xasprintf("%200s", "label"), STORE_TIME);
    store_change(&store, B "/files_metadata.json", "backup_label.tar", "part_002.tar");
    store_check(&store, "");

    store = store_whole(); /* also where the list does not say so */
    store_remove(&store, TARS "backup_label.tar");
    store_put(&store, TARS "part_002.tar", xasprintf("%200s", "label"), STORE_TIME);
    store_change(&store, B "/files_metadata.json", "\"backup_label.tar\":[\"backup_label\"]",
                 "\"part_002.tar\":[\"/x\"]");
    store_check(&store, "");

    store = store_whole(); /* and without a list it is in the last part, whichever that is */
    store_remove(&store, B "/files_metadata.json");
    store_remove(&store, TARS "backup_label.tar");
    store_put(&store, TARS "part_002.tar", xasprintf("%200s", "label"), STORE_TIME);
    store_change(&store, B STORE_SENTINEL, "\"Version\":2", "\"FilesMetadataDisabled\":true");
    store_check(&store, UNKNOWN "the backup was taken without a list of its files\n");
}

static void encrypted_or_of_another_compression(void **state)
{
    (void)state;
    static const struct {
        const char *name, *content, *lines;
    } cases[] = {
        {"pg_control.tar.lz4", "random bytes that are no frame at all",
         "unknown encrypted " TARS "pg_control.tar.lz4: "},
        {"pg_control.tar.lzo", "x", "unknown codec-unknown " TARS "pg_control.tar.lzo: "},
        {"pg_control.tar.lz4", "\x04\x22\x4d\x18\x64\x40",
         "damage not-decompressible " TARS "pg_control.tar.lz4: "},
    };
    const struct judge_options options = {.now = STORE_TIME + STORE_DAY};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct source store = store_whole();
        store_remove(&store, TARS "pg_control.tar");
        autofree char *key = xasprintf(TARS "%s", cases[i].name);
        store_put(&store, key, xstrdup(cases[i].content), STORE_TIME);
        store_at(&store, key)->size = 200;
        struct report report = store_judge(&store, &options);
        assert_int_equal(report.finding_count, 1);
        struct buf line = BUF(4096);
        buf_addf(&line, "%s %s %s: ", report.findings[0].kind ? "unknown" : "damage",
                 report.findings[0].code, report.findings[0].object);
        assert_string_equal(line.data, cases[i].lines);
        assert_int_equal(report.backups[1].state,
                         report.findings[0].kind ? BACKUP_UNKNOWN : BACKUP_DAMAGED);
        buf_clear(&line);
        report_done(&report);
        store_done(&store);
    }
}

static void a_large_pg_control_is_not_read_to_its_end(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_put(&store, TARS "pg_control.tar", xasprintf("%100000s", "x"), STORE_TIME);
    store_at(&store, TARS "pg_control.tar")->size = 200;
    store_check(&store, "");
}

static void what_is_no_sentinel_of_a_backup(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_edit(&store, B STORE_SENTINEL, "{\"LSN\":67108904}");
    store_check(&store, "damage sentinel-unreadable " B STORE_SENTINEL
                        ": does not say where in the WAL the backup begins and ends (LSN, "
                        "FinishLSN)\n");

    store = store_whole();
    store_edit(&store, B STORE_SENTINEL,
               "{\"wal_segment_backup_stop\":\"000000010000000000000004\",\"Version\":2}");
    store_remove(&store, B "/metadata.json"); /* there is less of it, and that is no damage */
    store_remove(&store, TARS "pg_control.tar");
    store_check(&store, "unknown wal-e " B STORE_SENTINEL
                        ": WAL-E wrote this backup, whose format is not judged here\n");
}

static void more_than_is_kept_could_not_be_told(void **state)
{
    (void)state;
    struct facts facts = {0};
    facts.backup_list.state = facts.wal_list.state = FACT_READ;
    facts_add(&facts, STR(B STORE_SENTINEL), 1, 1);
    facts_sort(&facts);
    struct backup_facts *backup = &facts.backups[0];
    backup->sentinel.state = backup->metadata.state = backup->files.state = FACT_READ;
    backup->described.seen = 1 << RECORD_START_LSN | 1 << RECORD_FINISH_LSN;
    backup->described.values[RECORD_START_LSN] = 4 * 16 * STORE_MIB;
    backup->described.values[RECORD_FINISH_LSN] = 4 * 16 * STORE_MIB + 1;
    backup->described.delta_from = xstrdup(STORE_FULL);
    backup->described.has_sets = true;
    backup->tars_dropped = 3;
    backup->missing.dropped = 2;
    struct report report;
    judge(&facts, "x", &(struct judge_options){.now = 1}, &report);
    assert_string_equal(report.findings[0].code, "not-read");
    assert_string_equal(report.findings[0].what, "3 objects are more than is kept");
    report_done(&report);
    backup->tars_dropped = 0;
    judge(&facts, "x", &(struct judge_options){.now = 1}, &report);
    assert_string_equal(report.findings[0].what,
                        "2 more objects that files_metadata.json names are not there");
    report_done(&report);
    facts_done(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_whole_backup_must_have),
        cmocka_unit_test(what_is_empty_or_cut_off),
        cmocka_unit_test(what_could_not_be_read_is_not_damaged),
        cmocka_unit_test(the_list_of_files_of_another_backup),
        cmocka_unit_test(objects_that_the_list_does_not_name),
        cmocka_unit_test(sizes_may_be_off_by_a_little),
        cmocka_unit_test(an_old_backup_does_not_say_its_size),
        cmocka_unit_test(a_backup_without_a_list_of_files),
        cmocka_unit_test(without_a_list_the_rest_is_judged_all_the_same),
        cmocka_unit_test(the_first_versions_kept_the_list_in_the_sentinel),
        cmocka_unit_test(the_label_may_be_in_a_part),
        cmocka_unit_test(encrypted_or_of_another_compression),
        cmocka_unit_test(a_large_pg_control_is_not_read_to_its_end),
        cmocka_unit_test(what_is_no_sentinel_of_a_backup),
        cmocka_unit_test(more_than_is_kept_could_not_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
