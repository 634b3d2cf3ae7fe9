#include "server/vault/plan.h"

#include "certs/secret.h"
#include "tests/unit/vault_fixture.h"

static void decides(json_t *archived, json_t *live, bool overwrite, enum vault_action expected,
                    const char *reason)
{
    struct vault_decision decision = vault_decide(archived, live, overwrite);
    assert_int_equal(decision.action, expected);
    if (reason)
        assert_string_equal(decision.reason, reason);
    else
        assert_null(decision.reason);
    json_decref(archived);
    json_decref(live);
}

static json_t *typed(const char *type, const char *value)
{
    json_t *secret = vault_secret("a", "k", value, NULL);
    json_object_set_new(secret, "type", json_string(type));
    return secret;
}

static json_t *immutable(json_t *secret)
{
    json_object_set_new(secret, "immutable", json_true());
    return secret;
}

static void a_token_of_a_service_account_is_refused(void **state)
{
    (void)state;
    decides(typed("kubernetes.io/service-account-token", "x"), NULL, true, VAULT_REFUSED,
            "is a token of a service account, which the cluster issues itself; a restored one "
            "opens nothing");
}

static void what_differs_is_left_alone(void **state)
{
    (void)state;
    const char *reason = "is there with another content and stays as it is; --overwrite with its "
                         "name replaces it";
    decides(vault_secret("a", "k", "x", NULL), vault_secret("a", "k", "y", NULL), false,
            VAULT_DIFFERS, reason);
    decides(vault_secret("a", "k", "x", NULL), vault_secret("a", "k", "x", "l", "", NULL), false,
            VAULT_DIFFERS, reason);
    decides(vault_secret("a", "k", "x", NULL), vault_secret("a", "l", "x", NULL), false,
            VAULT_DIFFERS, reason);
    decides(vault_secret("a", "k", "x", NULL), vault_secret("a", "k", "y", NULL), true,
            VAULT_OVERWRITE, NULL);
}

static void what_cannot_be_changed_is_refused_even_when_asked_for(void **state)
{
    (void)state;
    decides(vault_secret("a", "k", "x", NULL), immutable(vault_secret("a", "k", "y", NULL)), true,
            VAULT_REFUSED,
            "is immutable and differs; delete it by hand first, if the archived one is the right "
            "one");
    decides(typed("a/b", "x"), typed("Opaque", "x"), true, VAULT_REFUSED,
            "is of another type, which cannot be changed; delete it by hand first, if the archived "
            "one is the right one");
    json_t *leaving = vault_secret("a", "k", "x", NULL);
    json_object_set_new(json_object_get(leaving, "metadata"), "deletionTimestamp",
                        json_string("x"));
    decides(vault_secret("a", "k", "x", NULL), leaving, true, VAULT_REFUSED,
            "is being deleted; run this again once it is gone");
}

static void what_is_absent_is_created_and_what_is_the_same_stays(void **state)
{
    (void)state;
    decides(vault_secret("a", "k", "x", NULL), NULL, false, VAULT_CREATE, NULL);
    decides(vault_secret("a", "k", "x", NULL), vault_secret("a", "k", "x", NULL), true, VAULT_SAME,
            NULL);
    decides(vault_secret("a", "k", "x", NULL), immutable(vault_secret("a", "k", "x", NULL)), false,
            VAULT_SAME, NULL);
    decides(vault_secret("a", NULL), vault_secret("a", NULL), false, VAULT_SAME, NULL);
}

static void an_object_to_create_has_its_new_name(void **state)
{
    (void)state;
    json_t *archived = vault_secret("a", "k", "x", NULL);
    json_t *object = vault_object(archived, NULL, "b", "other");
    json_t *expected = vault_json("{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': "
                                  "'b', 'namespace': 'other'}, 'type': 'Opaque', 'data': {'k': "
                                  "'eA=='}}");
    assert_true(json_equal(object, expected));
    assert_string_equal(vault_secret_name(archived), "a");
    json_decref(object);
    json_decref(expected);
    json_decref(archived);
}

static void an_object_to_overwrite_is_the_one_that_is_there_with_other_data(void **state)
{
    (void)state;
    json_t *archived = vault_secret("a", "k", "x", NULL);
    json_t *live = vault_json("{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 'a', "
                              "'resourceVersion': '7', 'ownerReferences': [{'uid': '1'}]}, 'type': "
                              "'Opaque', 'data': {'k': 'eQ==', 'l': ''}}");
    json_t *object = vault_object(archived, live, "a", "registry");
    json_t *expected = json_deep_copy(live);
    json_object_set(expected, "data", json_object_get(archived, "data"));
    assert_true(json_equal(object, expected));
    json_decref(object);
    json_decref(expected);
    json_decref(live);
    json_decref(archived);
}

static void changes_show_keys_and_never_values(void **state)
{
    (void)state;
    struct salt salt;
    char there[DIGEST_SHORT_SIZE];
    char kept[DIGEST_SHORT_SIZE];
    assert_true(salt_fill(&salt));
    json_t *archived = vault_secret("a", "same", "s", "new", "canary1", "changed", "canary2", NULL);
    json_t *live = vault_secret("a", "same", "s", "gone", "canary3", "changed", "canary4", NULL);
    json_object_set_new(live, "type", json_string("t"));
    struct strlist lines = {0};
    vault_changes(archived, live, &salt, &lines);
    autofree char *all = strlist_join(&lines, "\n");
    autofree char *expected = xasprintf(
        "+ new\n~ changed (hash of this run: there %s, archived %s)\n- gone\n"
        "~ type (there t, archived Opaque)",
        digest_salted(&salt, STR("canary4"), there), digest_salted(&salt, STR("canary2"), kept));
    assert_string_equal(all, expected);
    strlist_clear(&lines);
    json_decref(archived);
    json_decref(live);
}

static void a_value_that_is_none_is_absent(void **state)
{
    (void)state;
    struct buf value = {0};
    json_t *secret = vault_json("{'data': {'a': 1, 'b': '!', 'c': 'eA=='}}");
    assert_false(vault_value(secret, "a", &value));
    assert_false(vault_value(secret, "b", &value));
    secret_clear(&value);
    assert_false(vault_value(secret, "d", &value));
    assert_true(vault_value(secret, "c", &value));
    assert_true(str_is(buf_str(&value), "x"));
    secret_clear(&value);
    json_decref(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_of_a_service_account_is_refused),
        cmocka_unit_test(what_differs_is_left_alone),
        cmocka_unit_test(what_cannot_be_changed_is_refused_even_when_asked_for),
        cmocka_unit_test(what_is_absent_is_created_and_what_is_the_same_stays),
        cmocka_unit_test(an_object_to_create_has_its_new_name),
        cmocka_unit_test(an_object_to_overwrite_is_the_one_that_is_there_with_other_data),
        cmocka_unit_test(changes_show_keys_and_never_values),
        cmocka_unit_test(a_value_that_is_none_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
