#include "server/archive/report.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void findings_are_bounded_but_counted(void **state)
{
    (void)state;
    struct report report = {0};
    for (int i = 0; i < REPORT_FINDINGS_MAX + 2; i++)
        report_add(&report, FINDING_NOTE, "foreign-object", "wal_005/x", "a", "b", "c");
    report_add(&report, FINDING_DAMAGE, "wal-gap", "", "a", "b", "c");
    assert_int_equal(report.finding_count, REPORT_FINDINGS_MAX);
    assert_int_equal(report.findings_dropped, 3);
    assert_int_equal(report_count(&report, FINDING_NOTE), REPORT_FINDINGS_MAX + 2);
    assert_int_equal(report_count(&report, FINDING_DAMAGE), 1);
    assert_int_equal(report_count(&report, FINDING_UNKNOWN), 0);
    report_done(&report);
}

static void a_finding_keeps_its_texts(void **state)
{
    (void)state;
    struct report report = {0};
    char text[] = "before";
    report_add(&report, FINDING_UNKNOWN, "not-read", text, text, text, text);
    text[0] = 'x';
    const struct finding *finding = &report.findings[0];
    assert_string_equal(finding->code, "not-read");
    assert_string_equal(finding->object, "before");
    assert_string_equal(finding->what, "before");
    assert_string_equal(finding->means, "before");
    assert_string_equal(finding->way_out, "before");
    report_done(&report);
    assert_null(report.findings);
}

static void the_newest_usable_backup(void **state)
{
    (void)state;
    struct report report = {0};
    assert_null(report_newest_usable(&report));
    report.backups = xcalloc(3, sizeof *report.backups);
    report.backup_count = 3;
    report.backups[0].name = xstrdup("a");
    report.backups[1].name = xstrdup("b");
    report.backups[2].name = xstrdup("c");
    report.backups[2].state = BACKUP_UNKNOWN;
    assert_string_equal(report_newest_usable(&report)->name, "b");
    assert_int_equal(report_backups_in(&report, BACKUP_USABLE), 2);
    assert_int_equal(report_backups_in(&report, BACKUP_UNKNOWN), 1);
    report.backups[1].state = BACKUP_DAMAGED;
    assert_string_equal(report_newest_usable(&report)->name, "a");
    report.backups[0].state = BACKUP_DAMAGED;
    assert_null(report_newest_usable(&report));
    report_done(&report);
}

static void a_damaged_backup_reaches_nothing(void **state)
{
    (void)state;
    struct report_backup backup = {.reaches = 5};
    assert_int_equal(report_reaches(&backup), 5);
    backup.state = BACKUP_UNKNOWN;
    assert_int_equal(report_reaches(&backup), 5);
    backup.state = BACKUP_DAMAGED;
    assert_int_equal(report_reaches(&backup), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_bounded_but_counted),
        cmocka_unit_test(a_finding_keeps_its_texts),
        cmocka_unit_test(the_newest_usable_backup),
        cmocka_unit_test(a_damaged_backup_reaches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
