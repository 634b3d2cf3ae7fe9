#include "server/ca_secret.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW 1790000000

static json_t *parsed(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void refused(const char *text, const char *expected)
{
    struct error err = {""};
    struct authority *authority = NULL;
    json_t *secret = parsed(text);
    assert_false(ca_secret_read(secret, &authority, &err));
    assert_null(authority);
    assert_string_equal(err.text, expected);
    json_decref(secret);
}

static void what_is_no_base64_is_refused(void **state)
{
    (void)state;
    refused("{\"data\": {\"ca.key\": \"-----\"}}",
            "ca.key: is not base64 of at most 1048576 bytes");
}

static void what_is_no_ca_is_refused(void **state)
{
    (void)state;
    refused("{\"data\": {\"ca.crt\": \"aGVsbG8=\", \"ca.key\": \"aGVsbG8=\"}}",
            "ca.crt: holds no certificate, expected PEM with '-----BEGIN CERTIFICATE-----'");
}

/* As the chart renders it, as kubectl shows it, and as nobody should write it. */
static void nothing_is_an_authority_without_a_ca(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"data\": null}",
        "{\"data\": {}}",
        "{\"data\": [1]}",
        "{\"data\": \"x\"}",
        "{\"data\": {\"note\": \"aGk=\"}}",
        "{\"data\": {\"ca.crt\": \"\", \"ca.key\": \"\"}}",
        "{\"data\": {\"ca.crt\": 1}}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct error err = {""};
        cleanup(authority_drop) struct authority *authority = NULL;
        json_t *secret = parsed(texts[i]);
        assert_true(ca_secret_read(secret, &authority, &err));
        assert_null(authority_ca(authority));
        json_decref(secret);
    }
}

static void what_is_written_is_read_again_and_the_rest_stays(void **state)
{
    (void)state;
    struct error err = {""};
    cleanup(authority_drop) struct authority *authority = NULL;
    cleanup(authority_drop) struct authority *again = NULL;
    json_t *secret = parsed("{\"metadata\": {\"resourceVersion\": \"7\", \"labels\": {\"a\": "
                            "\"b\"}}, \"type\": \"Opaque\", \"data\": {\"note\": \"aGk=\", "
                            "\"old.until\": \"eA==\"}}");
    json_t *before = json_deep_copy(secret);
    assert_true(ca_secret_read(secret, &authority, &err));
    assert_true(authority_do(authority, AUTHORITY_CREATE, NOW, &err));
    json_t *written = ca_secret_write(secret, authority);
    assert_true(json_equal(secret, before));
    assert_true(ca_secret_read(written, &again, &err));
    assert_string_equal(authority_ca(again)->fingerprint, authority_ca(authority)->fingerprint);

    json_t *data = json_object_get(written, "data");
    assert_string_equal(json_string_value(json_object_get(data, "note")), "aGk=");
    assert_non_null(json_object_get(data, "ca.key"));
    assert_null(json_object_get(data, "next.crt"));
    json_object_del(written, "data");
    json_object_del(before, "data");
    assert_true(json_equal(written, before));
    json_decref(secret);
    json_decref(before);
    json_decref(written);
}

static void what_is_dropped_leaves_the_secret(void **state)
{
    (void)state;
    struct error err = {""};
    cleanup(authority_drop) struct authority *authority = NULL;
    json_t *secret = json_object();
    assert_true(ca_secret_read(secret, &authority, &err));
    assert_true(authority_do(authority, AUTHORITY_CREATE, NOW, &err));
    assert_true(authority_do(authority, AUTHORITY_PREPARE, NOW, &err));
    json_t *before = ca_secret_write(secret, authority);
    assert_int_equal(json_object_size(json_object_get(before, "data")), 4);
    assert_true(authority_do(authority, AUTHORITY_ACTIVATE, NOW, &err));
    json_t *after = ca_secret_write(before, authority);
    json_t *data = json_object_get(after, "data");
    assert_int_equal(json_object_size(data), 4);
    assert_null(json_object_get(data, "next.key"));
    assert_non_null(json_object_get(data, "old.until"));
    json_decref(secret);
    json_decref(before);
    json_decref(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(what_is_no_ca_is_refused),
        cmocka_unit_test(nothing_is_an_authority_without_a_ca),
        cmocka_unit_test(what_is_written_is_read_again_and_the_rest_stays),
        cmocka_unit_test(what_is_dropped_leaves_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
