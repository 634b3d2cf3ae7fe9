#include "server/archive/walg_list.h"

#include "base/buf.h"

#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LATER (FIXTURE_FINISH + 3 * 86400)

/* "kind code object: what", one line each. */
static void check_lines(const struct report *report, const char *expected)
{
    struct buf lines = BUF(65536);
    for (size_t i = 0; i < report->finding_count; i++) {
        static const char *const kinds[] = {"damage", "unknown", "note"};
        const struct finding *it = &report->findings[i];
        assert_true(it->means[0] && it->way_out[0]);
        buf_addf(&lines, "%s %s %s: %s\n", kinds[it->kind], it->code, it->object, it->what);
    }
    assert_string_equal(buf_str(&lines).data, expected);
    buf_clear(&lines);
}

static void check(struct report report, const char *list, int64_t taken, const char *expected)
{
    autofree char *text = xstrdup(list);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    walg_list_compare(&report, str_of(text), taken);
    check_lines(&report, expected);
    report_done(&report);
}

#define SENTINEL(name) "basebackups_005/" name "_backup_stop_sentinel.json"
#define FULL_FIELDS                                                                                \
    "'start_lsn':33554472,'finish_lsn':33554688,'pg_version':150020,"                              \
    "'system_identifier':7710964401795056148,'uncompressed_size':23690824,"                        \
    "'compressed_size':4461697"
#define FULL "{'backup_name':'" FIXTURE_FULL "','time':'2030-01-01T00:00:00Z'," FULL_FIELDS "}"
#define DELTA_PLAIN                                                                                \
    "{'backup_name':'" FIXTURE_DELTA "','time':'2026-11-22T12:00:05.9Z',"                          \
    "'wal_file_name':'000000010000000000000004','storage_name':'default'}"

static void what_is_no_list_could_not_be_compared(void **state)
{
    (void)state;
    static const struct {
        const char *list, *what;
    } cases[] = {
        {"[{", "WAL-G's list cannot be read: byte 2: the text ends, expected a key"},
        {"{}", "WAL-G's list cannot be read: it is an object, expected an array of backups"},
        {"[1]", "WAL-G's list cannot be read: entry 1 has no backup_name"},
        {"[" DELTA_PLAIN ",{'backup_name':''}]",
         "WAL-G's list cannot be read: entry 2 has no backup_name"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        autofree char *expected = xasprintf("unknown walg-list-failed : %s\n", cases[i].what);
        check(fixture_report(), cases[i].list, LATER, expected);
    }
}

static void a_failure_of_wal_g_is_told(void **state)
{
    (void)state;
    struct report report = fixture_report();
    walg_list_failed(&report, "wal-g exited with 1");
    check_lines(&report, "unknown walg-list-failed : there is no list of WAL-G's: wal-g exited "
                         "with 1\n");
    report_done(&report);
}

static void an_empty_list_agrees_only_with_an_empty_archive(void **state)
{
    (void)state;
    static const char *const lists[] = {"", " \n", "[]", "null",
                                        "INFO: 2026/11/25 12:00:00.1 No backups found\n"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        check(fixture_empty(), lists[i], LATER, "");
        check(fixture_report(), lists[i], LATER,
              "unknown walg-list-empty : WAL-G's list is empty, and 2 backups are here\n");
    }
}

static void lists_that_agree_find_nothing(void **state)
{
    (void)state;
    check(fixture_report(), "[" FULL "," DELTA_PLAIN "]", LATER, "");
    check(fixture_report(), "\xef\xbb\xbf[" DELTA_PLAIN "," FULL "," FULL "]\n", LATER, "");
    check(fixture_report(), "[{'name':'" FIXTURE_FULL "'},{'name':'" FIXTURE_DELTA "'}]", LATER,
          "");
}

#define ABOUT(code, name, what) code " " SENTINEL(name) ": " what "\n"
#define NOT_LISTED(name)                                                                           \
    ABOUT("damage walg-lists-not", name, "this backup is here, and WAL-G's list does not have it")
#define ONLY_LISTED(name)                                                                          \
    ABOUT("damage walg-lists-only", name,                                                          \
          "WAL-G's list has this backup, and there is nothing of it here")
#define RETIRED(name)                                                                              \
    ABOUT("note walg-lists-only", name,                                                            \
          "WAL-G's list has this backup, which is not here; it is older than all that are, and "   \
          "the list is older than this look")

static void what_only_one_of_them_has_is_named(void **state)
{
    (void)state;
    check(fixture_report(), "[" FULL "]", LATER, NOT_LISTED(FIXTURE_DELTA));
    check(fixture_report(), "[" FULL "," DELTA_PLAIN ",{'backup_name':'base_9'}]", LATER,
          ONLY_LISTED("base_9"));
    check(fixture_empty(), "[" FULL "]", FIXTURE_FINISH, ONLY_LISTED(FIXTURE_FULL));
}

static void what_happened_since_the_list_was_made_is_no_damage(void **state)
{
    (void)state;
    static const char with_older[] = "[" FULL "," DELTA_PLAIN ",{'backup_name':'base_0'}]";
    static const char with_newer[] = "[" FULL "," DELTA_PLAIN ",{'backup_name':'base_9'}]";
    check(fixture_report(), "[" FULL "]", FIXTURE_FINISH, "");
    check(fixture_report(), with_older, LATER - 3600, RETIRED("base_0"));
    check(fixture_report(), with_older, LATER, ONLY_LISTED("base_0"));
    check(fixture_report(), with_newer, LATER - 3600, ONLY_LISTED("base_9"));
}

#define DIFFERS(key, theirs, ours)                                                                 \
    ABOUT("damage walg-differs", FIXTURE_FULL,                                                     \
          key " is " theirs " in WAL-G's list, and " ours " in the archive")

static void fields_that_are_there_must_agree(void **state)
{
    (void)state;
    check(fixture_report(),
          "[{'backup_name':'" FIXTURE_FULL "','start_lsn':1,'finish_lsn':'33554688',"
          "'pg_version':150021,'system_identifier':null,'uncompressed_size':23690824.0,"
          "'compressed_size':-4461697}," DELTA_PLAIN "]",
          LATER,
          DIFFERS("start_lsn", "1", "33554472") DIFFERS("finish_lsn", "\"33554688\"", "33554688")
              DIFFERS("pg_version", "150021", "150020")
                  DIFFERS("compressed_size", "-4461697", "4461697")
                      DIFFERS("uncompressed_size", "23690824.0", "23690824"));

    struct report unknown = fixture_report();
    unknown.backups[0].start_lsn = 0;
    check(unknown, "[{'backup_name':'" FIXTURE_FULL "','start_lsn':1}," DELTA_PLAIN "]", LATER, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_list_could_not_be_compared),
        cmocka_unit_test(a_failure_of_wal_g_is_told),
        cmocka_unit_test(an_empty_list_agrees_only_with_an_empty_archive),
        cmocka_unit_test(lists_that_agree_find_nothing),
        cmocka_unit_test(what_only_one_of_them_has_is_named),
        cmocka_unit_test(what_happened_since_the_list_was_made_is_no_damage),
        cmocka_unit_test(fields_that_are_there_must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
