#include "server/diff_lines.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static json_t *tree_of(const char *text)
{
    json_error_t error;
    json_t *tree = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!tree)
        fail_msg("%s in %s", error.text, text);
    return tree;
}

/* Every line with the path of what it is a part of behind it. */
static void shows(const char *text, const char *expected)
{
    json_t *tree = tree_of(text);
    struct diff_lines lines;
    struct buf found = BUF(65536);
    diff_lines_make(tree, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        struct buf path = BUF(1024);
        diff_lines_path(&lines, lines.lines[i].node, &path);
        buf_addf(&found, "%s | %s\n", lines.lines[i].text, path.length ? path.data : "");
        buf_clear(&path);
    }
    assert_string_equal(found.length ? found.data : "", expected);
    buf_clear(&found);
    diff_lines_done(&lines);
    assert_int_equal(lines.count, 0);
    json_decref(tree);
}

static void what_is_no_container_has_no_lines(void **state)
{
    (void)state;
    static const char *const texts[] = {"null", "true", "1", "\"text\"", "{}", "[]"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        shows(texts[i], "");
}

static void texts_that_could_be_mistaken_are_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *line;
    } cases[] = {
        {"\"\"", "- \"\" | \n"},
        {"\"true\"", "- \"true\" | \n"},
        {"\"null\"", "- \"null\" | \n"},
        {"\"12\"", "- \"12\" | \n"},
        {"\"-a\"", "- \"-a\" | \n"},
        {"\"a \"", "- \"a \" | \n"},
        {"\"a:\"", "- \"a:\" | \n"},
        {"\"a: b\"", "- \"a: b\" | \n"},
        {"\"a#b\"", "- \"a#b\" | \n"},
        {"\"a\\u001bb\\n\"", "- \"a\\u001Bb\\n\" | \n"},
        {"\"a\\u0000\"", "- \"a\\u0000\" | \n"},
        {"\"\xc3\xa4\"", "- \"\\u00E4\" | \n"},
        {"\"a:b /c\"", "- a:b /c | \n"},
        {"\"$(A)\"", "- $(A) | \n"},
        {"12", "- 12 | \n"},
        {"null", "- null | \n"},
        {"{}", "- {} | \n"},
        {"[]", "- [] | \n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        autofree char *list = xasprintf("[%s]", cases[i].json);
        shows(list, cases[i].line);
    }
}

static void keys_are_quoted_as_values_are(void **state)
{
    (void)state;
    shows("{\"a\\nb\": {\"true\": 1}}", "\"a\\nb\": | \n"
                                        "  \"true\": 1 | \"a\\nb\"\n");
}

static void lines_know_their_place(void **state)
{
    (void)state;
    shows("{\"metadata\": {\"name\": \"x\", \"labels\": {}}, \"spec\": {\"containers\": ["
          "{\"name\": \"postgres\", \"env\": [{\"name\": \"A\", \"value\": \"1\"}, 2]},"
          "{\"env\": [{\"name\": 5}], \"image\": \"i\"}]}, \"lists\": [[1, [2]], []]}",
          "metadata: | \n"
          "  name: x | metadata\n"
          "  labels: {} | metadata\n"
          "spec: | \n"
          "  containers: | spec\n"
          "  - name: postgres | spec.containers\n"
          "    env: | spec.containers[postgres]\n"
          "    - name: A | spec.containers[postgres].env\n"
          "      value: \"1\" | spec.containers[postgres].env[A]\n"
          "    - 2 | spec.containers[postgres].env\n"
          "  - env: | spec.containers\n"
          "    - name: 5 | spec.containers[1].env\n"
          "    image: i | spec.containers[1]\n"
          "lists: | \n"
          "- | lists\n"
          "  - 1 | lists[0]\n"
          "  - | lists[0]\n"
          "    - 2 | lists[0][1]\n"
          "- [] | lists\n");
}

static void a_path_goes_behind_what_is_there(void **state)
{
    (void)state;
    json_t *tree = tree_of("{\"a\": {\"b\": {\"c\": 1}}}");
    struct diff_lines lines;
    struct buf path = BUF(64);
    diff_lines_make(tree, &lines);
    buf_add_text(&path, "f");
    diff_lines_path(&lines, 0, &path);
    assert_string_equal(path.data, "f");
    diff_lines_path(&lines, 2, &path);
    assert_string_equal(path.data, "f.a.b");
    buf_clear(&path);
    diff_lines_done(&lines);
    json_decref(tree);
}

static void the_nearest_common_node_is_found(void **state)
{
    (void)state;
    json_t *tree =
        tree_of("{\"a\": {\"b\": {\"x\": 1}, \"c\": {\"d\": {\"x\": 1}}}, \"e\": {\"x\": 1}}");
    enum { TOP, A, B, C, D, E }; /* in the order in which they are met */
    struct diff_lines lines;
    diff_lines_make(tree, &lines);
    assert_int_equal(lines.node_count, 6);
    assert_int_equal(diff_lines_common(&lines, D, E), TOP);
    assert_int_equal(diff_lines_common(&lines, TOP, D), TOP);
    assert_int_equal(diff_lines_common(&lines, B, D), A);
    assert_int_equal(diff_lines_common(&lines, D, B), A);
    assert_int_equal(diff_lines_common(&lines, D, C), C);
    assert_int_equal(diff_lines_common(&lines, D, D), D);
    diff_lines_done(&lines);
    json_decref(tree);
}

static void many_lines_and_nodes_are_kept(void **state)
{
    (void)state;
    json_t *tree = json_array();
    for (int i = 0; i < 1000; i++)
        json_array_append_new(tree, json_pack("{s:i}", "a", i));
    struct diff_lines lines;
    diff_lines_make(tree, &lines);
    assert_int_equal(lines.count, 1000);
    assert_int_equal(lines.node_count, 1001);
    assert_string_equal(lines.lines[999].text, "- a: 999");
    diff_lines_done(&lines);
    json_decref(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_container_has_no_lines),
        cmocka_unit_test(texts_that_could_be_mistaken_are_quoted),
        cmocka_unit_test(keys_are_quoted_as_values_are),
        cmocka_unit_test(lines_know_their_place),
        cmocka_unit_test(a_path_goes_behind_what_is_there),
        cmocka_unit_test(the_nearest_common_node_is_found),
        cmocka_unit_test(many_lines_and_nodes_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
