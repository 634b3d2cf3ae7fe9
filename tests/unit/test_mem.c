#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void nothing_is_still_an_allocation(void **state)
{
    (void)state;
    autofree void *plain = xmalloc(0);
    autofree void *zeroed = xcalloc(0, 0);
    autofree void *grown = xrealloc(NULL, 0);
    autofree char *text = xstrndup(NULL, 0);
    assert_non_null(plain);
    assert_non_null(zeroed);
    assert_non_null(grown);
    assert_string_equal(text, "");
}

static void allocates_and_copies(void **state)
{
    (void)state;
    autofree int *numbers = xcalloc(2, sizeof(*numbers));
    assert_int_equal(numbers[0] + numbers[1], 0);
    autofree char *grown = xmalloc(2);
    memcpy(grown, "a", 2);
    grown = xrealloc(grown, 100);
    assert_string_equal(grown, "a");
    autofree char *copy = xstrdup("copy");
    assert_string_equal(copy, "copy");
    autofree char *part = xstrndup("a\0bc", 3);
    assert_memory_equal(part, "a\0b", 4);
    autofree char *formatted = xasprintf("%s-%d", "x", 1);
    assert_string_equal(formatted, "x-1");
}

static char *make(void)
{
    autofree char *text = xstrdup("given");
    return TAKE(text);
}

static void take_hands_over(void **state)
{
    (void)state;
    autofree char *text = make();
    assert_string_equal(text, "given");
    autofree char *other = TAKE(text);
    assert_null(text);
    assert_string_equal(other, "given");
}

struct witness {
    int *calls;
};

static void count_call(struct witness *witness)
{
    ++*witness->calls;
}

static void cleanup_calls_the_function(void **state)
{
    (void)state;
    int calls = 0;
    for (int i = 0; i < 2; i++) {
        cleanup(count_call) struct witness witness = {&calls};
        assert_int_equal(*witness.calls, i);
    }
    assert_int_equal(calls, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_still_an_allocation),
        cmocka_unit_test(allocates_and_copies),
        cmocka_unit_test(take_hands_over),
        cmocka_unit_test(cleanup_calls_the_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
