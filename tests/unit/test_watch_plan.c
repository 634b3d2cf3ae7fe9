#include "server/archive/watch_plan.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void nothing_is_due_too_early(void **state)
{
    (void)state;
    cleanup(watch_plan_done) struct watch_plan plan = watch_plan_new(2, 1000, 500);
    assert_int_equal(watch_plan_next(&plan, 499), WATCH_PLAN_NONE);
    assert_int_equal(watch_plan_when(&plan), 500);
}

static void what_is_busy_is_not_begun_again(void **state)
{
    (void)state;
    cleanup(watch_plan_done) struct watch_plan plan = watch_plan_new(1, 1000, 0);
    watch_plan_begin(&plan, 0, 0);
    assert_int_equal(watch_plan_next(&plan, 5000), WATCH_PLAN_NONE);
    assert_int_equal(watch_plan_when(&plan), UINT64_MAX);
    watch_plan_end(&plan, 0);
    assert_int_equal(watch_plan_next(&plan, 5000), 0);
}

/* All at once at the start, then one after the other. */
static void looks_are_spread_over_the_interval(void **state)
{
    (void)state;
    cleanup(watch_plan_done) struct watch_plan plan = watch_plan_new(4, 1000, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(watch_plan_next(&plan, 0), i);
        watch_plan_begin(&plan, i, 0);
        watch_plan_end(&plan, i);
    }
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < 4; i++) {
            uint64_t now = 1000 * round + 250 * (i + 1);
            assert_int_equal(watch_plan_when(&plan), now);
            assert_int_equal(watch_plan_next(&plan, now - 1), WATCH_PLAN_NONE);
            assert_int_equal(watch_plan_next(&plan, now), i);
            watch_plan_begin(&plan, i, now);
            watch_plan_end(&plan, i);
        }
}

static void the_longest_due_comes_first(void **state)
{
    (void)state;
    cleanup(watch_plan_done) struct watch_plan plan = watch_plan_new(2, 1000, 0);
    watch_plan_begin(&plan, 0, 0);
    watch_plan_end(&plan, 0);
    watch_plan_put_off(&plan, 1, 700);
    assert_int_equal(watch_plan_next(&plan, 10000), 0); /* due at 500 */
    watch_plan_begin(&plan, 0, 10000);
    assert_int_equal(watch_plan_next(&plan, 10000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_due_too_early),
        cmocka_unit_test(what_is_busy_is_not_begun_again),
        cmocka_unit_test(looks_are_spread_over_the_interval),
        cmocka_unit_test(the_longest_due_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
