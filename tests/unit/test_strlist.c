#include "base/strlist.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void counts_what_it_drops(void **state)
{
    (void)state;
    cleanup(strlist_clear) struct strlist list = {0};
    for (int i = 0; i < STRLIST_MAX + 3; i++)
        strlist_addf(&list, "%d", i);
    assert_int_equal(list.count, STRLIST_MAX);
    assert_int_equal(list.dropped, 3);
    assert_string_equal(list.items[STRLIST_MAX - 1], "999");
    assert_false(strlist_has(&list, STR("1000")));
    strlist_clear(&list);
    assert_int_equal(list.count + list.dropped, 0);
}

static void formatted_text_is_cut(void **state)
{
    (void)state;
    cleanup(strlist_clear) struct strlist list = {0};
    strlist_addf(&list, "%05000d", 0);
    assert_int_equal(strlen(list.items[0]), 2047);
}

static void keeps_copies_in_order(void **state)
{
    (void)state;
    cleanup(strlist_clear) struct strlist list = {0};
    autofree char *nothing = strlist_join(&list, ", ");
    assert_string_equal(nothing, "");
    assert_false(strlist_has(&list, STR("")));

    char text[] = "one";
    strlist_add(&list, str_of(text));
    text[0] = 'x';
    strlist_add(&list, STR_NONE);
    strlist_addf(&list, "%d", 3);
    autofree char *joined = strlist_join(&list, ", ");
    assert_string_equal(joined, "one, , 3");
    assert_true(strlist_has(&list, STR("one")));
    assert_true(strlist_has(&list, STR("")));
    assert_false(strlist_has(&list, STR("on")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_it_drops),
        cmocka_unit_test(formatted_text_is_cut),
        cmocka_unit_test(keeps_copies_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
