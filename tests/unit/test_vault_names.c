#include "server/vault/names.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct vault_owner owner = {"registry", "main"};

static void what_cannot_be_a_name_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",   "-a",  "a-",   "A",    "a/b", "a..b", ".a",
                                        "a.", "a_b", "a.-b", "a-.b", "a b", "ä",    "../x"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(vault_is_name(wrong[i]));
    char text[255];
    memset(text, 'a', 254);
    text[254] = '\0';
    assert_false(vault_is_name(text));
    text[253] = '\0';
    assert_true(vault_is_name(text));
    assert_true(vault_is_name("a"));
    assert_true(vault_is_name("postgres.postgresql-registry-main.credentials"));
    assert_true(vault_is_name("0-1.2"));
}

static void a_wrong_name_or_too_many_are_refused(void **state)
{
    (void)state;
    struct error err = {""};
    struct vault_names names = {0};
    assert_false(vault_names_add(&names, "a/b", "--name", &err));
    assert_string_equal(err.text, "'a/b' is not the name of a Secret");
    for (size_t i = 0; i < VAULT_NAMES_MAX; i++) {
        autofree char *name = xasprintf("n%zu", i);
        assert_true(vault_names_add(&names, name, "--name", &err));
    }
    assert_false(vault_names_add(&names, "more", "--name", &err));
    assert_string_equal(err.text, "more than 200 names");
    vault_names_done(&names);
}

/* As Harbor-operator and postgres-operator call them. */
static void the_names_of_a_harbor_cluster(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "postgres.postgresql-registry-main.credentials",
        "postgres.postgresql-registry-main.credentials.postgresql.acid.zalan.do",
        "standby.postgresql-registry-main.credentials",
        "standby.postgresql-registry-main.credentials.postgresql.acid.zalan.do",
        "harbor.postgresql-registry-main.credentials",
        "harbor.postgresql-registry-main.credentials.postgresql.acid.zalan.do",
        "main-database-password",
        "main-harbor-harbor-core-encryptionkey",
        "main-harbor-harbor-core-admin-password",
        "main-harbor-harbor-notarysigner-encryption-key",
        "harbor-pg-restore",
        "harbor-pg-backup",
    };
    struct vault_names names = {0};
    vault_names_of(&names, &owner);
    assert_int_equal(names.count, sizeof(expected) / sizeof(*expected));
    for (size_t i = 0; i < names.count; i++) {
        assert_string_equal(names.items[i].name, expected[i]);
        assert_false(names.items[i].named);
    }
    vault_names_done(&names);
}

static void read_names(struct vault_names *names, const char *harbor_cluster)
{
    json_t *json = json_loads(harbor_cluster, 0, NULL);
    assert_non_null(json);
    vault_names_read(names, json);
    json_decref(json);
}

static void what_a_harbor_cluster_names_is_kept_too(void **state)
{
    (void)state;
    struct vault_names names = {0};
    read_names(&names, "{}");
    read_names(&names, "{\"spec\": {\"harborAdminPasswordRef\": 1, \"storage\": []}}");
    read_names(&names, "{\"spec\": {\"harborAdminPasswordRef\": \"../x\"}}");
    assert_int_equal(names.count, 0);
    read_names(&names, "{\"spec\": {\"harborAdminPasswordRef\": \"admin\", \"storage\": {\"spec\": "
                       "{\"s3\": {\"secretkeyRef\": \"s3-key\"}}}}}");
    assert_int_equal(names.count, 2);
    assert_string_equal(names.items[0].name, "admin");
    assert_string_equal(names.items[0].why, "spec.harborAdminPasswordRef of the HarborCluster");
    assert_true(names.items[0].named);
    assert_string_equal(names.items[1].name, "s3-key");
    assert_string_equal(names.items[1].why,
                        "spec.storage.spec.s3.secretkeyRef of the HarborCluster");
    vault_names_done(&names);
}

static void absent_is(const struct vault_names *names, const bool *found, const char *expected)
{
    struct strlist absent = {0};
    vault_names_absent(names, found, &owner, &absent);
    autofree char *all = strlist_join(&absent, "\n");
    assert_string_equal(all, expected);
    strlist_clear(&absent);
}

static void a_name_is_kept_once(void **state)
{
    (void)state;
    struct error err;
    struct vault_names names = {0};
    vault_names_of(&names, &owner);
    size_t count = names.count;
    assert_true(vault_names_add(&names, "main-database-password", "--name", &err));
    assert_true(vault_names_add(&names, "harbor-pg-backup", "--name", &err));
    assert_int_equal(names.count, count);
    bool found[VAULT_NAMES_MAX] = {true, false, true, false, true, false, true, true};
    absent_is(&names, found, "harbor-pg-backup: is not there, but --name names it");
    vault_names_done(&names);
}

static void what_is_absent_is_told_with_what_is_lost(void **state)
{
    (void)state;
    struct error err;
    struct vault_names names = {0};
    vault_names_of(&names, &owner);
    assert_true(vault_names_add(&names, "mine", "--name", &err));
    bool found[VAULT_NAMES_MAX] = {false};
    absent_is(
        &names, found,
        "credentials of the role postgres: postgres.postgresql-registry-main.credentials or "
        "postgres.postgresql-registry-main.credentials.postgresql.acid.zalan.do is not there; "
        "without it the operator makes up another password, and the restored database is given "
        "it\n"
        "credentials of the role standby: standby.postgresql-registry-main.credentials or "
        "standby.postgresql-registry-main.credentials.postgresql.acid.zalan.do is not there; "
        "without it the operator makes up another password, and the restored database is given "
        "it\n"
        "credentials of the role harbor: harbor.postgresql-registry-main.credentials or "
        "harbor.postgresql-registry-main.credentials.postgresql.acid.zalan.do is not there; "
        "without it the operator makes up another password, which Harbor does not have when its "
        "own copy is restored\n"
        "Harbor's copy of the database password: main-database-password is not there; without it "
        "Harbor copies it again from the credentials of the role harbor\n"
        "Harbor's encryption key: main-harbor-harbor-core-encryptionkey is not there; without it "
        "passwords of registries and of OIDC that Harbor keeps in its database can never be "
        "decrypted again\n"
        "mine: is not there, but --name names it");
    /* Either form of the credentials is enough; nobody misses what only some clusters have. */
    found[0] = found[3] = found[4] = found[6] = found[7] = found[12] = true;
    absent_is(&names, found, "");
    vault_names_done(&names);
}

static void a_database_elsewhere_has_no_credentials_here(void **state)
{
    (void)state;
    struct vault_names names = {0};
    vault_names_of(&names, &owner);
    read_names(&names, "{\"spec\": {\"database\": {\"spec\": {\"postgresql\": {\"passwordRef\": "
                       "\"elsewhere\"}}}}}");
    assert_string_equal(names.items[0].name, "main-harbor-harbor-core-encryptionkey");
    assert_string_equal(names.items[names.count - 1].name, "elsewhere");
    bool found[VAULT_NAMES_MAX] = {true};
    found[names.count - 1] = true;
    absent_is(&names, found, "");
    vault_names_done(&names);
}

static void moved_is(const char *name, const char *expected)
{
    autofree char *moved = vault_name_moved(name, &owner, "other");
    assert_string_equal(moved, expected);
}

static void a_name_with_the_namespace_in_it_moves_along(void **state)
{
    (void)state;
    moved_is("harbor.postgresql-registry-main.credentials",
             "harbor.postgresql-other-main.credentials");
    moved_is("standby.postgresql-registry-main.credentials.postgresql.acid.zalan.do",
             "standby.postgresql-other-main.credentials.postgresql.acid.zalan.do");
    moved_is("main-database-password", "main-database-password");
    moved_is("registry", "registry");
    const struct vault_owner nobody = {"registry", NULL};
    autofree char *same =
        vault_name_moved("harbor.postgresql-registry-main.credentials", &nobody, "other");
    assert_string_equal(same, "harbor.postgresql-registry-main.credentials");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_a_name_is_refused),
        cmocka_unit_test(a_wrong_name_or_too_many_are_refused),
        cmocka_unit_test(the_names_of_a_harbor_cluster),
        cmocka_unit_test(what_a_harbor_cluster_names_is_kept_too),
        cmocka_unit_test(a_name_is_kept_once),
        cmocka_unit_test(what_is_absent_is_told_with_what_is_lost),
        cmocka_unit_test(a_database_elsewhere_has_no_credentials_here),
        cmocka_unit_test(a_name_with_the_namespace_in_it_moves_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
