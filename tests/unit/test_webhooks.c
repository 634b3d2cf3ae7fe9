#include "server/webhooks.h"

#include "base/base64.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW 1790000000
#define DAY 86400

static const struct webhooks_service service = {"ns", "hook"};

/* An authority, a leaf of it, and its bundle in base64. */
struct fixture {
    struct authority *authority;
    struct chain *leaf;
    struct buf pem;
    struct buf encoded;
};

static struct fixture made(void)
{
    struct error err = {""};
    struct str texts[AUTHORITY_KEYS];
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        texts[i] = STR("");
    struct fixture it = {.pem = BUF(CHAIN_PEM_MAX), .encoded = BUF(CHAIN_PEM_MAX)};
    assert_true(authority_open(texts, &it.authority, &err));
    assert_true(authority_do(it.authority, AUTHORITY_CREATE, NOW, &err));
    authority_bundle(it.authority, &it.pem);
    base64_add(&it.encoded, buf_str(&it.pem));

    struct strlist names = {0};
    struct ca_pair pair;
    strlist_add(&names, STR("hook.ns.svc"));
    assert_true(authority_issue(it.authority, &names, NOW, &pair, &err));
    assert_true(chain_parse((struct pem_text){"leaf", buf_str(&pair.certificate)}, &it.leaf, &err));
    ca_pair_done(&pair);
    strlist_clear(&names);
    return it;
}

static void fixture_done(struct fixture *it)
{
    authority_free(it->authority);
    chain_free(it->leaf);
    buf_clear(&it->pem);
    buf_clear(&it->encoded);
}

/* A configuration of entries "name|namespace/service|caBundle"; no bundle when it is NULL. */
static json_t *configuration_of(const char *const rows[][3], size_t count)
{
    json_t *entries = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *client =
            json_pack("{s:{s:s, s:s}}", "service", "namespace", "ns", "name", rows[i][1]);
        if (rows[i][2])
            json_object_set_new(client, "caBundle", json_string(rows[i][2]));
        json_array_append_new(entries,
                              json_pack("{s:s, s:o}", "name", rows[i][0], "clientConfig", client));
    }
    return json_pack("{s:{s:s}, s:o}", "metadata", "resourceVersion", "12", "webhooks", entries);
}

#define CONFIGURATION(...)                                                                         \
    configuration_of((const char *const[][3]){__VA_ARGS__},                                        \
                     sizeof((const char *const[][3]){__VA_ARGS__}) / sizeof(const char *[3]))

static void accepted_not(json_t *configuration, const struct fixture *it, const char *expected)
{
    struct error err = {""};
    assert_false(webhooks_accept(configuration, &service, it->leaf, NOW, &err));
    assert_string_equal(err.text, expected);
    json_decref(configuration);
}

static void who_does_not_trust_us_is_named(void **state)
{
    (void)state;
    cleanup(fixture_done) struct fixture it = made();
    cleanup(fixture_done) struct fixture stranger = made();
    const char *right = it.encoded.data;
    accepted_not(CONFIGURATION({"a", "hook", right}, {"b", "hook", NULL}), &it,
                 "entry 2 ('b'): caBundle: is empty");
    accepted_not(CONFIGURATION({"a", "hook", "%%"}), &it,
                 "entry 1 ('a'): caBundle: is not base64 of at most 1048576 bytes");
    accepted_not(CONFIGURATION({"a", "hook", "aGk="}), &it,
                 "entry 1 ('a'): caBundle: holds no certificate, expected PEM with '-----BEGIN "
                 "CERTIFICATE-----'");
    accepted_not(CONFIGURATION({"x", "other", NULL}, {"a", "hook", stranger.encoded.data}), &it,
                 "entry 2 ('a'): leaf: not accepted by a client that trusts caBundle: "
                 "'CN=hook.ns.svc', issued by 'CN=harbor-pg-webhook CA': no certificate of the CA "
                 "bundle signed it; add the CA that did, or send the intermediates along");
}

static void an_expired_leaf_is_not_accepted(void **state)
{
    (void)state;
    struct error err = {""};
    cleanup(fixture_done) struct fixture it = made();
    json_t *configuration = CONFIGURATION({"a", "hook", it.encoded.data});
    assert_true(webhooks_accept(configuration, &service, it.leaf, NOW + 7 * DAY - 1, &err));
    assert_false(webhooks_accept(configuration, &service, it.leaf, NOW + 7 * DAY + 1, &err));
    json_decref(configuration);
}

static void only_entries_of_ours_count(void **state)
{
    (void)state;
    struct error err = {""};
    cleanup(fixture_done) struct fixture it = made();
    json_t *configuration = CONFIGURATION({"a", "other", NULL}, {"b", "hook", it.encoded.data});
    json_array_append_new(
        json_object_get(configuration, "webhooks"),
        json_pack("{s:s, s:{s:s}}", "name", "c", "clientConfig", "url", "https://elsewhere"));
    assert_true(webhooks_accept(configuration, &service, it.leaf, NOW, &err));
    assert_true(webhooks_know(configuration, &service, it.authority));
    assert_null(webhooks_patch(configuration, &service, buf_str(&it.pem)));
    json_decref(configuration);
}

/* What an API server never sends. */
static void what_has_another_shape_is_no_entry(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"webhooks\": null}",
        "{\"webhooks\": {\"a\": 1}}",
        "{\"webhooks\": [1, null, {}, {\"clientConfig\": 1}]}",
        "{\"webhooks\": [{\"clientConfig\": {\"service\": []}}]}",
    };
    struct error err = {""};
    cleanup(fixture_done) struct fixture it = made();
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        json_t *configuration = json_loads(texts[i], 0, NULL);
        assert_non_null(configuration);
        assert_null(webhooks_patch(configuration, &service, buf_str(&it.pem)));
        assert_true(webhooks_accept(configuration, &service, it.leaf, NOW, &err));
        json_decref(configuration);
    }
}

static void the_patch_touches_what_differs_and_nothing_else(void **state)
{
    (void)state;
    cleanup(fixture_done) struct fixture it = made();
    const char *right = it.encoded.data;
    json_t *configuration =
        CONFIGURATION({"a", "hook", right}, {"b", "hook", NULL}, {"c", "x", NULL},
                      {"d", "hook", "aGk="}, {"e", "hook", ""});
    json_t *patch = webhooks_patch(configuration, &service, buf_str(&it.pem));
    static const struct {
        const char *operation;
        const char *path;
        const char *value; /* NULL: the bundle */
    } expected[] = {
        {"test", "/metadata/resourceVersion", "12"},        {"test", "/webhooks/1/name", "b"},
        {"add", "/webhooks/1/clientConfig/caBundle", NULL}, {"test", "/webhooks/3/name", "d"},
        {"add", "/webhooks/3/clientConfig/caBundle", NULL}, {"test", "/webhooks/4/name", "e"},
        {"add", "/webhooks/4/clientConfig/caBundle", NULL},
    };
    assert_int_equal(json_array_size(patch), sizeof(expected) / sizeof(*expected));
    for (size_t i = 0; i < json_array_size(patch); i++) {
        json_t *operation = json_array_get(patch, i);
        const char *value = expected[i].value ? expected[i].value : right;
        assert_string_equal(json_string_value(json_object_get(operation, "op")),
                            expected[i].operation);
        assert_string_equal(json_string_value(json_object_get(operation, "path")),
                            expected[i].path);
        assert_string_equal(json_string_value(json_object_get(operation, "value")), value);
    }
    json_decref(patch);
    json_decref(configuration);
}

/* While a bundle is on its way to being right: the signing CA is known, its successor is not. */
static void a_bundle_may_lag_behind_as_long_as_it_has_the_ca_that_signs(void **state)
{
    (void)state;
    struct error err = {""};
    cleanup(fixture_done) struct fixture it = made();
    json_t *configuration = CONFIGURATION({"a", "hook", it.encoded.data});
    assert_true(authority_do(it.authority, AUTHORITY_PREPARE, NOW, &err));
    cleanup(buf_clear) struct buf pem = BUF(CHAIN_PEM_MAX);
    authority_bundle(it.authority, &pem);
    json_t *patch = webhooks_patch(configuration, &service, buf_str(&pem));
    assert_non_null(patch);
    assert_true(webhooks_know(configuration, &service, it.authority));
    assert_true(authority_do(it.authority, AUTHORITY_ACTIVATE, NOW, &err));
    assert_false(webhooks_know(configuration, &service, it.authority));
    json_decref(patch);
    json_decref(configuration);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_does_not_trust_us_is_named),
        cmocka_unit_test(an_expired_leaf_is_not_accepted),
        cmocka_unit_test(only_entries_of_ours_count),
        cmocka_unit_test(what_has_another_shape_is_no_entry),
        cmocka_unit_test(the_patch_touches_what_differs_and_nothing_else),
        cmocka_unit_test(a_bundle_may_lag_behind_as_long_as_it_has_the_ca_that_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
