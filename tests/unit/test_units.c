#include "patches/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_no_size(void **state)
{
    (void)state;
    const char *const texts[] = {"",
                                 "7",
                                 "B",
                                 "MiB",
                                 "7MB",
                                 "7 MiB",
                                 "-1B",
                                 "1.5MiB",
                                 "7mib",
                                 "0x1B",
                                 "7MiBB",
                                 " 7MiB",
                                 "7s",
                                 "1kB",
                                 "99999999999999999999B",
                                 "17179869184GiB"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        uint64_t bytes = 42;
        if (units_size(str_of(texts[i]), &bytes))
            fail_msg("'%s' is taken for a size", texts[i]);
        assert_int_equal(bytes, 42);
    }
}

static void what_is_no_duration(void **state)
{
    (void)state;
    const char *const texts[] = {
        "",     "10",  "s",   "1h30m", "1.5s", "1d",  "1S",
        "10 s", "-1s", "1us", "7B",    "+1s",  "1s ", "18446744073709551615s"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        uint64_t milliseconds = 42;
        if (units_duration(str_of(texts[i]), &milliseconds))
            fail_msg("'%s' is taken for a duration", texts[i]);
        assert_int_equal(milliseconds, 42);
    }
}

static const struct {
    const char *text;
    bool (*read)(struct str text, uint64_t *ret);
    uint64_t value;
} rows[] = {
    {"0B", units_size, 0},
    {"1B", units_size, 1},
    {"64KiB", units_size, 65536},
    {"7MiB", units_size, 7340032},
    {"1GiB", units_size, 1073741824},
    {"17179869183GiB", units_size, 18446744072635809792u},
    {"0s", units_duration, 0},
    {"500ms", units_duration, 500},
    {"10s", units_duration, 10000},
    {"2m", units_duration, 120000},
    {"1h", units_duration, 3600000},
};

static void units_are_factors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t value;
        assert_true(rows[i].read(str_of(rows[i].text), &value));
        assert_int_equal(value, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_size),
        cmocka_unit_test(what_is_no_duration),
        cmocka_unit_test(units_are_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
