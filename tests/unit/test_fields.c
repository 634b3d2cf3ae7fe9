#include "patches/fields.h"

#include "tests/unit/fixture.h"

/* One member of each kind. */
struct inner {
    bool on;
};

struct target {
    char *text;
    char *word;
    bool flag;
    uint64_t number;
    uint64_t size;
    uint64_t duration;
    unsigned choice;
    struct strlist list;
    struct inner section;
    const json_t *tree;
};

static const char *const colours[] = {"red", "blue", NULL};

static const struct field inner_fields[] = {
    {"on", FIELD_BOOLEAN, offsetof(struct inner, on), "false"},
    {NULL},
};

static const struct field fields[] = {
    {"text", FIELD_TEXT, offsetof(struct target, text)},
    {"word", FIELD_WORD, offsetof(struct target, word), "w"},
    {"flag", FIELD_BOOLEAN, offsetof(struct target, flag), "true"},
    {"number", FIELD_NUMBER, offsetof(struct target, number), "5", .min = 1, .max = 10},
    {"size", FIELD_SIZE, offsetof(struct target, size), "2KiB", .min = 1024, .max = 1 << 26},
    {"duration", FIELD_DURATION, offsetof(struct target, duration), "2s", .min = 1500,
     .max = 60000},
    {"choice", FIELD_CHOICE, offsetof(struct target, choice), "blue", .choices = colours},
    {"list", FIELD_LIST, offsetof(struct target, list), "one\ntwo"},
    {"section", FIELD_SECTION, offsetof(struct target, section), .fields = inner_fields},
    {"tree", FIELD_TREE, offsetof(struct target, tree)},
    {NULL},
};

/* Reads JSON written with single quotes. Returns the mistakes joined by line ends; the caller frees
 * them, and the tree, which must outlive the target. */
static char *read_fields(const char *text, const char *path, json_t **ret_tree,
                         struct target *target)
{
    autofree char *json = fixture_json(text);
    json_error_t error;
    *ret_tree = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!*ret_tree)
        fail_msg("%s in %s", error.text, json);
    struct strlist mistakes = {0};
    fields_read(fields, *ret_tree, path, target, &mistakes);
    char *joined = strlist_join(&mistakes, "\n");
    strlist_clear(&mistakes);
    return joined;
}

static void assert_defaults(const struct target *target)
{
    assert_null(target->text);
    assert_string_equal(target->word, "w");
    assert_true(target->flag);
    assert_int_equal(target->number, 5);
    assert_int_equal(target->size, 2048);
    assert_int_equal(target->duration, 2000);
    assert_int_equal(target->choice, 1);
    assert_int_equal(target->list.count, 2);
    assert_string_equal(target->list.items[0], "one");
    assert_string_equal(target->list.items[1], "two");
    assert_false(target->section.on);
    assert_null(target->tree);
}

#define KEYS "text, word, flag, number, size, duration, choice, list, section, tree"
#define NUMBER "a whole number from 0"
#define SIZE "a size such as \"64KiB\" (B, KiB, MiB, GiB)"
#define DURATION "a duration such as \"10s\" (ms, s, m, h)"
#define NO_TEXT "is not text (write it in quotes)"

/* Mappings, and what is wrong with them. */
static const struct {
    const char *tree;
    const char *mistakes;
} refused[] = {
    {"[]", "p: a list is not a mapping"},
    {"'canary'", "p: text is not a mapping"},
    {"1", "p: a number is not a mapping"},
    {"{'texd':1}", "p.texd: unknown key, did you mean 'text'"},
    {"{'te\\nxt':1}", "p.te?xt: unknown key, did you mean 'text'"},
    {"{'colour':1}", "p.colour: unknown key, expected one of " KEYS},
    {"{'text':1}", "p.text: a number " NO_TEXT},
    {"{'text':{}}", "p.text: a mapping " NO_TEXT},
    {"{'text':true}", "p.text: true or false " NO_TEXT},
    {"{'text':'canary\\n'}", "p.text: has a control character, expected printable text"},
    {"{'text':'canary\\u0000'}", "p.text: has a control character, expected printable text"},
    {"{'text':'canary$(X)'}", "p.text: has '$(', which the kubelet would expand"},
    {"{'word':1.5}", "p.word: a number " NO_TEXT},
    {"{'word':[]}", "p.word: a list " NO_TEXT},
    {"{'flag':'yes'}", "p.flag: \"yes\" is not true or false"},
    {"{'flag':0}", "p.flag: 0 is not true or false"},
    {"{'flag':['canary']}", "p.flag: a list is not true or false"},
    {"{'number':'5'}", "p.number: \"5\" is not " NUMBER},
    {"{'number':-1}", "p.number: -1 is not " NUMBER},
    {"{'number':1.5}", "p.number: 1.5 is not " NUMBER},
    {"{'number':0}", "p.number: 0 is not in 1 to 10"},
    {"{'number':11}", "p.number: 11 is not in 1 to 10"},
    {"{'size':4096}", "p.size: 4096 is not " SIZE},
    {"{'size':'1KB'}", "p.size: \"1KB\" is not " SIZE},
    {"{'size':'1023B'}", "p.size: \"1023B\" is not in 1KiB to 64MiB"},
    {"{'size':'65MiB'}", "p.size: \"65MiB\" is not in 1KiB to 64MiB"},
    {"{'duration':10}", "p.duration: 10 is not " DURATION},
    {"{'duration':'10'}", "p.duration: \"10\" is not " DURATION},
    {"{'duration':'1s'}", "p.duration: \"1s\" is not in 1500ms to 60s"},
    {"{'duration':{'canary':1}}", "p.duration: a mapping is not " DURATION},
    {"{'choice':'green'}", "p.choice: \"green\" is not one of red, blue"},
    {"{'choice':'Red'}", "p.choice: \"Red\" is not one of red, blue"},
    {"{'choice':0}", "p.choice: 0 is not one of red, blue"},
    {"{'list':'canary'}", "p.list: text is not a list"},
    {"{'list':{}}", "p.list: a mapping is not a list"},
    {"{'list':['canary',1,null]}", "p.list[1]: a number " NO_TEXT "\np.list[2]: null " NO_TEXT},
    {"{'list':['a','canary$(X)','b']}", "p.list[1]: has '$(', which the kubelet would expand"},
    {"{'section':1}", "p.section: a number is not a mapping"},
    {"{'section':{'on':null,'onn':1}}", "p.section.onn: unknown key, did you mean 'on'"},
    {"{'section':{'on':1},'size':'','flag':2}",
     "p.flag: 2 is not true or false\np.size: \"\" is not " SIZE
     "\np.section.on: 1 is not true or false"},
};

static void a_mistake_has_its_path_and_keeps_the_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct target target;
        json_t *tree;
        autofree char *mistakes = read_fields(refused[i].tree, "p", &tree, &target);
        assert_string_equal(mistakes, refused[i].mistakes);
        assert_defaults(&target);
        fields_done(fields, &target);
        json_decref(tree);
    }
}

static void more_mistakes_than_fit_are_counted(void **state)
{
    (void)state;
    json_t *tree = json_object();
    for (int i = 0; i < STRLIST_MAX + 3; i++) {
        autofree char *key = xasprintf("unknown %d", i);
        json_object_set_new(tree, key, json_null());
    }
    struct strlist mistakes = {0};
    struct target target;
    fields_read(fields, tree, "", &target, &mistakes);
    assert_int_equal(mistakes.count, STRLIST_MAX);
    assert_int_equal(mistakes.dropped, 3);
    assert_string_equal(mistakes.items[0], "unknown 0: unknown key, expected one of " KEYS);
    strlist_clear(&mistakes);
    fields_done(fields, &target);
    json_decref(tree);
}

static void a_list_loses_no_entry(void **state)
{
    (void)state;
    for (size_t count = STRLIST_MAX; count <= STRLIST_MAX + 1; count++) {
        json_t *list = json_array();
        while (json_array_size(list) < count)
            json_array_append_new(list, json_string("x"));
        json_t *tree = json_pack("{so}", "list", list);
        struct strlist mistakes = {0};
        struct target target;
        fields_read(fields, tree, "p", &target, &mistakes);
        if (count == STRLIST_MAX) {
            assert_int_equal(mistakes.count, 0);
            assert_int_equal(target.list.count, STRLIST_MAX);
        } else {
            assert_int_equal(mistakes.count, 1);
            assert_string_equal(mistakes.items[0],
                                "p.list: has 1001 entries, expected at most 1000");
            assert_defaults(&target);
        }
        strlist_clear(&mistakes);
        fields_done(fields, &target);
        json_decref(tree);
    }
}

#define ALL_NULL                                                                                   \
    "{'text':null,'word':null,'flag':null,'number':null,'size':null,'duration':null,"              \
    "'choice':null,'list':null,'section':null,'tree':null}"

static void what_is_absent_or_null_has_its_default(void **state)
{
    (void)state;
    static const char *const trees[] = {"null", "{}", ALL_NULL};
    for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++) {
        struct target target;
        json_t *tree;
        autofree char *mistakes = read_fields(trees[i], "", &tree, &target);
        assert_string_equal(mistakes, "");
        assert_defaults(&target);
        fields_done(fields, &target);
        json_decref(tree);
    }
    struct strlist mistakes = {0};
    struct target target;
    fields_read(fields, NULL, "", &target, &mistakes);
    assert_int_equal(mistakes.count, 0);
    assert_defaults(&target);
    fields_done(fields, &target);
}

static void what_is_given_is_read(void **state)
{
    (void)state;
    struct target target;
    json_t *tree;
    autofree char *mistakes =
        read_fields("{'text':'','word':17,'flag':false,'number':10,'size':'1KiB','duration':'1m',"
                    "'choice':'red','list':['','a'],'section':{'on':true},'tree':[1]}",
                    "", &tree, &target);
    assert_string_equal(mistakes, "");
    assert_string_equal(target.text, "");
    assert_string_equal(target.word, "17");
    assert_false(target.flag);
    assert_int_equal(target.number, 10);
    assert_int_equal(target.size, 1024);
    assert_int_equal(target.duration, 60000);
    assert_int_equal(target.choice, 0);
    assert_int_equal(target.list.count, 2);
    assert_string_equal(target.list.items[0], "");
    assert_string_equal(target.list.items[1], "a");
    assert_true(target.section.on);
    assert_ptr_equal(target.tree, json_object_get(tree, "tree"));
    assert_ptr_equal(field_iterable(target.tree), target.tree);
    fields_done(fields, &target);
    json_decref(tree);
}

static void a_text_is_valid_or_says_why(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *mistake;
    } invalid[] = {
        {STR("canary\x1f"), "p: has a control character, expected printable text"},
        {STR("\x7f"), "p: has a control character, expected printable text"},
        {STR("a\0b"), "p: has a control character, expected printable text"},
        {STR("$("), "p: has '$(', which the kubelet would expand"},
        {STR("$$(A)"), "p: has '$(', which the kubelet would expand"},
    };
    struct strlist mistakes = {0};
    for (size_t i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
        assert_false(field_text_valid(invalid[i].text, "p", &mistakes));
        assert_string_equal(mistakes.items[i], invalid[i].mistake);
    }
    strlist_clear(&mistakes);

    char text[FIELD_TEXT_MAX + 1];
    memset(text, 'x', sizeof(text));
    assert_false(field_text_valid((struct str){text, sizeof(text)}, "p", &mistakes));
    assert_string_equal(mistakes.items[0], "p: is 8193 bytes long, expected at most 8192");
    assert_true(field_text_valid((struct str){text, FIELD_TEXT_MAX}, "p", &mistakes));
    assert_true(field_text_valid(STR(""), "p", &mistakes));
    assert_true(field_text_valid(STR("$ ( $A d\xc3\xa9j\xc3\xa0"), "p", &mistakes));
    assert_int_equal(mistakes.count, 1);
    strlist_clear(&mistakes);
}

static void a_value_has_a_kind(void **state)
{
    (void)state;
    static const char *const kinds[] = {"a mapping",     "a list", "text",     "true or false",
                                        "true or false", "null",   "a number", "a number"};
    json_t *values = json_pack("[{},[],s,b,b,n,i,f]", "x", 1, 0, 1, 1.5);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        assert_string_equal(field_type_name(json_array_get(values, i)), kinds[i]);
    json_decref(values);
}

static void the_nearest_name_is_near(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *nearest;
    } names[] = {
        {"", NULL},       {"x", NULL},       {"colour", NULL},
        {"no", NULL},     {"txt", "text"},   {"onlist", "list"},
        {"Text", "text"}, {"sizes", "size"}, {"durration", "duration"},
        {"list", "list"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *nearest = field_nearest(fields, str_of(names[i].name));
        assert_string_equal(nearest ? nearest : "none",
                            names[i].nearest ? names[i].nearest : "none");
    }
}

static void a_range_is_written_as_a_person_would(void **state)
{
    (void)state;
    static const struct {
        enum field_kind kind;
        uint64_t min, max;
        const char *text;
    } ranges[] = {
        {FIELD_NUMBER, 0, UINT64_MAX, "0 to 18446744073709551615"},
        {FIELD_SIZE, 0, 1023, "0B to 1023B"},
        {FIELD_SIZE, 1024, UINT64_C(3) << 30, "1KiB to 3GiB"},
        {FIELD_SIZE, (1 << 20) + 1, (1 << 30) + (1 << 20), "1048577B to 1025MiB"},
        {FIELD_DURATION, 0, 999, "0s to 999ms"},
        {FIELD_DURATION, 1000, 90500, "1s to 90500ms"},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
        struct field field = {.kind = ranges[i].kind, .min = ranges[i].min, .max = ranges[i].max};
        struct buf text = BUF(100);
        field_add_range(&field, &text);
        assert_string_equal(text.data, ranges[i].text);
        buf_clear(&text);
    }
}

static void a_path_begins_at_the_top(void **state)
{
    (void)state;
    autofree char *top = field_path("", "a");
    autofree char *below = field_path("a.b", "c");
    assert_string_equal(top, "a");
    assert_string_equal(below, "a.b.c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_has_its_path_and_keeps_the_default),
        cmocka_unit_test(more_mistakes_than_fit_are_counted),
        cmocka_unit_test(a_list_loses_no_entry),
        cmocka_unit_test(what_is_absent_or_null_has_its_default),
        cmocka_unit_test(what_is_given_is_read),
        cmocka_unit_test(a_text_is_valid_or_says_why),
        cmocka_unit_test(a_value_has_a_kind),
        cmocka_unit_test(the_nearest_name_is_near),
        cmocka_unit_test(a_range_is_written_as_a_person_would),
        cmocka_unit_test(a_path_begins_at_the_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
