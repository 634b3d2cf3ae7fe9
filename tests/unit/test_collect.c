#include "server/archive/collect.h"

#include "tests/unit/archive_store.h"

static void the_facts_of_a_whole_archive(void **state)
{
    (void)state;
    struct source store = store_whole();
    struct facts facts;
    collect(&store, &facts);
    assert_int_equal(facts.top.state, FACT_READ);
    assert_int_equal(facts.backup_list.state, FACT_READ);
    assert_int_equal(facts.wal_list.state, FACT_READ);
    assert_int_equal(facts.backup_count, 2);
    const struct backup_facts *delta = facts_backup(&facts, STR(STORE_DELTA));
    assert_int_equal(delta->sentinel.state, FACT_READ);
    assert_int_equal(delta->metadata.state, FACT_READ);
    assert_int_equal(delta->files.state, FACT_READ);
    assert_int_equal(delta->control.state, FACT_READ);
    assert_string_equal(delta->described.delta_from, STORE_FULL);
    assert_int_equal(delta->metadata_record.values[RECORD_FINISH_LSN], 67109120);
    assert_int_equal(delta->missing.count, 0);
    assert_true(facts_tar(delta, STR("part_001.tar"))->named);
    assert_false(facts_tar(delta, STR("pg_control.tar"))->named);
    assert_int_equal(facts.history_count, 1);
    assert_int_equal(facts.histories[0].history.entries[0].end, 0x60000A0);
    assert_int_equal(facts.wal.segments, 7);
    facts_done(&facts);
    store_done(&store);
}

static void only_what_is_needed_is_read(void **state)
{
    (void)state;
    struct source store = store_whole();
    /* What nobody asks for fails the test when it is read. */
    for (size_t i = 0; i < store.count; i++)
        if (strstr(store.objects[i].key, "part_") || strstr(store.objects[i].key, ".lz4"))
            store.objects[i].content[0] = '\0';
    store_remove(&store, STORE_BACKUPS STORE_DELTA STORE_SENTINEL);
    store_at(&store, STORE_BACKUPS STORE_DELTA "/files_metadata.json")->forbidden = true;
    store_put(&store, "wal_005/00000001.history", xstrdup("x"), 1); /* before the oldest backup */
    struct facts facts;
    collect(&store, &facts);
    const struct backup_facts *delta = facts_backup(&facts, STR(STORE_DELTA));
    assert_int_equal(delta->metadata.state, FACT_READ);
    assert_int_equal(delta->files.state, FACT_LISTED);
    assert_int_equal(delta->control.state, FACT_ABSENT);
    assert_int_equal(facts_history(&facts, 1)->fact.state, FACT_LISTED);
    assert_int_equal(facts_history(&facts, 2)->fact.state, FACT_READ);
    facts_done(&facts);
    store_done(&store);
}

static void what_is_not_there_though_it_is_named(void **state)
{
    (void)state;
    struct source store = store_whole();
    store_remove(&store, STORE_BACKUPS STORE_FULL "/tar_partitions/part_001.tar");
    struct facts facts;
    collect(&store, &facts);
    const struct backup_facts *full = facts_backup(&facts, STR(STORE_FULL));
    assert_int_equal(full->missing.count, 1);
    assert_string_equal(full->missing.items[0], "part_001.tar");
    facts_done(&facts);
    store_done(&store);
}

static void nothing_that_fails_ends_the_reading(void **state)
{
    (void)state;
    struct source store = store_whole();
    store.no_list = NAMES_WAL;
    store_at(&store, STORE_BACKUPS STORE_FULL STORE_SENTINEL)->forbidden = true;
    store_at(&store, STORE_BACKUPS STORE_FULL "/metadata.json")->fleeting = true;
    store_edit(&store, STORE_BACKUPS STORE_FULL "/files_metadata.json", "{\"TarFileSets\":7}");
    struct facts facts;
    collect(&store, &facts);
    assert_int_equal(facts.wal_list.state, FACT_NOT_READ);
    assert_string_equal(facts.wal_list.why, "the store says 403 AccessDenied");
    const struct backup_facts *full = facts_backup(&facts, STR(STORE_FULL));
    assert_int_equal(full->sentinel.state, FACT_NOT_READ);
    assert_string_equal(full->sentinel.why, "the store says 403 AccessDenied");
    assert_int_equal(full->metadata.state, FACT_NOT_READ);
    assert_int_equal(full->files.state, FACT_BROKEN);
    assert_string_equal(full->files.why, "is not what WAL-G writes: TarFileSets is not an object");
    facts_done(&facts);
    store_done(&store);
}

static void a_history_is_bounded(void **state)
{
    (void)state;
    struct source store = store_whole();
    char *large = xasprintf("%*s", 1024 * 1024 + 1, "1 0/1");
    store_put(&store, "wal_005/00000002.history", large, 1);
    struct facts facts;
    collect(&store, &facts);
    assert_int_equal(facts.histories[0].fact.state, FACT_BROKEN);
    assert_string_equal(facts.histories[0].fact.why, "holds more than 1048576 bytes");
    facts_done(&facts);
    store_done(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_facts_of_a_whole_archive),
        cmocka_unit_test(only_what_is_needed_is_read),
        cmocka_unit_test(what_is_not_there_though_it_is_named),
        cmocka_unit_test(nothing_that_fails_ends_the_reading),
        cmocka_unit_test(a_history_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
