/* doc_read() against jansson: the same verdict on every input, and the same values. */
#include "patches/doc.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>

static void compare(json_t *expected, struct value found);

static void compare_array(const json_t *expected, struct value found)
{
    fuzz_check(value_type(found) == VALUE_ARRAY, "array");
    fuzz_check(value_count(found) == json_array_size(expected), "number of elements");
    struct value element = value_first(found);
    for (size_t i = 0; element.doc; element = value_next(element), i++) {
        fuzz_check(!value_key(element).data, "elements have no key");
        compare(json_array_get(expected, i), element);
    }
}

static void compare_object(json_t *expected, struct value found)
{
    fuzz_check(value_type(found) == VALUE_OBJECT, "object");
    fuzz_check(value_count(found) == json_object_size(expected), "number of members");
    struct value member = value_first(found);
    const char *key;
    json_t *value;
    json_object_foreach(expected, key, value)
    {
        fuzz_check(str_is(value_key(member), key), "key");
        fuzz_check(value_get(found, key).at == member.at, "member found by key");
        compare(value, member);
        member = value_next(member);
    }
}

static void compare_string(const json_t *expected, struct value found)
{
    struct str text = {json_string_value(expected), json_string_length(expected)};
    fuzz_check(str_equal(value_text(found), text), "string");
}

static void compare_number(const json_t *expected, struct value found)
{
    fuzz_check(value_type(found) == VALUE_NUMBER, "number");
    struct str raw = value_raw(found);
    autofree char *text = xstrndup(raw.data, raw.length);
    json_t *again = json_is_integer(expected) ? json_integer(strtoll(text, NULL, 10))
                                              : json_real(strtod(text, NULL));
    fuzz_check(json_equal(expected, again), "value of a number");
    json_decref(again);
}

static void compare(json_t *expected, struct value found)
{
    if (value_type(found) == VALUE_SKIPPED) {
        fuzz_check(json_is_array(expected) || json_is_object(expected), "skipped container");
        fuzz_check(str_is(value_key(found), "managedFields"), "skipped member");
        return;
    }
    switch (json_typeof(expected)) {
    case JSON_OBJECT:
        compare_object(expected, found);
        return;
    case JSON_ARRAY:
        compare_array(expected, found);
        return;
    case JSON_STRING:
        compare_string(expected, found);
        return;
    case JSON_INTEGER:
    case JSON_REAL:
        compare_number(expected, found);
        return;
    case JSON_TRUE:
        fuzz_check(value_type(found) == VALUE_TRUE, "true");
        return;
    case JSON_FALSE:
        fuzz_check(value_type(found) == VALUE_FALSE, "false");
        return;
    case JSON_NULL:
        fuzz_check(value_type(found) == VALUE_NULL, "null");
        return;
    }
}

/* value_equal() of neighbours in the top array or object never says more than json_equal(). */
static void compare_neighbours(const json_t *expected, struct value root)
{
    struct value a = value_first(root);
    struct value b = value_next(a);
    if (!b.doc || !json_is_array(expected))
        return;
    bool equal = json_equal(json_array_get(expected, 0), json_array_get(expected, 1));
    fuzz_check(value_equal(a, b) == value_equal(b, a), "equality is symmetric");
    fuzz_check(!value_equal(a, b) || equal, "equal values");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {""};
    struct str text = {(const char *)data, size};
    cleanup(doc_cleanup) struct doc *doc = NULL;
    bool read = doc_read(text, DOC_DEPTH_MAX, &doc, &err);
    cleanup(json_decrefp) json_t *tree =
        json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);

    if (!read) {
        fuzz_check(str_starts(str_of(err.text), STR("byte ")) && !doc, "error text");
        /* jansson 2.14 loses a NUL byte behind a number or a literal and accepts what follows. */
        fuzz_check(!tree || memchr(data, '\0', size), "refused what jansson accepts");
        return 0;
    }
    fuzz_check(tree, "accepted what jansson refuses");
    compare(tree, doc_root(doc));
    compare_neighbours(tree, doc_root(doc));
    fuzz_check(value_equal(doc_root(doc), doc_root(doc)), "equals itself");
    fuzz_check(!value_next(doc_root(doc)).doc, "nothing after the top");
    return 0;
}
