#include "certs/rotate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A certificate of nine days, from second 1000 on. */
#define START 1000
#define LIFE (9 * 86400)
#define END (START + LIFE)

static void after_its_end_it_is_expired(void **state)
{
    (void)state;
    assert_int_equal(rotate_at(END + 1, START, END), ROTATE_EXPIRED);
    assert_int_equal(rotate_at(INT64_C(253402300799), START, END), ROTATE_EXPIRED);
}

static void dates_in_the_wrong_order_are_expired(void **state)
{
    (void)state;
    assert_int_equal(rotate_at(START, END, START - 1), ROTATE_EXPIRED);
}

static void before_its_beginning_it_is_renewed(void **state)
{
    (void)state;
    assert_int_equal(rotate_at(START - 1, START, END), ROTATE_RENEW);
}

static void from_two_thirds_on_it_is_renewed(void **state)
{
    (void)state;
    assert_int_equal(rotate_at(START + LIFE / 3 * 2, START, END), ROTATE_RENEW);
    assert_int_equal(rotate_at(END, START, END), ROTATE_RENEW);
}

static void until_two_thirds_it_is_kept(void **state)
{
    (void)state;
    assert_int_equal(rotate_at(START, START, END), ROTATE_KEEP);
    assert_int_equal(rotate_at(START + LIFE / 3 * 2 - 1, START, END), ROTATE_KEEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_its_end_it_is_expired),
        cmocka_unit_test(dates_in_the_wrong_order_are_expired),
        cmocka_unit_test(before_its_beginning_it_is_renewed),
        cmocka_unit_test(from_two_thirds_on_it_is_renewed),
        cmocka_unit_test(until_two_thirds_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
