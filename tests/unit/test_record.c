#include "server/archive/record.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void write_set(void *context, struct str tar)
{
    buf_addf(context, "%.*s ", STR_ARG(tar));
}

/* Reads the text, in single quotes, in pieces; names of tar objects are added to `sets`. */
static bool read_in(enum record_kind kind, const char *text, struct record *record,
                    struct buf *sets, struct error *err)
{
    autofree char *json = xstrdup(text);
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    struct record_reader reader;
    *record = (struct record){0};
    record_begin(&reader, kind, record, sets ? write_set : NULL, sets);
    for (struct str rest = str_of(json); rest.length;) {
        struct str piece = {rest.data, rest.length < 5 ? rest.length : 5};
        if (!record_feed(&reader, piece, err))
            return false;
        rest = str_skip(rest, piece.length);
    }
    return record_end(&reader, err);
}

static void what_is_no_record(void **state)
{
    (void)state;
#define NOT "is not what WAL-G writes: "
    static const struct {
        enum record_kind kind;
        const char *text, *error;
    } cases[] = {
        {RECORD_SENTINEL, "", "is empty"},
        {RECORD_SENTINEL, "{", "is cut off: its JSON is not complete after 1 bytes"},
        {RECORD_SENTINEL, "[]", NOT "it is not an object"},
        {RECORD_SENTINEL, "7", NOT "it is not an object"},
        {RECORD_SENTINEL, "{'LSN':'0/1'}", NOT "LSN is not a whole number"},
        {RECORD_SENTINEL, "{'LSN':-1}", NOT "LSN is not a whole number"},
        {RECORD_SENTINEL, "{'LSN':1.5}", NOT "LSN is not a whole number"},
        {RECORD_SENTINEL, "{'LSN':99999999999999999999}", NOT "LSN is not a whole number"},
        {RECORD_SENTINEL, "{'LSN':[1]}", NOT "LSN is not a whole number"},
        {RECORD_SENTINEL, "{'IsPermanent':0}", NOT "IsPermanent is not true or false"},
        {RECORD_SENTINEL, "{'StartTime':1}", NOT "StartTime is not a time"},
        {RECORD_SENTINEL, "{'StartTime':'yesterday'}", NOT "StartTime is not a time"},
        {RECORD_SENTINEL, "{'StartTime':'1960-01-01T00:00:00Z'}", NOT "StartTime is not a time"},
        {RECORD_SENTINEL, "{'DeltaFrom':1}", NOT "DeltaFrom is not the name of a backup"},
        {RECORD_SENTINEL, "{'TarFileSets':[]}", NOT "TarFileSets is not an object"},
        {RECORD_SENTINEL, "{'LSN':'x','PgVersion':'y'}", NOT "LSN is not a whole number"},
        {RECORD_METADATA, "{'start_lsn':'0/1'}", NOT "start_lsn is not a whole number"},
        {RECORD_FILES, "{'Files':7}", NOT "Files is not an object"},
        {RECORD_FILES, "{'TarFileSets':{'a':1}}", NOT "a value in TarFileSets is not an array"},
        {RECORD_FILES, "{'TarFileSets':{'a':{'b':1}}}",
         NOT "a value in TarFileSets is not an array"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record record;
        struct error err = {""};
        if (read_in(cases[i].kind, cases[i].text, &record, NULL, &err))
            fail_msg("'%s' is taken for a record", cases[i].text);
        assert_string_equal(err.text, cases[i].error);
        record_done(&record);
    }
}

static void a_name_that_is_too_long(void **state)
{
    (void)state;
    struct record record;
    struct error err = {""};
    autofree char *set = xasprintf("{'TarFileSets':{'%0256d':[]}}", 1);
    assert_false(read_in(RECORD_FILES, set, &record, NULL, &err));
    assert_string_equal(err.text, NOT "a name in TarFileSets is not short enough for a tar object");
    autofree char *parent = xasprintf("{'DeltaFrom':'%02000d'}", 1);
    assert_false(read_in(RECORD_SENTINEL, parent, &record, NULL, &err));
    assert_string_equal(err.text, NOT "DeltaFrom is not the name of a backup");
    record_done(&record);
}

static void a_sentinel(void **state)
{
    (void)state;
    struct record record;
    struct error err;
    assert_true(read_in(RECORD_SENTINEL,
                        "{'LSN':67108904,'DeltaLSN':33554472,'DeltaFrom':'base_a','DeltaFullName':"
                        "'base_a','DeltaCount':1,'PgVersion':150020,'FinishLSN':67109120,"
                        "'SystemIdentifier':18446744073709551615,'UncompressedSize':419931,"
                        "'CompressedSize':145439,'DataCatalogSize':24054756,'Spec':{'LSN':[1]},"
                        "'UserData':[{'LSN':2}],'ChkpNum':null,'Version':2,"
                        "'StartTime':'2026-11-22T12:00:05.902494Z',"
                        "'FinishTime':'2026-11-22T12:00:06Z','IsPermanent':true}",
                        &record, NULL, &err));
    const uint64_t *values = record.values;
    assert_int_equal(values[RECORD_START_LSN], 67108904);
    assert_int_equal(values[RECORD_FINISH_LSN], 67109120);
    assert_int_equal(values[RECORD_DELTA_LSN], 33554472);
    assert_int_equal(values[RECORD_PG_VERSION], 150020);
    assert_true(values[RECORD_SYSTEM_IDENTIFIER] == UINT64_MAX);
    assert_int_equal(values[RECORD_COMPRESSED_SIZE], 145439);
    assert_int_equal(values[RECORD_UNCOMPRESSED_SIZE], 419931);
    assert_int_equal(values[RECORD_VERSION], 2);
    assert_int_equal(values[RECORD_START_TIME], 1795348805);
    assert_int_equal(values[RECORD_FINISH_TIME], 1795348806);
    assert_int_equal(values[RECORD_PERMANENT], 1);
    assert_string_equal(record.delta_from, "base_a");
    assert_false(record_has(&record, RECORD_FILES_DISABLED));
    assert_false(record_has(&record, RECORD_WAL_E));
    assert_false(record.has_files || record.has_sets);
    record_done(&record);
    assert_null(record.delta_from);
}

static void what_is_null_or_was_never_set_is_not_there(void **state)
{
    (void)state;
    struct record record;
    struct error err;
    assert_true(read_in(RECORD_SENTINEL,
                        "{'LSN':null,'DeltaFrom':null,'StartTime':'0001-01-01T00:00:00Z',"
                        "'IsPermanent':null,'TarFileSets':null,'Files':null}",
                        &record, NULL, &err));
    assert_int_equal(record.seen, 0);
    assert_false(record.has_files || record.has_sets);
    record_done(&record);
}

static void the_last_of_two_counts(void **state)
{
    (void)state;
    struct record record;
    struct error err;
    assert_true(read_in(RECORD_SENTINEL,
                        "{'DeltaFrom':'a','DeltaFromLSN':5,'DeltaFrom':'b','LSN':1,'LSN':2}",
                        &record, NULL, &err));
    assert_string_equal(record.delta_from, "b");
    assert_int_equal(record.values[RECORD_START_LSN], 2);
    assert_int_equal(record.values[RECORD_DELTA_LSN], 5);
    record_done(&record);
}

static void the_sentinel_of_wal_e(void **state)
{
    (void)state;
    struct record record;
    struct error err;
    assert_true(read_in(RECORD_SENTINEL,
                        "{'wal_segment_backup_stop':'000000010000000000000004','spec':{}}", &record,
                        NULL, &err));
    assert_true(record_has(&record, RECORD_WAL_E));
    record_done(&record);
}

static void metadata(void **state)
{
    (void)state;
    struct record record;
    struct error err;
    assert_true(read_in(RECORD_METADATA,
                        "{'start_time':'2026-11-22T12:00:05.5Z','start_lsn':1,'finish_lsn':2,"
                        "'LSN':'x','TarFileSets':7,'user_data':{'start_lsn':'x'}}",
                        &record, NULL, &err));
    assert_int_equal(record.values[RECORD_START_LSN], 1);
    assert_int_equal(record.values[RECORD_FINISH_LSN], 2);
    assert_false(record.has_sets);
    record_done(&record);
}

static void files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sets;
        bool files, has_sets, unchanged;
    } cases[] = {
        {"{}", "", false, false, false},
        {"{'Files':{'/a':{'IsIncremented':false,'IsSkipped':false,'MTime':'x'}}}", "", true, false,
         false},
        {"{'Files':{'/a':{'IsIncremented':true}}}", "", true, false, true},
        {"{'Files':{'/a':{'IsSkipped':true}}}", "", true, false, true},
        {"{'Files':{'/a':{'Other':true,'Deep':{'IsSkipped':true}}}}", "", true, false, false},
        {"{'TarFileSets':{}}", "", false, true, false},
        {"{'TarFileSets':{'part_001.tar':['/a','/b'],'part_002.tar':null,'p3':[]},"
         "'DatabasesByNames':{'x':{'TarFileSets':[1]}},'Files':{}}",
         "part_001.tar part_002.tar p3 ", true, true, false},
        {"{'TarFileSets':{'a':['/1'],'b':['/1','/2'],'c':[7],"
         "'d':[['/1']]}}",
         "a b c d ", false, true, false},
        {"{'Files':{},'Other':[{'a':1}],'TarFileSets':{'a':[]},'Last':{'b':[]}}", "a ", true, true,
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record record;
        struct error err = {""};
        struct buf sets = BUF(4096);
        buf_add_text(&sets, "");
        if (!read_in(RECORD_FILES, cases[i].text, &record, &sets, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(sets.data ? sets.data : "", cases[i].sets);
        assert_int_equal(record.has_files, cases[i].files);
        assert_int_equal(record.has_sets, cases[i].has_sets);
        assert_int_equal(record.has_unchanged, cases[i].unchanged);
        assert_int_equal(record.files, strstr(cases[i].text, "'/a':{") != NULL);
        buf_clear(&sets);
        record_done(&record);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_record),
        cmocka_unit_test(a_name_that_is_too_long),
        cmocka_unit_test(a_sentinel),
        cmocka_unit_test(what_is_null_or_was_never_set_is_not_there),
        cmocka_unit_test(the_last_of_two_counts),
        cmocka_unit_test(the_sentinel_of_wal_e),
        cmocka_unit_test(metadata),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
