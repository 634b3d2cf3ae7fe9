#include "patches/shown.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void control_characters_do_not_get_through(void **state)
{
    (void)state;
    assert_string_equal(shown(STR("a\nb\r\t\x1b[31m\x7f\0c")).text, "a?b???[31m??c");
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    char text[200];
    memset(text, 'x', sizeof(text));
    assert_int_equal(strlen(shown((struct str){text, 96}).text), 96);
    struct shown cut = shown((struct str){text, 97});
    assert_int_equal(strlen(cut.text), 99);
    assert_string_equal(cut.text + 94, "xx...");
}

static void a_character_is_not_cut_in_two(void **state)
{
    (void)state;
    char x[101] = "";
    memset(x, 'x', 100);
    autofree char *over = xasprintf("%.94s\xe2\x82\xac%s", x, x); /* the euro sign */
    assert_string_equal(shown(str_of(over)).text + 92, "xx...");
    autofree char *up_to = xasprintf("%.93s\xe2\x82\xac%s", x, x);
    assert_string_equal(shown(str_of(up_to)).text + 92, "x\xe2\x82\xac...");
}

static void the_rest_stays(void **state)
{
    (void)state;
    assert_string_equal(shown(STR_NONE).text, "");
    assert_string_equal(shown(STR("")).text, "");
    assert_string_equal(shown(STR("d\xc3\xa9j\xc3\xa0 'vu'")).text, "d\xc3\xa9j\xc3\xa0 'vu'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_do_not_get_through),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(a_character_is_not_cut_in_two),
        cmocka_unit_test(the_rest_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
