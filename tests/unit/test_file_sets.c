#include "server/archive/file_sets.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void read_sets(struct str text, struct file_sets *sets)
{
    struct error err;
    struct file_sets_reader reader;
    *sets = (struct file_sets){0};
    file_sets_begin(&reader, sets);
    assert_true(file_sets_feed(&reader, text, &err));
    file_sets_end(&reader);
}

static void refuses_what_is_no_json(void **state)
{
    (void)state;
    struct error err;
    struct file_sets sets = {0};
    struct file_sets_reader reader;
    file_sets_begin(&reader, &sets);
    assert_false(file_sets_feed(&reader, STR("{\"TarFileSets\": no}"), &err));
    file_sets_done(&sets);
}

/* Not to know is to accuse nobody. */
static void without_sets_every_file_may_be_there(void **state)
{
    (void)state;
    struct file_sets sets;
    read_sets(STR("{\"Files\": {\"/a\": {}}, \"TarFileSets\": {\"part_001.tar.lz4\": []}}"), &sets);
    assert_true(file_sets_has(&sets, STR("part_001.tar.lz4"), STR("/a")));
    file_sets_done(&sets);
}

static void a_name_that_is_too_long_makes_all_unknown(void **state)
{
    (void)state;
    struct file_sets sets;
    cleanup(buf_clear) struct buf text = BUF(8192);
    buf_add_text(&text, "{\"TarFileSets\": {\"p\": [\"/a\", \"");
    for (int i = 0; i <= JSON_STREAM_TEXT; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, "\"]}}");
    read_sets(buf_str(&text), &sets);
    assert_true(sets.too_many);
    assert_true(file_sets_has(&sets, STR("p"), STR("/other")));
    file_sets_done(&sets);
}

static void knows_which_part_has_which_file(void **state)
{
    (void)state;
    struct file_sets sets;
    read_sets(
        STR("{\"Files\": {\"p\": [\"/no\"]}, \"TarFileSets\": {\"p\": [\"/a\", \"/b\"], \"q\": "
            "[\"/c\"]}, \"DatabasesByNames\": {\"q\": [\"/no\"]}}"),
        &sets);
    assert_int_equal(sets.count, 3);
    assert_true(file_sets_has(&sets, STR("p"), STR("/a")));
    assert_true(file_sets_has(&sets, STR("p"), STR("/b")));
    assert_true(file_sets_has(&sets, STR("q"), STR("/c")));
    assert_false(file_sets_has(&sets, STR("q"), STR("/a")));
    assert_false(file_sets_has(&sets, STR("p"), STR("/c")));
    assert_false(file_sets_has(&sets, STR("p"), STR("/no")));
    assert_false(file_sets_has(&sets, STR("q"), STR("/no")));
    assert_false(file_sets_has(&sets, STR("p/"), STR("a")));
    assert_true(file_sets_has(&sets, STR("p"), STR("./a")));
    assert_true(file_sets_has(&sets, STR("p"), STR("a")));
    file_sets_done(&sets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(without_sets_every_file_may_be_there),
        cmocka_unit_test(a_name_that_is_too_long_makes_all_unknown),
        cmocka_unit_test(knows_which_part_has_which_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
