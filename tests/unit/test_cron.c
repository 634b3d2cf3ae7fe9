#include "patches/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct sample {
    const char *text;
    const char *error; /* NULL: valid */
};

static const struct sample samples[] = {
    {"", "'' has 0 fields, expected five such as '0 1 * * *'"},
    {"@daily", "'@daily' is no minute of cron (0 to 59) in '@daily'"},
    {"0 1 * *", "'0 1 * *' has 4 fields, expected five such as '0 1 * * *'"},
    {"0 1 * * * *", "'0 1 * * * *' has more than five fields, expected such as '0 1 * * *'"},
    {"60 1 * * *", "'60' is no minute of cron (0 to 59) in '60 1 * * *'"},
    {"0 24 * * *", "'24' is no hour of cron (0 to 23) in '0 24 * * *'"},
    {"0 1 0 * *", "'0' is no day of month of cron (1 to 31) in '0 1 0 * *'"},
    {"0 1 * 13 *", "'13' is no month of cron (1 to 12) in '0 1 * 13 *'"},
    {"0 1 * * 8", "'8' is no day of week of cron (0 to 7) in '0 1 * * 8'"},
    {"*/0 1 * * *", "'*/0' is no minute of cron (0 to 59) in '*/0 1 * * *'"},
    {"*/ 1 * * *", "'*/' is no minute of cron (0 to 59) in '*/ 1 * * *'"},
    {"5-1 1 * * *", "'5-1' is no minute of cron (0 to 59) in '5-1 1 * * *'"},
    {"1- 1 * * *", "'1-' is no minute of cron (0 to 59) in '1- 1 * * *'"},
    {"1,,2 1 * * *", "'1,,2' is no minute of cron (0 to 59) in '1,,2 1 * * *'"},
    {"1, 1 * * *", "'1,' is no minute of cron (0 to 59) in '1, 1 * * *'"},
    {"0 1 * abc *", "'abc' is no month of cron (1 to 12) in '0 1 * abc *'"},
    {"mon 1 * * *", "'mon' is no minute of cron (0 to 59) in 'mon 1 * * *'"},
    {"0 1 * * *; rm", "'*;' is no day of week of cron (0 to 7) in '0 1 * * *; rm'"},
    {"0 1 * * *", NULL},
    {" 0  1\t* * * ", "'1?*' is no hour of cron (0 to 23) in ' 0  1?* * * '"},
    {"  0   1  *  *  *  ", NULL},
    {"*/15 0-6,22-23 1,15 jan-JUN/2 Mon-sat", NULL},
    {"59 23 31 12 7", NULL},
};

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct error err = {""};
        assert_int_equal(cron_valid(str_of(samples[i].text), &err), !samples[i].error);
        assert_string_equal(err.text, samples[i].error ? samples[i].error : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
