#include "patches/doc.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct doc *read_text(const char *text)
{
    struct error err = {""};
    struct doc *doc = NULL;
    if (!doc_read(str_of(text), 16, &doc, &err))
        fail_msg("%s: %s", text, err.text);
    return doc;
}

static void assert_str(struct str found, const char *expected)
{
    if (!str_is(found, expected))
        fail_msg("found '%.*s', expected '%s'", STR_ARG(found), expected);
}

static void answers_for_what_is_absent(void **state)
{
    (void)state;
    assert_int_equal(value_type(VALUE_NONE), VALUE_ABSENT);
    assert_false(value_present(VALUE_NONE));
    assert_null(value_get(VALUE_NONE, "a").doc);
    assert_null(value_at(VALUE_NONE, "a.b").doc);
    assert_null(value_text(VALUE_NONE).data);
    assert_null(value_raw(VALUE_NONE).data);
    assert_null(value_key(VALUE_NONE).data);
    assert_null(value_first(VALUE_NONE).doc);
    assert_null(value_next(VALUE_NONE).doc);
    assert_int_equal(value_count(VALUE_NONE), 0);
    assert_true(value_bool(VALUE_NONE, true));
    assert_false(value_bool(VALUE_NONE, false));
    assert_true(value_equal(VALUE_NONE, VALUE_NONE));
}

/* What is asked of the wrong kind of value, or of a member that is not there. */
static void finds_nothing_where_nothing_is(void **state)
{
    (void)state;
    cleanup(doc_cleanup) struct doc *doc =
        read_text("{\"kind\":\"Pod\",\"spec\":{\"n\":null,\"list\":[{\"name\":\"A\"}],\"\":{}}}");
    struct value root = doc_root(doc);
    static const char *const paths[] = {
        "",         "Kind",     "kin",         "kinds",  "kind.x",
        "spec.n.x", "spec.x.n", "spec.x",      "spec..", "spec.list.name",
        "spec. n",  ".spec",    "spec.list.0",
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        if (value_type(value_at(root, paths[i])) != VALUE_ABSENT)
            fail_msg("there is something at '%s'", paths[i]);
    assert_null(value_get(root, NULL).doc);
    assert_null(value_get_str(root, STR_NONE).doc);
    assert_null(value_get_str(value_at(root, "spec.list"), STR("name")).doc);
    assert_null(value_key(root).data);
    assert_null(value_next(root).doc);
    assert_null(value_text(root).data);
    assert_null(value_text(value_at(root, "spec.n")).data);
    assert_null(value_first(value_at(root, "spec.")).doc);
    assert_int_equal(value_count(value_get(root, "kind")), 0);
}

/* Pairs of values, and whether they are equal. */
static const struct {
    const char *pair;
    bool equal;
} pairs[] = {
    {"[1,1]", true},
    {"[1,1.0]", false},
    {"[1,\"1\"]", false},
    {"[[],{}]", false},
    {"[{\"a\":null},{}]", false},
    {"[null,null]", true},
    {"[null,false]", false},
    {"[\"a\",\"\\u0061\"]", true},
    {"[\"a\",\"b\"]", false},
    {"[[1,2],[1,2]]", true},
    {"[[1,2],[2,1]]", false},
    {"[[1,2],[1]]", false},
    {"[[],[]]", true},
    {"[{},{}]", true},
    {"[{\"a\":1},{\"b\":1}]", false},
    {"[{\"a\":1},{\"a\":2}]", false},
    {"[{\"a\":1},{\"a\":1,\"b\":1}]", false},
    {"[{\"a\":1,\"bb\":{\"c\":[],\"d\":2}},{\"bb\":{\"d\":2,\"c\":[]},\"\\u0061\":1}]", true},
    {"[{\"a\":1,\"b\":2},{\"b\":1,\"a\":2}]", false},
    {"[{\"a\":1,\"b\":2},{\"c\":2,\"a\":1}]", false},
    {"[{\"managedFields\":[1]},{\"managedFields\":[1]}]", true},
    {"[{\"managedFields\":[1]},{\"managedFields\":[ 1]}]", false},
};

static void compares_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        cleanup(doc_cleanup) struct doc *doc = read_text(pairs[i].pair);
        struct value a = value_first(doc_root(doc));
        struct value b = value_next(a);
        if (value_equal(a, b) != pairs[i].equal || value_equal(b, a) != pairs[i].equal)
            fail_msg("%s", pairs[i].pair);
        assert_true(value_equal(a, a));
        assert_false(value_equal(a, VALUE_NONE));
    }
}

/* An object whose members are in the opposite order in the other; the last one may differ. */
static void compares_large_objects_whatever_their_order(void **state)
{
    (void)state;
    for (int differs = 0; differs < 2; differs++) {
        struct buf text = BUF(1u << 20);
        buf_add_text(&text, "[{");
        for (int i = 0; i < 1000; i++)
            buf_addf(&text, "%s\"%d\":%d", i ? "," : "", i, i);
        buf_add_text(&text, "},{");
        for (int i = 999; i >= 0; i--)
            buf_addf(&text, "\"%d\":%d%s", i, i ? i : differs, i ? "," : "}]");
        cleanup(doc_cleanup) struct doc *doc = read_text(text.data);
        struct value first = value_first(doc_root(doc));
        assert_int_equal(value_equal(first, value_next(first)), !differs);
        doc_free(TAKE(doc));
        buf_clear(&text);
    }
}

static void knows_the_types(void **state)
{
    (void)state;
    static const enum value_type types[] = {VALUE_NULL,   VALUE_FALSE,  VALUE_TRUE, VALUE_NUMBER,
                                            VALUE_STRING, VALUE_OBJECT, VALUE_ARRAY};
    cleanup(doc_cleanup) struct doc *doc = read_text(" [null, false,true,1,\"x\",{} ,[]]\r\n");
    struct value each = value_first(doc_root(doc));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++, each = value_next(each)) {
        assert_int_equal(value_type(each), types[i]);
        assert_int_equal(value_present(each), types[i] != VALUE_NULL);
        assert_int_equal(value_bool(each, true), types[i] != VALUE_FALSE);
        assert_int_equal(value_bool(each, false), types[i] == VALUE_TRUE);
        assert_null(value_key(each).data);
        assert_int_equal(value_text(each).data != NULL, types[i] == VALUE_STRING);
        assert_null(value_first(each).doc);
    }
    assert_int_equal(value_type(each), VALUE_ABSENT);
}

static void finds_members(void **state)
{
    (void)state;
    cleanup(doc_cleanup) struct doc *doc =
        read_text("{\"kind\":\"Pod\",\"spec\":{\"env\":[{\"name\":\"A\"},{\"name\":\"B\"}],"
                  "\"n\":null},\"\\u0065nd\":1}");
    struct value root = doc_root(doc);
    assert_str(value_text(value_get(root, "kind")), "Pod");
    assert_str(value_raw(value_get(root, "end")), "1");
    assert_str(value_key(value_get(root, "end")), "end");
    assert_str(value_raw(value_at(root, "spec.n")), "null");

    struct value entry = value_first(value_at(root, "spec.env"));
    assert_str(value_text(value_get(entry, "name")), "A");
    entry = value_next(entry);
    assert_str(value_raw(entry), "{\"name\":\"B\"}");
    assert_null(value_next(entry).doc);
    assert_int_equal(value_count(root), 3);
}

static void walks_over_what_is_inside(void **state)
{
    (void)state;
    cleanup(doc_cleanup) struct doc *doc =
        read_text("{\"a\":[[1,{\"x\":[]}],2],\"b\\n\":{\"c\":{\"d\":3}},\"e\":\"\\u0065\"}");
    static const struct {
        const char *key;
        const char *raw;
        size_t count;
    } members[] = {
        {"a", "[[1,{\"x\":[]}],2]", 2},
        {"b\n", "{\"c\":{\"d\":3}}", 1},
        {"e", "\"\\u0065\"", 0},
    };
    struct value each = value_first(doc_root(doc));
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++, each = value_next(each)) {
        assert_str(value_key(each), members[i].key);
        assert_str(value_raw(each), members[i].raw);
        assert_int_equal(value_count(each), members[i].count);
    }
    assert_int_equal(value_type(each), VALUE_ABSENT);
    assert_str(value_raw(value_at(doc_root(doc), "b\n.c.d")), "3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_for_what_is_absent),
        cmocka_unit_test(finds_nothing_where_nothing_is),
        cmocka_unit_test(compares_values),
        cmocka_unit_test(compares_large_objects_whatever_their_order),
        cmocka_unit_test(knows_the_types),
        cmocka_unit_test(finds_members),
        cmocka_unit_test(walks_over_what_is_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
