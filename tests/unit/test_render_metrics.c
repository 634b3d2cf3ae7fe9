#include "server/archive/render_metrics.h"

#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FAMILY(name, help, samples)                                                                \
    "# HELP harbor_pg_webhook_backup_" name " " help "\n# TYPE harbor_pg_webhook_backup_" name     \
    " gauge\n" samples
#define SAMPLE(name, prefix, value)                                                                \
    "harbor_pg_webhook_backup_" name "{prefix=\"" prefix "\"} " value "\n"

static void check(const struct archive_numbers *archives, size_t count, const char *expected)
{
    struct buf page = BUF(65536);
    render_metrics(archives, count, 1000, &page);
    assert_string_equal(buf_str(&page).data, expected);
    buf_clear(&page);
}

static void what_is_not_known_has_no_sample(void **state)
{
    (void)state;
    const struct archive_numbers archives[] = {
        {.prefix = "not looked at"},
        {.prefix = "s3://b/\"\\\xff\n", .looked = true, .findings = 2, .unknown = 3},
        {.prefix = "c", .looked = true, .backup_time = 400, .wal_time = 990, .verified = 995},
    };
    check(archives, 3,
          FAMILY("findings", "What the last look at the archive found to be wrong.",
                 SAMPLE("findings", "s3://b/\\\"\\\\??", "2") SAMPLE("findings", "c", "0"))
              FAMILY("unknown", "What the last look at the archive could not tell.",
                     SAMPLE("unknown", "s3://b/\\\"\\\\??", "3") SAMPLE("unknown", "c", "0"))
                  FAMILY("age_seconds", "Age of the newest usable backup; absent without one.",
                         SAMPLE("age_seconds", "c", "600"))
                      FAMILY("wal_age_seconds",
                             "Age of the newest archived WAL segment; absent without one.",
                             SAMPLE("wal_age_seconds", "c", "10"))
                          FAMILY("verified_timestamp_seconds",
                                 "End of the last look that could tell everything, in seconds "
                                 "since the epoch.",
                                 SAMPLE("verified_timestamp_seconds", "c", "995")));
}

static void a_look_that_could_not_tell_verifies_nothing(void **state)
{
    (void)state;
    struct report report = fixture_report();
    struct archive_numbers numbers = archive_numbers_of(&report, 77, 5);
    assert_string_equal(numbers.prefix, report.prefix);
    assert_true(numbers.looked);
    assert_int_equal(numbers.findings, 0);
    assert_int_equal(numbers.unknown, 0);
    assert_int_equal(numbers.backup_time, FIXTURE_FINISH);
    assert_int_equal(numbers.wal_time, FIXTURE_FINISH + 2);
    assert_int_equal(numbers.verified, 77);

    report_add(&report, FINDING_DAMAGE, "wal-gap", "", "", "", "");
    assert_int_equal(archive_numbers_of(&report, 77, 5).verified, 77);
    report_add(&report, FINDING_UNKNOWN, "not-read", "", "", "", "");
    report.backups[0].state = report.backups[1].state = BACKUP_DAMAGED;
    numbers = archive_numbers_of(&report, 77, 5);
    assert_int_equal(numbers.findings, 1);
    assert_int_equal(numbers.unknown, 1);
    assert_int_equal(numbers.backup_time, 0);
    assert_int_equal(numbers.verified, 5);
    report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_has_no_sample),
        cmocka_unit_test(a_look_that_could_not_tell_verifies_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
