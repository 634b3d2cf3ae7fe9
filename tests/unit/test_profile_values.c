#include "patches/profile_values.h"

#include "tests/unit/profile_fixture.h"

#define BY_REFERENCE " (keys are given only by reference)"

static const struct {
    const char *text;
    bool (*valid)(struct str text, struct error *err);
    const char *error; /* NULL: fine */
} names[] = {
    {"", profile_secret_name_valid,
     "is not the name of a Secret, expected a-z, 0-9, '-' and '.'" BY_REFERENCE},
    {"Keys", profile_secret_name_valid,
     "is not the name of a Secret, expected a-z, 0-9, '-' and '.'" BY_REFERENCE},
    {"-keys", profile_secret_name_valid,
     "is not the name of a Secret, expected a-z, 0-9, '-' and '.'" BY_REFERENCE},
    {"keys.", profile_secret_name_valid,
     "is not the name of a Secret, expected a-z, 0-9, '-' and '.'" BY_REFERENCE},
    {"a+b/c", profile_secret_key_valid,
     "is not a key in a Secret, expected letters, digits, '-', '_' and '.'" BY_REFERENCE},
    {"keys.harbor-1", profile_secret_name_valid, NULL},
    {"Access_key.id-1", profile_secret_key_valid, NULL},
};

static void names_of_secrets_and_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct error err = {""};
        assert_int_equal(names[i].valid(str_of(names[i].text), &err), !names[i].error);
        assert_string_equal(err.text, names[i].error ? names[i].error : "");
    }
    char longest[255];
    struct error err;
    memset(longest, 'a', sizeof(longest));
    assert_true(profile_secret_name_valid((struct str){longest, 253}, &err));
    assert_false(profile_secret_name_valid((struct str){longest, 254}, &err));
    assert_true(profile_secret_key_valid((struct str){longest, 253}, &err));
    assert_false(profile_secret_key_valid((struct str){longest, 254}, &err));
}

static void problems_name_their_place(void **state)
{
    (void)state;
    cleanup(profile_fixture_close) struct profile_fixture fixture;
    profile_fixture_open(&fixture, NULL);
    assert_true(profile_is_sound(&fixture.problems));
    profile_wrong(&fixture.reader, "b", "%d is too %s", 5, "much");
    assert_false(profile_is_sound(&fixture.problems));
    profile_missing(&fixture.reader, "a", "a thing");
    assert_said(&fixture.mistakes, &fixture.problems,
                "p.a: missing, expected a thing\np.b: 5 is too much");
    strlist_clear(&fixture.problems.wrong);
    assert_false(profile_is_sound(&fixture.problems));
}

static bool never_valid(struct str text, struct error *err)
{
    return error_set(err, "'%.*s' is never right", STR_ARG(text));
}

/* How an absent, an empty and a wrong text count, by the row that judges it. */
static void a_check_tells_absent_from_empty(void **state)
{
    (void)state;
    static char empty[] = "";
    static char text[] = "x";
    static const struct value_check checks[] = {
        {"needed", offsetof(struct reference_fields, name), never_valid, "a name", false},
        {"nonempty", offsetof(struct reference_fields, key), never_valid, NULL, false},
        {"said", offsetof(struct reference_fields, key), never_valid, "a key", true},
        {NULL}};
    const struct {
        struct reference_fields fields;
        const char *said;
    } rows[] = {
        {{NULL, NULL}, "p.needed: missing, expected a name\np.said: missing, expected a key"},
        {{empty, empty}, "p.needed: missing, expected a name\np.said: '' is never right"},
        {{text, text},
         "p.needed: 'x' is never right\np.nonempty: 'x' is never right\n"
         "p.said: 'x' is never right"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        profile_fixture_open(&fixture, NULL);
        profile_check(&fixture.reader, checks, &rows[i].fields);
        assert_said(&fixture.mistakes, &fixture.problems, rows[i].said);
    }
}

#define SECRET "'secret':{'name':'keys','accessKeyId':'ID','secretAccessKey':'KEY'}"
#define ROLE(arn, file) "'workloadIdentity':{'roleArn':'" arn "','webIdentityTokenFile':'" file "'}"
#define ARN "arn:aws:iam::1:role/a"

static const struct {
    const char *credentials;
    const char *said;
} credentials_rows[] = {
    {"{}", "p.credentials: missing, expected secret: {name, accessKeyId, secretAccessKey} or "
           "workloadIdentity: {roleArn, webIdentityTokenFile}"},
    {"{" SECRET "," ROLE(ARN, "/t") "}",
     "p.credentials: has both secret and workloadIdentity, expected one of them"},
    {"{'secret':'canary'}",
     "p.credentials.secret: text is not a mapping, keys are given only by reference"},
    {"{'workloadIdentity':[]}", "p.credentials.workloadIdentity: a list is not a mapping, keys are "
                                "given only by reference"},
    {"{'secret':{'name':'keys','accessKeyId':'can/ary'}}",
     "p.credentials.secret.secretAccessKey: missing, expected the key in the Secret that holds the "
     "secret key\n"
     "p.credentials.secret.accessKeyId: is not a key in a Secret, expected letters, digits, '-', "
     "'_' and '.'" BY_REFERENCE},
    {"{" ROLE("a role", "token") "}",
     "p.credentials.workloadIdentity.roleArn: 'a role' is not a role, expected "
     "'arn:aws:iam::<account>:role/<name>'\n"
     "p.credentials.workloadIdentity.webIdentityTokenFile: 'token' is not an absolute path"},
    {"{" SECRET "}", ""},
    {"{" ROLE(ARN, "/t") "}", ""},
};

static void credentials_are_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(credentials_rows) / sizeof(*credentials_rows); i++) {
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        cleanup(credentials_done) struct credentials credentials;
        profile_fixture_open(&fixture, credentials_rows[i].credentials);
        const struct credential_fields fields = {json_object_get(fixture.tree, "secret"),
                                                 json_object_get(fixture.tree, "workloadIdentity")};
        profile_credentials(&fixture.reader, &fields, &credentials);
        assert_said(&fixture.mistakes, &fixture.problems, credentials_rows[i].said);
    }
}

static const struct {
    const char *clusters; /* NULL: absent */
    const char *except;
    const char *said;
    enum coverage coverage;
} clusters_rows[] = {
    {"'some'", "x", "p.clusters: 'some' is not 'harbor', 'all' or a list of names",
     COVERAGE_HARBOR},
    {"5", "x", "p.clusters: a number is not 'harbor', 'all' or a list of names", COVERAGE_HARBOR},
    {"[]", "x", "p.clusters: an empty list covers no cluster, expected 'harbor', 'all' or names",
     COVERAGE_LISTED},
    {"['a',5]", "x", "p.clusters[1]: a number is not text (write it in quotes)", COVERAGE_LISTED},
    {"['a_b']", "x",
     "p.clusters: 'a_b' is not the name of a HarborCluster or resource, expected a-z, 0-9, '-' and "
     "'.'",
     COVERAGE_LISTED},
    {NULL, "X",
     "p.except: 'X' is not the name of a HarborCluster or resource, expected a-z, 0-9, '-' and '.'",
     COVERAGE_HARBOR},
    {NULL, "x", "", COVERAGE_HARBOR},
    {"'harbor'", "x", "", COVERAGE_HARBOR},
    {"'all'", "x", "", COVERAGE_ALL},
    {"['a','b.c']", "x", "", COVERAGE_LISTED},
};

static void clusters_are_a_word_or_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(clusters_rows) / sizeof(*clusters_rows); i++) {
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        struct cluster_filter filter;
        profile_fixture_open(&fixture, clusters_rows[i].clusters);
        struct profile_fields fields = {.clusters = fixture.tree};
        strlist_add(&fields.except, str_of(clusters_rows[i].except));
        profile_clusters(&fixture.reader, &fields, &filter);
        assert_said(&fixture.mistakes, &fixture.problems, clusters_rows[i].said);
        assert_int_equal(filter.coverage, clusters_rows[i].coverage);
        assert_int_equal(fields.except.count, 0);
        assert_string_equal(filter.except.items[0], clusters_rows[i].except);
        strlist_clear(&filter.names);
        strlist_clear(&filter.except);
    }
}

static void only_the_word_vouches(void **state)
{
    (void)state;
    char yes[] = "yes";
    char empty[] = "";
    char verified[] = "verified";
    const struct {
        char *word;
        bool vouches;
        const char *said;
    } rows[] = {
        {yes, false, "p.ownArchive: 'yes' is not 'verified' or empty"},
        {NULL, false, ""},
        {empty, false, ""},
        {verified, true, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        profile_fixture_open(&fixture, NULL);
        const struct profile_fields fields = {.own_archive = rows[i].word};
        assert_int_equal(profile_own_archive(&fixture.reader, &fields), rows[i].vouches);
        assert_said(&fixture.mistakes, &fixture.problems, rows[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_secrets_and_keys),
        cmocka_unit_test(problems_name_their_place),
        cmocka_unit_test(a_check_tells_absent_from_empty),
        cmocka_unit_test(credentials_are_references),
        cmocka_unit_test(clusters_are_a_word_or_names),
        cmocka_unit_test(only_the_word_vouches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
