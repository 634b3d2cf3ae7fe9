#include "server/archive/watch_walg.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW 1000000000
#define AGE_MAX 7200

struct place {
    char folder[32];
    char *list, *status, *errors;
};

static void make(struct place *place)
{
    *place = (struct place){.folder = "/tmp/test_walg.XXXXXX"};
    assert_non_null(mkdtemp(place->folder));
    place->list = xasprintf("%s/list", place->folder);
    place->status = xasprintf("%s/list.status", place->folder);
    place->errors = xasprintf("%s/list.errors", place->folder);
}

static void clear(struct place *place)
{
    unlink(place->list);
    unlink(place->status);
    unlink(place->errors);
    rmdir(place->folder);
    free(place->list);
    free(place->status);
    free(place->errors);
}

/* Writes it so many seconds before NOW. */
static void put(const char *path, const char *content, int64_t age)
{
    struct error err;
    assert_true(file_write(path, str_of(content), 0600, &err));
    struct timespec times[2] = {{.tv_sec = NOW - age}, {.tv_sec = NOW - age}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void assert_failed(const struct place *place, const char *expected)
{
    struct watch_walg walg;
    watch_walg_read(place->list, NOW, AGE_MAX, &walg);
    assert_true(walg.failed);
    assert_string_equal(walg.why.text, expected);
    watch_walg_done(&walg);
}

static void there_is_none_before_wal_g_has_ended(void **state)
{
    (void)state;
    cleanup(clear) struct place place;
    make(&place);
    put(place.list, "[]", 0);
    autofree char *expected = xasprintf("there is no %s: WAL-G has not ended yet", place.status);
    assert_failed(&place, expected);
    assert_false(watch_walg_exists(place.list));
}

static void an_old_one_is_none(void **state)
{
    (void)state;
    cleanup(clear) struct place place;
    make(&place);
    put(place.list, "[]", AGE_MAX + 1);
    put(place.status, "0\n", AGE_MAX + 1);
    assert_failed(&place, "WAL-G's list is 7201 seconds old, expected at most 7200");
    put(place.status, "0\n", AGE_MAX);
    struct watch_walg walg;
    watch_walg_read(place.list, NOW, AGE_MAX, &walg);
    assert_false(walg.failed);
    watch_walg_done(&walg);
}

static void a_status_that_is_none(void **state)
{
    (void)state;
    cleanup(clear) struct place place;
    make(&place);
    put(place.list, "[]", 0);
    put(place.status, "killed\n", 0);
    autofree char *expected = xasprintf("%s: is no exit status", place.status);
    assert_failed(&place, expected);
}

static void the_failure_of_wal_g_is_told(void **state)
{
    (void)state;
    cleanup(clear) struct place place;
    make(&place);
    put(place.list, "", 0);
    put(place.status, "1\n", 0);
    assert_failed(&place, "wal-g exited with 1");
    put(place.errors, "INFO: begin\nERROR: \033[31mno such\tbucket\n\n", 0);
    assert_failed(&place, "wal-g exited with 1: ERROR:  [31mno such bucket");
    assert_true(watch_walg_exists(place.list));
}

static void without_the_list_there_is_none(void **state)
{
    (void)state;
    cleanup(clear) struct place place;
    make(&place);
    put(place.status, "0\n", 0);
    autofree char *expected = xasprintf("%s: cannot open: No such file or directory", place.list);
    assert_failed(&place, expected);
}

static void a_failed_one_is_a_finding(void **state)
{
    (void)state;
    struct report report = {0};
    struct watch_walg walg = {.failed = true, .why = {"wal-g exited with 1"}};
    watch_walg_compare(&walg, &report);
    assert_int_equal(report_count(&report, FINDING_UNKNOWN), 1);
    assert_string_equal(report.findings[0].code, "walg-list-failed");
    assert_string_equal(report.findings[0].what,
                        "there is no list of WAL-G's: wal-g exited with 1");
    report_done(&report);
}

static void a_list_is_compared(void **state)
{
    (void)state;
    cleanup(clear) struct place place;
    make(&place);
    put(place.list, "[{\"backup_name\": \"base_000000010000000000000002\"}]", 5);
    put(place.status, "0\n", 0);
    struct watch_walg walg;
    struct report report = {0};
    watch_walg_read(place.list, NOW, AGE_MAX, &walg);
    assert_false(walg.failed);
    assert_int_equal(walg.taken, NOW - 5);
    watch_walg_compare(&walg, &report);
    assert_int_equal(report.finding_count, 1);
    assert_string_equal(report.findings[0].code, "walg-lists-only");
    report_done(&report);
    watch_walg_done(&walg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_none_before_wal_g_has_ended),
        cmocka_unit_test(an_old_one_is_none),
        cmocka_unit_test(a_status_that_is_none),
        cmocka_unit_test(the_failure_of_wal_g_is_told),
        cmocka_unit_test(without_the_list_there_is_none),
        cmocka_unit_test(a_failed_one_is_a_finding),
        cmocka_unit_test(a_list_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
