#include "server/archive/judgement.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_finding_takes_its_texts(void **state)
{
    (void)state;
    struct report report = {0};
    judgement_find(&report, FINDING_NOTE, "code", xstrdup("a"), xstrdup("b"), xstrdup("c"), "d");
    assert_string_equal(report.findings[0].object, "a");
    assert_string_equal(report.findings[0].what, "b");
    assert_string_equal(report.findings[0].means, "c");
    assert_string_equal(report.findings[0].way_out, "d");
    report_done(&report);
}

static void times_are_told_to_the_minute(void **state)
{
    (void)state;
    autofree char *time = judgement_time(1795348805);
    assert_string_equal(time, "2026-11-22 12:00 UTC");
    autofree char *none = judgement_time(0);
    assert_string_equal(none, "- UTC");
}

static void keys(void **state)
{
    (void)state;
    char name[] = "base_x";
    const struct backup_facts facts = {.name = name};
    autofree char *sentinel = judgement_sentinel(&facts);
    autofree char *metadata = judgement_key(&facts, "/metadata.json");
    assert_string_equal(sentinel, "basebackups_005/base_x_backup_stop_sentinel.json");
    assert_string_equal(metadata, "basebackups_005/base_x/metadata.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_takes_its_texts),
        cmocka_unit_test(times_are_told_to_the_minute),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
