#include "patches/target_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EXPECTED ", expected RFC 3339 such as 2026-11-20T02:00:00+00:00"

struct refusal {
    const char *text;
    const char *error;
};

static const struct refusal refusals[] = {
    {"", "'' is not a time" EXPECTED},
    {"yesterday", "'yesterday' is not a time" EXPECTED},
    {"2026-11-20", "'2026-11-20' is not a time" EXPECTED},
    {"2026-11-20T", "'2026-11-20T' is not a time" EXPECTED},
    {"2026-11-20T02:00", "'2026-11-20T02:00' is not a time" EXPECTED},
    {"2026-11-20T02:00Z", "'2026-11-20T02:00Z' is not a time" EXPECTED},
    {"26-11-20T02:00:00Z", "'26-11-20T02:00:00Z' is not a time" EXPECTED},
    {"2026-1-20T02:00:00Z", "'2026-1-20T02:00:00Z' is not a time" EXPECTED},
    {"2026/11/20T02:00:00Z", "'2026/11/20T02:00:00Z' is not a time" EXPECTED},
    {"2026-11-20_02:00:00Z", "'2026-11-20_02:00:00Z' is not a time" EXPECTED},
    {"2026-11-20T02.00.00Z", "'2026-11-20T02.00.00Z' is not a time" EXPECTED},
    {"2026-11-20T02:00:00.Z", "'2026-11-20T02:00:00.Z' is not a time" EXPECTED},
    {" 2026-11-20T02:00:00Z", "' 2026-11-20T02:00:00Z' is not a time" EXPECTED},
    {"2026-02-30T02:00:00Z", "'2026-02-30T02:00:00Z' is in no calendar" EXPECTED},
    {"2026-02-29T02:00:00Z", "'2026-02-29T02:00:00Z' is in no calendar" EXPECTED},
    {"2100-02-29T02:00:00Z", "'2100-02-29T02:00:00Z' is in no calendar" EXPECTED},
    {"2026-13-01T02:00:00Z", "'2026-13-01T02:00:00Z' is in no calendar" EXPECTED},
    {"2026-00-01T02:00:00Z", "'2026-00-01T02:00:00Z' is in no calendar" EXPECTED},
    {"2026-01-00T02:00:00Z", "'2026-01-00T02:00:00Z' is in no calendar" EXPECTED},
    {"2026-04-31T02:00:00Z", "'2026-04-31T02:00:00Z' is in no calendar" EXPECTED},
    {"0000-01-01T02:00:00Z", "'0000-01-01T02:00:00Z' is in no calendar" EXPECTED},
    {"2026-11-20T24:00:00Z", "'2026-11-20T24:00:00Z' is in no calendar" EXPECTED},
    {"2026-11-20T02:60:00Z", "'2026-11-20T02:60:00Z' is in no calendar" EXPECTED},
    {"2026-11-20T02:00:60Z", "'2026-11-20T02:00:60Z' is in no calendar" EXPECTED},
    {"2026-11-20T02:00:00",
     "'2026-11-20T02:00:00' has no offset from UTC, expected one such as +00:00 at its end"},
    {"2026-11-20T02:00:00.5",
     "'2026-11-20T02:00:00.5' has no offset from UTC, expected one such as +00:00 at its end"},
    {"2026-11-20T02:00:00+0000",
     "'2026-11-20T02:00:00+0000' does not end with an offset from UTC" EXPECTED},
    {"2026-11-20T02:00:00+00",
     "'2026-11-20T02:00:00+00' does not end with an offset from UTC" EXPECTED},
    {"2026-11-20T02:00:00 CET",
     "'2026-11-20T02:00:00 CET' does not end with an offset from UTC" EXPECTED},
    {"2026-11-20T02:00:00+16:00",
     "'2026-11-20T02:00:00+16:00' does not end with an offset from UTC" EXPECTED},
    {"2026-11-20T02:00:00+01:60",
     "'2026-11-20T02:00:00+01:60' does not end with an offset from UTC" EXPECTED},
    {"2026-11-20T02:00:00Z ",
     "'2026-11-20T02:00:00Z ' does not end with an offset from UTC" EXPECTED},
    {"2026-11-20T02:00:00+00:00\n",
     "'2026-11-20T02:00:00+00:00?' does not end with an offset from UTC" EXPECTED},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct error err;
        int64_t seconds = 42;
        assert_false(target_time_parse(str_of(refusals[i].text), &seconds, &err));
        assert_string_equal(err.text, refusals[i].error);
        assert_int_equal(seconds, 42);
    }
}

static void test_nul(void **state)
{
    (void)state;
    struct error err;
    int64_t seconds;
    assert_false(target_time_parse(STR("2026-11-20\0"
                                       "02:00:00Z"),
                                   &seconds, &err));
    assert_false(target_time_parse(STR("2026-11-20T02:00:00\0"), &seconds, &err));
}

struct reading {
    const char *text;
    int64_t seconds; /* as `date -u -d` gives them */
};

static const struct reading readings[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1969-12-31T23:59:59Z", -1},
    {"2026-11-20T02:00:00+00:00", 1795140000},
    {"2026-11-20T02:00:00-00:00", 1795140000},
    {"2026-11-20 02:00:00z", 1795140000},
    {"2026-11-20t02:00:00.123456789012Z", 1795140000},
    {"2026-11-20T03:30:00+01:30", 1795140000},
    {"2026-11-19T18:00:00-08:00", 1795140000},
    {"2026-11-20T17:59:00+15:59", 1795140000},
    {"2024-02-29T12:00:00Z", 1709208000},
    {"2000-02-29T00:00:00Z", 951782400},
    {"2000-03-01T00:00:00Z", 951868800},
    {"2026-12-31T23:59:59Z", 1798761599},
    {"0001-01-01T00:00:00Z", -62135596800},
    {"9999-12-31T23:59:59Z", 253402300799},
};

static void test_readings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        struct error err;
        int64_t seconds;
        assert_true(target_time_parse(str_of(readings[i].text), &seconds, &err));
        assert_int_equal(seconds, readings[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_readings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
