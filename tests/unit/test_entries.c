#include "patches/entries.h"

#include "base/mem.h"
#include "patches/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void an_empty_list_has_nothing(void **state)
{
    (void)state;
    struct entry_list list = {0};
    struct entry_list from = {0};
    entries_append(&list, &from);
    assert_null(list.items);
    assert_int_equal(list.count, 0);
    entries_clear(&list);
    entries_clear(&list);
    assert_null(list.items);
}

/* Texts that a JSON string cannot hold as they are. */
static void what_would_end_a_json_string_is_escaped(void **state)
{
    (void)state;
    struct entry_list list = {0};
    entry_add_value(&list, "A\"", "\"},{\"name\":\"B\\\n\x01");
    entry_add_config_map_key(&list, "C\\", "m\"", "k\t", false);
    entry_add_secret_key(&list, "D\n", "s\\", "\"k\"");
    assert_string_equal(
        list.items[0].json,
        "{\"name\":\"A\\\"\",\"value\":\"\\\"},{\\\"name\\\":\\\"B\\\\\\n\\u0001\"}");
    assert_string_equal(list.items[1].json,
                        "{\"name\":\"C\\\\\",\"valueFrom\":{\"configMapKeyRef\":"
                        "{\"name\":\"m\\\"\",\"key\":\"k\\t\"}}}");
    assert_string_equal(list.items[2].json, "{\"name\":\"D\\n\",\"valueFrom\":{\"secretKeyRef\":"
                                            "{\"name\":\"s\\\\\",\"key\":\"\\\"k\\\"\"}}}");
    entries_clear(&list);
}

/* The longest texts of a configuration, each byte of which is written as six. */
static void the_longest_texts_fit(void **state)
{
    (void)state;
    char text[FIELD_TEXT_MAX + 1] = "";
    memset(text, 1, FIELD_TEXT_MAX);
    struct entry_list list = {0};
    entry_add_value(&list, text, text);
    entry_add_secret_key(&list, text, text, text);
    entry_add_config_map_key(&list, text, text, text, true);
    for (size_t i = 0; i < list.count; i++) {
        size_t texts = i == 0 ? 2 : 3;
        assert_non_null(list.items[i].json);
        assert_true(strlen(list.items[i].json) > texts * 6 * FIELD_TEXT_MAX);
        assert_true(str_ends(str_of(list.items[i].json), STR("}")));
    }
    entries_clear(&list);
}

static void the_texts_are_copies(void **state)
{
    (void)state;
    char name[] = "name";
    char other[] = "other";
    char key[] = "key";
    struct entry_list list = {0};
    entry_add_value(&list, name, other);
    entry_add_config_map_key(&list, name, other, key, true);
    entry_add_secret_key(&list, name, other, key);
    name[0] = other[0] = key[0] = '-';
    for (size_t i = 0; i < list.count; i++)
        assert_string_equal(list.items[i].name, "name");
    assert_string_equal(list.items[0].value, "other");
    for (size_t i = 1; i < list.count; i++) {
        assert_string_equal(list.items[i].ref_name, "other");
        assert_string_equal(list.items[i].ref_key, "key");
    }
    entries_clear(&list);
}

static void each_kind_has_its_form(void **state)
{
    (void)state;
    static const struct {
        enum entry_kind kind;
        bool optional;
        const char *json;
    } forms[] = {
        {ENTRY_VALUE, false, "{\"name\":\"A\",\"value\":\"\"}"},
        {ENTRY_CONFIG_MAP_KEY, false,
         "{\"name\":\"B\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"k\"}}}"},
        {ENTRY_CONFIG_MAP_KEY, true,
         "{\"name\":\"C\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"k\","
         "\"optional\":true}}}"},
        {ENTRY_SECRET_KEY, false,
         "{\"name\":\"D\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}}"},
    };
    struct entry_list list = {0};
    entry_add_value(&list, "A", "");
    entry_add_config_map_key(&list, "B", "m", "k", false);
    entry_add_config_map_key(&list, "C", "m", "k", true);
    entry_add_secret_key(&list, "D", "s", "k");
    assert_int_equal(list.count, sizeof(forms) / sizeof(*forms));
    for (size_t i = 0; i < list.count; i++) {
        const struct entry *entry = &list.items[i];
        assert_int_equal(entry->kind, forms[i].kind);
        assert_int_equal(entry->optional, forms[i].optional);
        assert_string_equal(entry->json, forms[i].json);
        assert_int_equal(entry->value != NULL, entry->kind == ENTRY_VALUE);
        assert_int_equal(entry->ref_name != NULL, entry->kind != ENTRY_VALUE);
        assert_int_equal(entry->ref_key != NULL, entry->kind != ENTRY_VALUE);
    }
    entries_clear(&list);
}

static void append_moves(void **state)
{
    (void)state;
    struct entry_list list = {0};
    struct entry_list from = {0};
    entry_add_value(&list, "A", "1");
    entry_add_value(&from, "B", "2");
    entry_add_secret_key(&from, "A", "s", "k");
    const char *moved = from.items[1].json;
    entries_append(&list, &from);
    assert_null(from.items);
    assert_int_equal(from.count, 0);
    assert_int_equal(list.count, 3);
    const char *const names[] = {"A", "B", "A"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_string_equal(list.items[i].name, names[i]);
    assert_ptr_equal(list.items[2].json, moved);
    entries_clear(&list);
    assert_null(list.items);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_nothing),
        cmocka_unit_test(what_would_end_a_json_string_is_escaped),
        cmocka_unit_test(the_longest_texts_fit),
        cmocka_unit_test(the_texts_are_copies),
        cmocka_unit_test(each_kind_has_its_form),
        cmocka_unit_test(append_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
