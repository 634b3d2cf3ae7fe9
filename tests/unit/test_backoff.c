#include "server/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Which waits come out for any random number. */
static void waits_between(unsigned failures, uint64_t least, uint64_t most)
{
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    for (uint32_t random = 0; random < 100000; random++) {
        uint64_t wait = backoff_ms(failures, 0, random);
        low = wait < low ? wait : low;
        high = wait > high ? wait : high;
    }
    assert_int_equal(low, least);
    assert_int_equal(high, most);
}

static void it_never_waits_longer_than_ten_seconds(void **state)
{
    (void)state;
    waits_between(5, 5000, 10000);
    waits_between(6, 5000, 10000);
    waits_between(4000000000u, 5000, 10000);
    assert_true(backoff_ms(4000000000u, 0, UINT32_MAX) <= BACKOFF_MOST_MS);
}

static void it_doubles_from_a_second(void **state)
{
    (void)state;
    waits_between(1, 500, 1000);
    waits_between(2, 1000, 2000);
    waits_between(3, 2000, 4000);
    waits_between(4, 4000, 8000);
}

/* Two looks, and what they take, fit into the ten seconds in which a caBundle is put back. */
static void when_all_is_well_it_looks_again_soon(void **state)
{
    (void)state;
    waits_between(0, 4000, 8000);
}

static void what_the_other_side_asks_for_is_the_least(void **state)
{
    (void)state;
    assert_int_equal(backoff_ms(1, 3, 0), 3000);
    assert_int_equal(backoff_ms(5, 3, 5000), 10000);
    assert_int_equal(backoff_ms(1, 3600, 0), BACKOFF_ASKED_MOST_MS);
    assert_int_equal(backoff_ms(1, UINT32_MAX, 0), BACKOFF_ASKED_MOST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_never_waits_longer_than_ten_seconds),
        cmocka_unit_test(it_doubles_from_a_second),
        cmocka_unit_test(when_all_is_well_it_looks_again_soon),
        cmocka_unit_test(what_the_other_side_asks_for_is_the_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
