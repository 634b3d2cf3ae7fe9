#include "server/vault/pairs.h"

#include "tests/unit/vault_fixture.h"

#define POSTGRES "postgres.postgresql-registry-main.credentials"
#define HARBOR "harbor.postgresql-registry-main.credentials"
#define LONG_HARBOR HARBOR ".postgresql.acid.zalan.do"
#define COPY "main-database-password"
#define KEY "main-harbor-harbor-core-encryptionkey"

/* What a namespace holds; the tests put in what they are about. */
struct room {
    json_t *secrets[10];
    struct vault_held held[10];
    size_t count;
};

static void put(struct room *room, const char *name, json_t *secret)
{
    room->secrets[room->count] = secret;
    room->held[room->count++] = (struct vault_held){.name = name, .secret = secret};
}

static void put_role(struct room *room, const char *name, const char *role, const char *password)
{
    put(room, name, vault_secret(name, "username", role, "password", password, NULL));
}

static void put_key(struct room *room, const char *value)
{
    put(room, KEY, vault_secret(KEY, "secret", value, NULL));
}

static void findings_are(struct room *room, const char *expected)
{
    struct strlist findings = {0};
    vault_pairs(room->held, room->count, &(struct vault_owner){"registry", "main"}, &findings);
    autofree char *all = strlist_join(&findings, "\n");
    assert_string_equal(all, expected);
    strlist_clear(&findings);
    while (room->count)
        json_decref(room->secrets[--room->count]);
}

static void another_password_in_the_copy_is_told(void **state)
{
    (void)state;
    struct room room = {0};
    put_key(&room, "k");
    put_role(&room, HARBOR, "harbor", "canary1");
    put(&room, COPY, vault_secret(COPY, "postgresql-password", "canary2", NULL));
    findings_are(&room, HARBOR ", " COPY ": the passwords differ, so Harbor will not log in to its "
                               "database; restore both from one archive, or delete " COPY
                               " before Harbor is created");
}

static void a_copy_alone_is_told(void **state)
{
    (void)state;
    struct room room = {0};
    put_key(&room, "k");
    put(&room, COPY, vault_secret(COPY, "postgresql-password", "canary", NULL));
    findings_are(&room, COPY ": is there without " HARBOR
                             ", for which the operator will make up another password, so Harbor "
                             "will not log in to its database; restore both, or neither");
}

static void an_empty_copy_does_not_fit(void **state)
{
    (void)state;
    struct room room = {0};
    put_key(&room, "k");
    put_role(&room, HARBOR, "harbor", "canary");
    put(&room, COPY, vault_secret(COPY, "password", "canary", NULL));
    findings_are(&room, HARBOR ", " COPY ": the passwords differ, so Harbor will not log in to its "
                               "database; restore both from one archive, or delete " COPY
                               " before Harbor is created");
}

static void credentials_of_nobody_are_told(void **state)
{
    (void)state;
    struct room room = {0};
    put_key(&room, "k");
    put_role(&room, POSTGRES, "root", "canary");
    put(&room, HARBOR, vault_secret(HARBOR, "username", "harbor", "password", "", NULL));
    findings_are(&room, POSTGRES ": its username is not 'postgres', so the operator does not take "
                                 "its password for that role; put the right username in\n" HARBOR
                                 ": has no password, so nobody logs in as harbor; put it in");
}

static void two_forms_with_different_passwords_are_told(void **state)
{
    (void)state;
    struct room room = {0};
    put_key(&room, "k");
    put_role(&room, HARBOR, "harbor", "canary1");
    put_role(&room, LONG_HARBOR, "harbor", "canary2");
    findings_are(&room, HARBOR ", " LONG_HARBOR
                               ": have different passwords; the operator reads the one that its "
                               "secret_name_template names, so delete the other one");
}

static void a_missing_or_empty_key_is_told(void **state)
{
    (void)state;
    struct room room = {0};
    findings_are(&room, KEY ": is not there, so Harbor-operator will make up another key; then "
                            "passwords of registries and of OIDC that Harbor keeps in its database "
                            "can never be decrypted again; restore it from another archive before "
                            "Harbor is created");
    put_key(&room, "");
    findings_are(&room, KEY ": has no secret, so Harbor cannot decrypt anything; put it in");
}

static void a_key_that_is_not_the_archived_one_is_told(void **state)
{
    (void)state;
    struct room room = {0};
    json_t *archived = vault_secret(KEY, "secret", "canary1", NULL);
    put_key(&room, "canary2");
    room.held[0].archived = archived;
    findings_are(&room, KEY ": is another key than the one that the archived database was written "
                            "with; if that database is restored, passwords of registries and of "
                            "OIDC that Harbor keeps in its database can never be decrypted again; "
                            "delete it and restore again before Harbor is created");
    json_decref(archived);
}

static void what_fits_has_no_findings(void **state)
{
    (void)state;
    struct room room = {0};
    put_key(&room, "k");
    put_role(&room, POSTGRES, "postgres", "p");
    put_role(&room, HARBOR, "harbor", "canary");
    put_role(&room, LONG_HARBOR, "harbor", "canary");
    put(&room, COPY, vault_secret(COPY, "postgresql-password", "canary", NULL));
    findings_are(&room, "");
    /* Harbor makes its copy anew; credentials that are absent are made up, all of them. */
    put_key(&room, "k");
    put_role(&room, HARBOR, "harbor", "canary");
    findings_are(&room, "");
}

static void nothing_is_known_about_names_given_one_by_one(void **state)
{
    (void)state;
    struct strlist findings = {0};
    vault_pairs(NULL, 0, &(struct vault_owner){"registry", NULL}, &findings);
    assert_int_equal(findings.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_password_in_the_copy_is_told),
        cmocka_unit_test(a_copy_alone_is_told),
        cmocka_unit_test(an_empty_copy_does_not_fit),
        cmocka_unit_test(credentials_of_nobody_are_told),
        cmocka_unit_test(two_forms_with_different_passwords_are_told),
        cmocka_unit_test(a_missing_or_empty_key_is_told),
        cmocka_unit_test(a_key_that_is_not_the_archived_one_is_told),
        cmocka_unit_test(what_fits_has_no_findings),
        cmocka_unit_test(nothing_is_known_about_names_given_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
