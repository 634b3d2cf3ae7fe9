#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    struct error err;
    char text[2 * sizeof(err.text)];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';

    assert_false(error_set(&err, "%s", text));
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_false(error_wrap(&err, "here"));
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_memory_equal(err.text, "here: xxx", 9);
    assert_false(error_wrap(&err, "%s", text));
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_null(strchr(err.text, ':'));
}

static void puts_context_in_front(void **state)
{
    (void)state;
    struct error err;
    assert_false(error_set(&err, "found %d, expected %s", 1, "two"));
    assert_string_equal(err.text, "found 1, expected two");
    assert_false(error_wrap(&err, "rules[%d]", 2));
    assert_string_equal(err.text, "rules[2]: found 1, expected two");
}

static void names_errno(void **state)
{
    (void)state;
    char text[128];
    assert_string_equal(error_errno(ENOENT, text, sizeof(text)), "No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(puts_context_in_front),
        cmocka_unit_test(names_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
