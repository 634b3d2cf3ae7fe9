#include "server/diff.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void check(const char *before_text, const char *after_text, bool colour,
                  const char *expected)
{
    json_t *before = json_loads(before_text, JSON_DECODE_ANY, NULL);
    json_t *after = json_loads(after_text, JSON_DECODE_ANY, NULL);
    assert_non_null(before);
    assert_non_null(after);
    struct buf text = BUF(1024 * 1024);
    diff_write(before, after, colour, &text);
    assert_string_equal(buf_str(&text).data, expected);
    buf_clear(&text);
    json_decref(before);
    json_decref(after);
}

static void no_difference_no_text(void **state)
{
    (void)state;
    check("{}", "{}", true, "");
    check("null", "null", true, "");
    check("{\"a\": [1, {\"b\": null}]}", "{\"a\": [1, {\"b\": null}]}", true, "");
}

static void control_characters_are_escaped(void **state)
{
    (void)state;
    check("{\"a\": \"x\"}", "{\"a\": \"\\u001b[2J\\n\\u009b\", \"\\u0007\": 1}", false,
          "@@ . @@\n-a: x\n+a: \"\\u001B[2J\\n\\u009B\"\n+\"\\u0007\": 1\n");
}

static void what_is_no_text_is_told_from_what_is(void **state)
{
    (void)state;
    check("{}",
          "{\"a\": true, \"b\": \"true\", \"c\": \"12\", \"d\": 12, \"e\": \"\", \"f\": {}, "
          "\"g\": [], \"h\": null, \"i\": \"k: v\", \"j\": \"x y\"}",
          false,
          "@@ . @@\n+a: true\n+b: \"true\"\n+c: \"12\"\n+d: 12\n+e: \"\"\n+f: {}\n+g: []\n"
          "+h: null\n+i: \"k: v\"\n+j: x y\n");
}

#define ENV(entries)                                                                               \
    "{\"spec\": {\"containers\": [{\"name\": \"postgres\", \"env\": [" entries "]}]}}"
#define ENTRY(name, value) "{\"name\": \"" name "\", \"value\": \"" value "\"}"

static void an_added_entry_stands_under_its_list(void **state)
{
    (void)state;
    check(ENV(ENTRY("A", "x") "," ENTRY("C", "x")),
          ENV(ENTRY("A", "x") "," ENTRY("B", "y") "," ENTRY("C", "x")), false,
          "@@ spec.containers[postgres].env @@\n"
          "     env:\n     - name: A\n       value: x\n"
          "+    - name: B\n+      value: y\n"
          "     - name: C\n       value: x\n");
}

static void a_changed_entry_is_named(void **state)
{
    (void)state;
    check(ENV(ENTRY("A", "x") "," ENTRY("B", "y")), ENV(ENTRY("A", "x") "," ENTRY("B", "z")), true,
          "\033[36m@@ spec.containers[postgres].env[B] @@\033[0m\n"
          "     - name: A\n       value: x\n     - name: B\n"
          "\033[31m-      value: y\033[0m\n\033[32m+      value: z\033[0m\n");
}

static void a_removed_entry_stands_under_its_list(void **state)
{
    (void)state;
    check(ENV(ENTRY("A", "x") "," ENTRY("B", "y")), ENV(ENTRY("A", "x")), false,
          "@@ spec.containers[postgres].env @@\n"
          "     env:\n     - name: A\n       value: x\n"
          "-    - name: B\n-      value: y\n");
}

static void far_changes_are_groups_of_their_own(void **state)
{
    (void)state;
    check("{\"m\": {\"a\": 1}, \"b\": 1, \"c\": 1, \"d\": 1, \"e\": 1, \"f\": 1, \"g\": 1, "
          "\"h\": 1, \"l\": [[1], 2]}",
          "{\"m\": {\"a\": 2}, \"b\": 1, \"c\": 1, \"d\": 1, \"e\": 1, \"f\": 1, \"g\": 1, "
          "\"h\": 1, \"l\": [[3], 2]}",
          false,
          "@@ m @@\n m:\n-  a: 1\n+  a: 2\n b: 1\n c: 1\n d: 1\n"
          "@@ l[0] @@\n h: 1\n l:\n -\n-  - 1\n+  - 3\n - 2\n");
}

static void near_changes_are_one_group(void **state)
{
    (void)state;
    check("{\"a\": 1, \"b\": 1, \"c\": 1, \"d\": 1}", "{\"a\": 2, \"b\": 1, \"c\": 1, \"d\": 2}",
          false, "@@ . @@\n-a: 1\n+a: 2\n b: 1\n c: 1\n-d: 1\n+d: 2\n");
}

static json_t *numbers(int first, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, json_integer(first + i));
    return array;
}

static void too_many_changes_replace_all(void **state)
{
    (void)state;
    json_t *before = numbers(0, 4000);
    json_t *after = numbers(10000, 3000);
    struct buf text = BUF(1024 * 1024);
    diff_write(before, after, false, &text);
    size_t removed = 0;
    size_t added = 0;
    for (size_t i = 0; i + 1 < text.length; i++) {
        removed += text.data[i] == '\n' && text.data[i + 1] == '-';
        added += text.data[i] == '\n' && text.data[i + 1] == '+';
    }
    assert_int_equal(removed, 4000);
    assert_int_equal(added, 3000);
    buf_clear(&text);
    json_decref(before);
    json_decref(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_difference_no_text),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(what_is_no_text_is_told_from_what_is),
        cmocka_unit_test(an_added_entry_stands_under_its_list),
        cmocka_unit_test(a_changed_entry_is_named),
        cmocka_unit_test(a_removed_entry_stands_under_its_list),
        cmocka_unit_test(far_changes_are_groups_of_their_own),
        cmocka_unit_test(near_changes_are_one_group),
        cmocka_unit_test(too_many_changes_replace_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
