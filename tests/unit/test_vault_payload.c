#include "server/vault/payload.h"

#include "certs/cms.h"
#include "certs/secret.h"
#include "tests/unit/vault_fixture.h"

static void kept_is_refused(const char *secret, const char *expected)
{
    struct error err = {""};
    json_t *json = vault_json(secret);
    assert_null(vault_secret_kept(json, &err));
    assert_string_equal(err.text, expected);
    json_decref(json);
}

#define SECRET                                                                                     \
    "{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'a', 'namespace': 'n'}, "

static void what_is_no_secret_is_refused(void **state)
{
    (void)state;
    kept_is_refused("[]", "is not a Secret (v1)");
    kept_is_refused("{'apiVersion': 'v1', 'kind': 'ConfigMap'}", "is not a Secret (v1)");
    kept_is_refused("{'apiVersion': 'v2', 'kind': 'Secret'}", "is not a Secret (v1)");
    kept_is_refused("{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': '../a', "
                    "'namespace': 'n'}}",
                    "is a Secret without a name, namespace or type");
    kept_is_refused("{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'a'}}",
                    "is a Secret without a name, namespace or type");
    kept_is_refused(SECRET "'type': 'a\\nb'}", "is a Secret without a name, namespace or type");
    kept_is_refused(SECRET "'data': []}", "a: its data is not an object");
    kept_is_refused(SECRET "'data': {'a/b': ''}}", "a: its data has a key that is none");
    kept_is_refused(SECRET "'data': {'': ''}}", "a: its data has a key that is none");
    kept_is_refused(SECRET "'data': {'k': 'canary!'}}", "a: its data.k is not base64");
    kept_is_refused(SECRET "'data': {'k': 1}}", "a: its data.k is not base64");
}

static void only_what_belongs_to_no_cluster_is_kept(void **state)
{
    (void)state;
    struct error err = {""};
    json_t *secret = vault_json(
        "{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'a', 'namespace': 'n', 'uid': "
        "'1', 'resourceVersion': '2', 'generation': 1, 'creationTimestamp': 'x', 'finalizers': "
        "['x'], 'generateName': 'a', 'ownerReferences': [{'kind': 'HarborCluster'}], "
        "'managedFields': [{}], 'labels': {'application': 'spilo', 'bad': 1}, 'annotations': "
        "{'kubectl.kubernetes.io/last-applied-configuration': 'canary', "
        "'harbor-pg-webhook/keep': 'yes'}}, 'type': 'goharbor.io/single', 'immutable': true, "
        "'data': {'k': 'eA=='}, 'stringData': {'k': 'x'}}");
    json_t *expected = vault_json(
        "{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'a', 'namespace': 'n', "
        "'labels': {'application': 'spilo'}, 'annotations': {'harbor-pg-webhook/keep': 'yes'}}, "
        "'type': 'goharbor.io/single', 'immutable': true, 'data': {'k': 'eA=='}}");
    json_t *kept = vault_secret_kept(secret, &err);
    assert_string_equal(err.text, "");
    assert_true(json_equal(kept, expected));
    json_decref(kept);
    json_decref(expected);
    json_decref(secret);
}

static void a_secret_without_data_and_type_is_kept(void **state)
{
    (void)state;
    struct error err;
    json_t *secret = vault_json(SECRET "'data': null, 'immutable': false}");
    json_t *kept = vault_secret_kept(secret, &err);
    assert_null(kept);
    json_object_del(secret, "data");
    kept = vault_secret_kept(secret, &err);
    json_t *expected = vault_json(SECRET "'type': 'Opaque', 'data': {}}");
    assert_true(json_equal(kept, expected));
    json_decref(kept);
    json_decref(expected);
    json_decref(secret);
}

static void read_is_refused(const char *text, const char *expected)
{
    struct error err = {""};
    struct vault_payload untouched = {0};
    autofree char *quoted = xstrdup(text);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_false(vault_payload_read(str_of(quoted), &untouched, &err));
    assert_string_equal(err.text, expected);
    assert_null(untouched.json);
}

#define ABOUT                                                                                      \
    "'harbor-pg-webhook': {'format': 1, 'created': 'x', 'tool': 'x', 'cluster': 'x', "             \
    "'namespace': 'n'}"
#define NO_ORIGIN "does not say when and where its Secrets were read"

static void what_is_no_payload_is_refused(void **state)
{
    (void)state;
    read_is_refused("",
                    "holds no Secrets of this program: no JSON object with 'harbor-pg-webhook'");
    read_is_refused("[]",
                    "holds no Secrets of this program: no JSON object with 'harbor-pg-webhook'");
    read_is_refused("{'harbor-pg-webhook': {}, 'harbor-pg-webhook': {}}",
                    "holds no Secrets of this program: no JSON object with 'harbor-pg-webhook'");
    read_is_refused("{'harbor-pg-webhook': {'format': 2}}",
                    "is of format 2, expected 1; a newer version of this program reads it");
    read_is_refused("{'harbor-pg-webhook': {'format': 1}}", NO_ORIGIN);
    read_is_refused("{'harbor-pg-webhook': {'format': 1, 'created': 'x', 'tool': 'x', 'cluster': "
                    "'x', 'namespace': 'N'}}",
                    NO_ORIGIN);
    read_is_refused("{'harbor-pg-webhook': {'format': 1, 'created': 'x', 'tool': 'x', 'cluster': "
                    "'x', 'namespace': 'n', 'harborCluster': ''}}",
                    NO_ORIGIN);
    read_is_refused("{'harbor-pg-webhook': {'format': 1, 'created': '\\u001b[1m', 'tool': 'x', "
                    "'cluster': 'x', 'namespace': 'n'}}",
                    NO_ORIGIN);
    read_is_refused("{" ABOUT "}", "items is not a list of at most 200 Secrets");
    read_is_refused("{" ABOUT ", 'items': [1]}", "items[0]: is not a Secret (v1)");
    read_is_refused("{" ABOUT ", 'items': [" SECRET "'type': 't'}, " SECRET "'type': 't'}]}",
                    "items[1]: a is there twice");
    read_is_refused("{" ABOUT ", 'items': [{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': "
                    "{'name': 'a', 'namespace': 'other'}}]}",
                    "items[0]: a is of namespace 'other', the archive of 'n'");
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct error err = {""};
    struct buf text = BUF(CMS_PLAIN_MAX);
    struct vault_payload payload = vault_two();
    struct vault_payload again;
    assert_true(vault_payload_write(&payload, &text, &err));
    bool fine = vault_payload_read(buf_str(&text), &again, &err);
    assert_string_equal(err.text, "");
    assert_true(fine);
    assert_true(json_equal(payload.json, again.json));
    assert_string_equal(again.origin.created, "2026-11-20T02:00:00Z");
    assert_string_equal(again.origin.harbor_cluster, "main");
    assert_string_equal(vault_secret_name(json_array_get(again.secrets, 1)),
                        "main-database-password");
    /* So that kubectl takes it as it is. */
    assert_string_equal(json_string_value(json_object_get(again.json, "kind")), "List");
    vault_payload_done(&payload);
    vault_payload_done(&again);
    secret_clear(&text);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct error err = {""};
    struct buf text = BUF(100);
    struct vault_payload payload = vault_two();
    assert_false(vault_payload_write(&payload, &text, &err));
    assert_string_equal(err.text, "the Secrets are 721 bytes together, expected at most 100");
    vault_payload_done(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_secret_is_refused),
        cmocka_unit_test(only_what_belongs_to_no_cluster_is_kept),
        cmocka_unit_test(a_secret_without_data_and_type_is_kept),
        cmocka_unit_test(what_is_no_payload_is_refused),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
