#include "patches/apply.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* JSON with ' for ", so that the tables below can be read. */
static json_t *parse(const char *text)
{
    autofree char *json = xstrdup(text);
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_error_t err;
    json_t *tree = json_loads(json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &err);
    if (!tree)
        fail_msg("%s: %s", text, err.text);
    return tree;
}

struct apply_case {
    const char *document;
    const char *patch;
    const char *expected; /* the document, or the error's text */
};

static const struct apply_case failing[] = {
    /* RFC 6902 A.9, A.12, A.15 */
    {"{'baz':'qux'}", "[{'op':'test','path':'/baz','value':'bar'}]",
     "operation 0: /baz: not the value that is tested"},
    {"{'foo':'bar'}", "[{'op':'add','path':'/baz/bat','value':'qux'}]",
     "operation 0: /baz/bat: there is no 'baz'"},
    {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':'10'}]",
     "operation 0: /~01: not the value that is tested"},
    {"{}", "[1]", "operation 0: no 'op'"},
    {"{}", "[{'path':''}]", "operation 0: no 'op'"},
    {"{}", "[{'op':'add','value':1}]", "operation 0: no 'path'"},
    {"{}", "[{'op':'add','path':1,'value':1}]", "operation 0: no 'path'"},
    {"{}", "[{'op':'ad','path':'/a','value':1}]",
     "operation 0: 'ad' is not one of add, remove, replace, move, copy, test"},
    {"{}", "[{'op':'add','path':'/a'}]", "operation 0: /a: no 'value'"},
    {"{}", "[{'op':'replace','path':'/a'}]", "operation 0: /a: no 'value'"},
    {"{}", "[{'op':'test','path':'/a'}]", "operation 0: /a: no 'value'"},
    {"{}", "[{'op':'test','path':'/a','value':1}]", "operation 0: /a: there is no 'a'"},
    {"{}", "[{'op':'add','path':'a','value':1}]", "operation 0: a: 'a' does not begin with '/'"},
    {"{}", "[{'op':'add','path':'/a~','value':1}]",
     "operation 0: /a~: '~' in 'a~' is not followed by 0 or 1"},
    {"{}", "[{'op':'test','path':'/a~','value':1}]",
     "operation 0: /a~: '~' in 'a~' is not followed by 0 or 1"},
    {"{}", "[{'op':'add','path':'/a','value':1},{'op':'add','path':'/a/b','value':1}]",
     "operation 1: /a/b: 'b' is in neither an object nor an array"},
    {"{'a':1}", "[{'op':'add','path':'/a/b/c','value':1}]",
     "operation 0: /a/b/c: 'b' is in neither an object nor an array"},
    {"[1,2]", "[{'op':'add','path':'/3','value':1}]",
     "operation 0: /3: index 3, expected less than 3"},
    {"[1,2]", "[{'op':'replace','path':'/2','value':1}]",
     "operation 0: /2: index 2, expected less than 2"},
    {"[1,2]", "[{'op':'replace','path':'/-','value':1}]", "operation 0: /-: '-' is not an index"},
    {"[1,2]", "[{'op':'remove','path':'/2'}]", "operation 0: /2: index 2, expected less than 2"},
    {"[1,2]", "[{'op':'remove','path':'/01'}]", "operation 0: /01: '01' is not an index"},
    {"[1,2]", "[{'op':'add','path':'/-1','value':1}]", "operation 0: /-1: '-1' is not an index"},
    {"{'a':1}", "[{'op':'replace','path':'/b','value':1}]", "operation 0: /b: there is no 'b'"},
    {"{'a':1}", "[{'op':'remove','path':'/b'}]", "operation 0: /b: there is no 'b'"},
    {"{'a':1}", "[{'op':'remove','path':'/b/c'}]", "operation 0: /b/c: there is no 'b'"},
    {"{'a':1}", "[{'op':'remove','path':''}]",
     "operation 0: : the whole document cannot be removed"},
    {"{'a':1}", "[{'op':'copy','path':'/b'}]", "operation 0: /b: no 'from'"},
    {"{'a':1}", "[{'op':'copy','path':'/b','from':'/c'}]",
     "operation 0: /b: from '/c': there is no 'c'"},
    {"{'a':1}", "[{'op':'move','path':'/b','from':'/c'}]",
     "operation 0: /b: from '/c': there is no 'c'"},
    {"{'a':{'b':1}}", "[{'op':'move','path':'/a/c','from':'/a'}]",
     "operation 0: /a/c: '/a' cannot be moved into itself"},
};

static const struct apply_case working[] = {
    /* RFC 6902 A.1 to A.8, A.10, A.11, A.14, A.16 */
    {"{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux'}]", "{'baz':'qux','foo':'bar'}"},
    {"{'foo':['bar','baz']}", "[{'op':'add','path':'/foo/1','value':'qux'}]",
     "{'foo':['bar','qux','baz']}"},
    {"{'baz':'qux','foo':'bar'}", "[{'op':'remove','path':'/baz'}]", "{'foo':'bar'}"},
    {"{'foo':['bar','qux','baz']}", "[{'op':'remove','path':'/foo/1'}]", "{'foo':['bar','baz']}"},
    {"{'baz':'qux','foo':'bar'}", "[{'op':'replace','path':'/baz','value':'boo'}]",
     "{'baz':'boo','foo':'bar'}"},
    {"{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}}",
     "[{'op':'move','from':'/foo/waldo','path':'/qux/thud'}]",
     "{'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}"},
    {"{'foo':['all','grass','cows','eat']}", "[{'op':'move','from':'/foo/1','path':'/foo/3'}]",
     "{'foo':['all','cows','eat','grass']}"},
    {"{'baz':'qux','foo':['a',2,'c']}",
     "[{'op':'test','path':'/baz','value':'qux'},{'op':'test','path':'/foo/1','value':2}]",
     "{'baz':'qux','foo':['a',2,'c']}"},
    {"{'foo':'bar'}", "[{'op':'add','path':'/child','value':{'grandchild':{}}}]",
     "{'foo':'bar','child':{'grandchild':{}}}"},
    {"{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux','xyz':123}]",
     "{'foo':'bar','baz':'qux'}"},
    {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':10}]", "{'/':9,'~1':10}"},
    {"{'foo':['bar']}", "[{'op':'add','path':'/foo/-','value':['abc','def']}]",
     "{'foo':['bar',['abc','def']]}"},
    {"[]", "[]", "[]"},
    {"[1]", "[{'op':'add','path':'/1','value':2}]", "[1,2]"},
    {"[1,[2]]", "[{'op':'replace','path':'/1/0','value':3}]", "[1,[3]]"},
    {"{'a':1}", "[{'op':'add','path':'','value':[]}]", "[]"},
    {"{'a':1}", "[{'op':'replace','path':'','value':[]}]", "[]"},
    {"{'a':1}", "[{'op':'add','path':'/','value':2}]", "{'a':1,'':2}"},
    {"{'a':[1]}", "[{'op':'copy','from':'/a','path':'/b'},{'op':'add','path':'/b/0','value':0}]",
     "{'a':[1],'b':[0,1]}"},
    {"{'a':1}", "[{'op':'move','from':'/a','path':'/a'}]", "{'a':1}"},
    {"{'a':1}", "[{'op':'copy','from':'','path':'/b'}]", "{'a':1,'b':{'a':1}}"},
    {"{'a':1}", "[{'op':'move','from':'/a','path':'/ab'}]", "{'ab':1}"},
};

static void says_which_operation_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
        struct error err = {""};
        json_t *document = parse(failing[i].document);
        json_t *patch = parse(failing[i].patch);
        assert_false(patch_apply(&document, patch, &err));
        assert_string_equal(err.text, failing[i].expected);
        json_decref(document);
        json_decref(patch);
    }
}

static void applies_what_can_be_applied(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(working) / sizeof(working[0]); i++) {
        struct error err = {""};
        json_t *document = parse(working[i].document);
        json_t *patch = parse(working[i].patch);
        json_t *untouched = json_deep_copy(patch);
        json_t *expected = parse(working[i].expected);
        if (!patch_apply(&document, patch, &err))
            fail_msg("%s: %s", working[i].patch, err.text);
        if (!json_equal(document, expected))
            fail_msg("%s: wrong result", working[i].patch);
        assert_true(json_equal(patch, untouched));
        json_decref(document);
        json_decref(patch);
        json_decref(untouched);
        json_decref(expected);
    }
}

static void keeps_the_order_of_members(void **state)
{
    (void)state;
    struct error err = {""};
    json_t *document = parse("{'a':1,'b':2,'c':3}");
    json_t *patch = parse("[{'op':'replace','path':'/a','value':9}]");
    assert_true(patch_apply(&document, patch, &err));
    autofree char *text = json_dumps(document, JSON_COMPACT);
    assert_string_equal(text, "{\"a\":9,\"b\":2,\"c\":3}");
    json_decref(document);
    json_decref(patch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_which_operation_fails),
        cmocka_unit_test(applies_what_can_be_applied),
        cmocka_unit_test(keeps_the_order_of_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
