#include "server/manifest.h"

#include "base/mem.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CR "\"apiVersion\": \"acid.zalan.do/v1\", \"kind\": \"postgresql\""
#define POD "\"apiVersion\": \"v1\", \"kind\": \"Pod\""

/* Walks over the text and renders what was found: one line a document. */
static char *walk(const char *text)
{
    struct manifest_reader reader = {.name = "f", .text = str_of(text), .namespace = "default"};
    struct buf found = BUF(65536);
    for (;;) {
        struct manifest manifest;
        struct error err;
        enum manifest_result result = manifest_next(&reader, &manifest, &err);
        if (result == MANIFEST_END)
            break;
        if (result == MANIFEST_BAD) {
            buf_addf(&found, "%s\n", err.text);
            continue;
        }
        const json_t *request = json_object_get(manifest.review, "request");
        buf_addf(&found, "%s %s %s/%s%s\n", manifest.yaml ? "yaml" : "json",
                 manifest.bare ? "bare" : "review",
                 json_string_value(json_object_get(request, "namespace")),
                 json_string_value(json_object_get(request, "name")),
                 manifest_several(&reader) ? " of several" : "");
        manifest_done(&manifest);
    }
    manifest_reader_done(&reader);
    return buf_take(&found);
}

static void check(const char *text, const char *expected)
{
    autofree char *found = walk(text);
    assert_string_equal(found, expected);
}

static void what_is_no_document(void **state)
{
    (void)state;
    check("", "");
    check("---\n\n# nothing\n---\n", "");
    check("[]", "f: document 1: expected an object\n");
    check("--- 12\n", "f: document 1: expected an object\n");
    check("{\"a\": \"canary\" \"canary\"}", "f: line 1, column 23: '}' expected\n");
    check("---\n\n{\"a\": 1,\n\"a\": 2}\n", "f: line 4, column 3: duplicate object key\n");
}

static void unknown_kinds_are_named(void **state)
{
    (void)state;
    check("kind: \"Dep\\eloyment\"\napiVersion: apps/v1\n",
          "f: document 1: kind is 'Dep?loyment' of 'apps/v1', expected 'postgresql' of "
          "'acid.zalan.do/v1', 'Pod' or 'ConfigMap' of 'v1'\n");
    check("{\"kind\": 1}", "f: document 1: kind is '' of '', expected 'postgresql' of "
                           "'acid.zalan.do/v1', 'Pod' or 'ConfigMap' of 'v1'\n");
    check("{\"kind\": \"AdmissionReview\", \"request\": {\"kind\": {\"group\": \"apps\", "
          "\"version\": \"v1\", \"kind\": \"StatefulSet\"}}}",
          "f: document 1: request.kind is 'StatefulSet' of 'apps/v1', expected 'postgresql' of "
          "'acid.zalan.do/v1', 'Pod' or 'ConfigMap' of 'v1'\n");
    check("{\"kind\": \"AdmissionReview\"}",
          "f: document 1: request.kind: missing in the AdmissionReview\n");
}

static void a_bad_document_does_not_stop_the_others(void **state)
{
    (void)state;
    check("a: [\n---\n{\"x\": nonsense}\n{" POD "}\n---\n{" POD "}{" CR "}\n",
          "f: document at line 1: line 2, column 1: did not find expected node content "
          "while parsing a flow node\n"
          "f: line 3, column 14: invalid token\n"
          "json bare default/ of several\njson bare default/ of several\n");
}

static void documents_follow_each_other(void **state)
{
    (void)state;
    check("{" POD ", \"metadata\": {\"name\": \"a\", \"namespace\": \"n\"}}", "json bare n/a\n");
    check("{" POD "}\n{" CR "}---\n{" POD "}", "json bare default/ of several\n"
                                               "json bare default/ of several\n"
                                               "f: line 2, column 1: '[' or '{' expected\n");
    check("{" POD "} \n---\n {" CR "}", "json bare default/ of several\n"
                                        "json bare default/ of several\n");
    check("--- # one\nkind: Pod\napiVersion: v1\nmetadata: {name: a}\n---\n# none\n---\n"
          "apiVersion: v1\nkind: ConfigMap\n",
          "yaml bare default/a of several\nyaml bare default/ of several\n");
    check("a: |\n  ---\nkind: Pod\napiVersion: v1\n", "yaml bare default/\n");
}

static void an_object_in_the_spelling_of_yaml_is_read(void **state)
{
    (void)state;
    check("{kind: Pod, apiVersion: v1, metadata: {name: a}}\n---\n{" POD "}",
          "yaml bare default/a of several\njson bare default/ of several\n");
    check("{ 'kind': Pod, 'apiVersion': v1}\n", "yaml bare default/\n");
    check("{", "f: line 1, column 1: string or '}' expected\n");
    check("{}", "f: document 1: kind is '' of '', expected 'postgresql' of 'acid.zalan.do/v1', "
                "'Pod' or 'ConfigMap' of 'v1'\n");
}

static void a_byte_order_mark_is_passed_over(void **state)
{
    (void)state;
    check("\xef\xbb\xbf", "");
    check("\xef\xbb\xbf{" POD "}", "json bare default/\n");
    check("\xef\xbb\xbfkind: Pod\napiVersion: v1\n---\nx: [\n",
          "yaml bare default/ of several\nf: document at line 3: line 3, column 1: did not find "
          "expected node content while parsing a flow node\n");
}

static void lists_are_walked_through(void **state)
{
    (void)state;
    check("{\"kind\": \"List\", \"items\": []}", "");
    check("{\"kind\": \"List\", \"items\": [{" POD "}]}", "json bare default/\n");
    check("kind: List\nitems:\n- {kind: Pod, apiVersion: v1}\n- null\n"
          "- {kind: Pod, apiVersion: v1}\n",
          "yaml bare default/ of several\nf: document 2: expected an object\n"
          "yaml bare default/ of several\n");
    check("{\"kind\": \"List\", \"items\": 1}",
          "f: document 1: kind is 'List' of '', expected 'postgresql' of 'acid.zalan.do/v1', "
          "'Pod' or 'ConfigMap' of 'v1'\n");
}

static void reviews_stay_as_they_are(void **state)
{
    (void)state;
    check("{\"kind\": \"AdmissionReview\", \"request\": {\"name\": \"x\", \"namespace\": \"n\", "
          "\"kind\": {\"group\": \"\", \"version\": \"v1\", \"kind\": \"Pod\"}}}",
          "json review n/x\n");
    check("kind: AdmissionReview\nrequest:\n  name: x\n  namespace: n\n"
          "  kind: {version: v1, kind: ConfigMap}\n",
          "yaml review n/x\n");
}

static void a_bare_manifest_becomes_the_review_of_its_creation(void **state)
{
    (void)state;
    struct manifest_reader reader = {.name = "f",
                                     .text = STR("{" CR ", \"metadata\": {\"name\": \"a\"}}"),
                                     .namespace = "other"};
    struct manifest manifest;
    struct error err;
    assert_int_equal(manifest_next(&reader, &manifest, &err), MANIFEST_READ);
    assert_int_equal(manifest.kind, MANIFEST_POSTGRESQL);
    autofree char *review = json_dumps(manifest.review, JSON_COMPACT);
    assert_string_equal(
        review, "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"
                "\"uid\":\"00000000-0000-4000-8000-000000000000\","
                "\"kind\":{\"group\":\"acid.zalan.do\",\"version\":\"v1\",\"kind\":\"postgresql\"},"
                "\"resource\":{\"group\":\"acid.zalan.do\",\"version\":\"v1\","
                "\"resource\":\"postgresqls\"},"
                "\"name\":\"a\",\"namespace\":\"other\",\"operation\":\"CREATE\",\"userInfo\":{},"
                "\"object\":{\"apiVersion\":\"acid.zalan.do/v1\",\"kind\":\"postgresql\","
                "\"metadata\":{\"name\":\"a\"}},\"oldObject\":null,\"dryRun\":false}}");
    manifest_done(&manifest);
    assert_int_equal(manifest_next(&reader, &manifest, &err), MANIFEST_END);
    manifest_reader_done(&reader);
}

static void a_walk_may_end_early(void **state)
{
    (void)state;
    struct manifest_reader reader = {
        .name = "f",
        .text = STR("{\"kind\": \"List\", \"items\": [{" POD "}, {" POD "}]}"),
        .namespace = "default"};
    struct manifest manifest;
    struct error err;
    assert_int_equal(manifest_next(&reader, &manifest, &err), MANIFEST_READ);
    manifest_done(&manifest);
    manifest_reader_done(&reader);
}

static void objects_are_written_as_they_were_read(void **state)
{
    (void)state;
    json_t *tree = json_pack("{s:s, s:[i]}", "b", "12", "a", 1);
    struct buf text = BUF(1024);
    manifest_write(tree, false, &text);
    assert_string_equal(text.data, "{\n  \"b\": \"12\",\n  \"a\": [\n    1\n  ]\n}\n");
    buf_clear(&text);
    manifest_write(tree, true, &text);
    assert_string_equal(text.data, "b: \"12\"\na:\n- 1\n");
    buf_clear(&text);
    json_decref(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_document),
        cmocka_unit_test(unknown_kinds_are_named),
        cmocka_unit_test(a_bad_document_does_not_stop_the_others),
        cmocka_unit_test(documents_follow_each_other),
        cmocka_unit_test(an_object_in_the_spelling_of_yaml_is_read),
        cmocka_unit_test(a_byte_order_mark_is_passed_over),
        cmocka_unit_test(lists_are_walked_through),
        cmocka_unit_test(reviews_stay_as_they_are),
        cmocka_unit_test(a_bare_manifest_becomes_the_review_of_its_creation),
        cmocka_unit_test(a_walk_may_end_early),
        cmocka_unit_test(objects_are_written_as_they_were_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
