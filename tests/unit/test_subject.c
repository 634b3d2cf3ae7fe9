#include "patches/subject.h"

#include "tests/unit/fixture.h"

/* The text must outlive the document. */
static struct doc *read_object(const char *json)
{
    struct doc *doc = NULL;
    struct error err;
    if (!doc_read(str_of(json), 16, &doc, &err))
        fail_msg("%s in %s", err.text, json);
    return doc;
}

/* Metadata without a text under the key "a/b". */
static const char *const without_text[] = {
    "{}",
    "{'metadata':null}",
    "{'metadata':{}}",
    "{'metadata':{'labels':null,'annotations':null}}",
    "{'metadata':{'labels':[],'annotations':'a/b'}}",
    "{'metadata':{'labels':{},'annotations':{}}}",
    "{'metadata':{'labels':{'a':{'b':'x'}},'annotations':{'A/b':'x'}}}",
    "{'metadata':{'labels':{'a/b':null},'annotations':{'a/b':1}}}",
    "{'labels':{'a/b':'x'},'annotations':{'a/b':'x'}}",
};

static void what_is_no_text_is_absent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(without_text) / sizeof(*without_text); i++) {
        autofree char *json = fixture_json(without_text[i]);
        cleanup(doc_cleanup) struct doc *doc = read_object(json);
        if (object_label(doc_root(doc), "a/b").data)
            fail_msg("a label in %s", json);
        if (object_annotation(doc_root(doc), "a/b").data)
            fail_msg("an annotation in %s", json);
    }
    assert_null(object_label(VALUE_NONE, "a/b").data);
    assert_null(object_annotation(VALUE_NONE, "a/b").data);
}

static void labels_and_annotations_are_two_things(void **state)
{
    (void)state;
    autofree char *json = fixture_json(
        "{'metadata':{'labels':{'a/b':'label','only':''},'annotations':{'a/b':'note'}}}");
    cleanup(doc_cleanup) struct doc *doc = read_object(json);
    struct value object = doc_root(doc);
    assert_true(str_is(object_label(object, "a/b"), "label"));
    assert_true(str_is(object_annotation(object, "a/b"), "note"));
    assert_true(str_is(object_label(object, "only"), ""));
    assert_null(object_annotation(object, "only").data);
}

#define OWNER(version, kind, name)                                                                 \
    "{'apiVersion':'" version "','kind':'" kind "','name':'" name "'}"

/* ownerReferences, and the StatefulSet of the group apps/ among them: NULL for none. */
static const struct {
    const char *owners;
    const char *name;
} owned[] = {
    {"null", NULL},
    {"'db'", NULL},
    {"[]", NULL},
    {"[null,1,[]]", NULL},
    {"[{'kind':'StatefulSet','name':'db'}]", NULL},
    {"[{'apiVersion':'apps/v1','name':'db'}]", NULL},
    {"[{'apiVersion':'apps/v1','kind':'StatefulSet'}]", NULL},
    {"[{'apiVersion':'apps/v1','kind':'StatefulSet','name':null}]", NULL},
    {"[" OWNER("apps/v1", "ReplicaSet", "db") "]", NULL},
    {"[" OWNER("apps/v1", "statefulset", "db") "]", NULL},
    {"[" OWNER("apps", "StatefulSet", "db") "]", NULL},
    {"[" OWNER("my.apps/v1", "StatefulSet", "db") "]", NULL},
    {"[" OWNER("apps.example/v1", "StatefulSet", "db") "]", NULL},
    {"[" OWNER("apps/v1", "StatefulSet", "db") "]", "db"},
    {"[" OWNER("apps/v1beta2", "StatefulSet", "db") "]", "db"},
    {"[" OWNER("v1", "Node", "n") "," OWNER("apps/v1", "StatefulSet", "db") "]", "db"},
    {"[" OWNER("apps/v1", "StatefulSet", "a") "," OWNER("apps/v1", "StatefulSet", "b") "]", "a"},
};

static void the_owner_is_of_its_kind_and_group(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++) {
        autofree char *quoted = xasprintf("{'metadata':{'ownerReferences':%s}}", owned[i].owners);
        autofree char *json = fixture_json(quoted);
        cleanup(doc_cleanup) struct doc *doc = read_object(json);
        struct str name = object_owner(doc_root(doc), "apps/", "StatefulSet");
        if (owned[i].name ? !str_is(name, owned[i].name) : name.data != NULL)
            fail_msg("'%.*s' owns %s", STR_ARG(name), json);
    }
    assert_null(object_owner(VALUE_NONE, "apps/", "StatefulSet").data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_text_is_absent),
        cmocka_unit_test(labels_and_annotations_are_two_things),
        cmocka_unit_test(the_owner_is_of_its_kind_and_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
