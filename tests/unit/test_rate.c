#include "server/archive/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static void without_a_limit_there_is_no_wait(void **state)
{
    (void)state;
    struct rate rate = {0};
    assert_int_equal(rate_take(&rate, UINT64_MAX, 1), 0);
}

static void waits_no_longer_than_an_hour(void **state)
{
    (void)state;
    struct rate rate = {.bytes_per_second = 1};
    assert_int_equal(rate_take(&rate, UINT64_MAX, SECOND), 3600 * SECOND - RATE_BURST_NS);
    assert_int_equal(rate_take(&rate, UINT64_MAX, SECOND), 3600 * SECOND);
}

/* Whatever the pieces, the sum comes at the rate. */
static void keeps_the_rate(void **state)
{
    (void)state;
    static const uint64_t pieces[] = {1, 100, 16384, 100000};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct rate rate = {.bytes_per_second = 100000};
        uint64_t begin = 1000 * SECOND, now = begin;
        for (uint64_t sum = 0; sum < 1000000; sum += pieces[i])
            now += rate_take(&rate, pieces[i], now);
        assert_in_range(now - begin, 98 * SECOND / 10, 102 * SECOND / 10);
    }
}

static void a_pause_is_not_made_up_for(void **state)
{
    (void)state;
    struct rate rate = {.bytes_per_second = 1000};
    assert_int_equal(rate_take(&rate, 100, SECOND), 0); /* the burst */
    assert_int_equal(rate_take(&rate, 500, SECOND), SECOND / 2);
    assert_int_equal(rate_take(&rate, 1000, 100 * SECOND), SECOND - RATE_BURST_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_limit_there_is_no_wait),
        cmocka_unit_test(waits_no_longer_than_an_hour),
        cmocka_unit_test(keeps_the_rate),
        cmocka_unit_test(a_pause_is_not_made_up_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
