/* server/archive/render_json.c: the part of server/archive/render.h for programs. */
#include "server/archive/render.h"

#include "tests/unit/report_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void check(const struct report *report, const char *expected)
{
    struct buf out = BUF(RENDER_MAX);
    render_json(report, &out);
    assert_string_equal(buf_str(&out).data, expected);
    buf_clear(&out);
}

static void what_is_not_known_is_null(void **state)
{
    (void)state;
    struct report report = fixture_empty();
    fixture_backup(&report,
                   (struct report_backup){.name = xstrdup("base_1"), .state = BACKUP_UNKNOWN});
    report_add(&report, FINDING_UNKNOWN, "not-read", "a\"\xff", "w", "m", "o");
    check(&report,
          "{\"prefix\":\"empty\",\"checked\":\"2026-11-22T12:00:05Z\",\"verdict\":\"unknown\","
          "\"summary\":\"could not tell: 1 thing was not judged; no backup is known to be "
          "usable\",\"restoresUntil\":null,"
          "\"counts\":{\"damage\":0,\"unknown\":1,\"notes\":0,\"notShown\":0},"
          "\"systemIdentifier\":null,\"backups\":[{\"name\":\"base_1\",\"kind\":\"full\","
          "\"parent\":null,\"state\":\"unknown\",\"permanent\":false,\"start\":null,"
          "\"finish\":null,\"timeline\":null,\"startLsn\":null,\"finishLsn\":null,"
          "\"pgVersion\":null,\"systemIdentifier\":null,\"bytes\":0,\"restoresUntil\":null,"
          "\"restoresUntilWal\":null}],\"wal\":{\"segments\":0,\"bytes\":0,"
          "\"segmentSize\":null,\"newest\":null,\"newestTime\":null},"
          "\"findings\":[{\"kind\":\"unknown\",\"code\":\"not-read\",\"object\":\"a\\\"?\","
          "\"what\":\"w\",\"means\":\"m\",\"wayOut\":\"o\"}]}\n");
    report_done(&report);
}

static void everything_is_there(void **state)
{
    (void)state;
    struct report report = fixture_report();
    report_add(&report, FINDING_DAMAGE, "wal-gap", "wal_005/1", "w", "m", "o");
    report_add(&report, FINDING_NOTE, "foreign-object", "x", "w", "", "");
    report.findings_dropped = 3;
    check(&report,
          "{\"prefix\":\"s3://b/spilo/c/wal/15\",\"checked\":\"2026-11-25T12:00:05Z\","
          "\"verdict\":\"findings\",\"summary\":\"1 finding: a restore reaches 2026-11-22 "
          "12:00:07 UTC (2 days ago)\",\"restoresUntil\":\"2026-11-22T12:00:07Z\","
          "\"counts\":{\"damage\":1,\"unknown\":0,\"notes\":1,\"notShown\":3},"
          "\"systemIdentifier\":\"7710964401795056148\",\"backups\":["
          "{\"name\":\"" FIXTURE_FULL "\",\"kind\":\"full\",\"parent\":null,"
          "\"state\":\"usable\",\"permanent\":false,\"start\":\"2026-11-22T12:00:04Z\","
          "\"finish\":\"2026-11-22T12:00:05Z\",\"timeline\":1,\"startLsn\":\"0/2000028\","
          "\"finishLsn\":\"0/2000100\",\"pgVersion\":150020,"
          "\"systemIdentifier\":\"7710964401795056148\",\"bytes\":4461697,"
          "\"restoresUntil\":\"2026-11-22T12:00:07Z\","
          "\"restoresUntilWal\":\"000000020000000000000006\"},"
          "{\"name\":\"" FIXTURE_DELTA "\",\"kind\":\"delta\",\"parent\":\"" FIXTURE_FULL "\","
          "\"state\":\"usable\",\"permanent\":true,\"start\":\"2026-11-22T12:00:04Z\","
          "\"finish\":\"2026-11-22T12:00:05Z\",\"timeline\":1,\"startLsn\":\"0/4000028\","
          "\"finishLsn\":\"0/4000100\",\"pgVersion\":150020,"
          "\"systemIdentifier\":\"7710964401795056148\",\"bytes\":145439,"
          "\"restoresUntil\":\"2026-11-22T12:00:07Z\","
          "\"restoresUntilWal\":\"000000020000000000000006\"}],"
          "\"wal\":{\"segments\":6,\"bytes\":3145728,\"segmentSize\":16777216,"
          "\"newest\":\"000000020000000000000006\",\"newestTime\":\"2026-11-22T12:00:07Z\"},"
          "\"findings\":[{\"kind\":\"damage\",\"code\":\"wal-gap\",\"object\":\"wal_005/1\","
          "\"what\":\"w\",\"means\":\"m\",\"wayOut\":\"o\"},"
          "{\"kind\":\"note\",\"code\":\"foreign-object\",\"object\":\"x\",\"what\":\"w\","
          "\"means\":\"\",\"wayOut\":\"\"}]}\n");
    report_done(&report);
}

static void a_damaged_backup_restores_nothing(void **state)
{
    (void)state;
    struct report report = fixture_report();
    struct buf out = BUF(RENDER_MAX);
    report.backups[0].state = report.backups[1].state = BACKUP_DAMAGED;
    render_json(&report, &out);
    assert_true(str_find(buf_str(&out), STR("\"restoresUntil\":\"")) < 0);
    assert_true(str_find(buf_str(&out), STR("\"restoresUntilWal\":\"")) < 0);
    buf_clear(&out);
    report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_is_null),
        cmocka_unit_test(everything_is_there),
        cmocka_unit_test(a_damaged_backup_restores_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
