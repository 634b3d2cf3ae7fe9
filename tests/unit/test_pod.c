#include "patches/pod.h"

#include "tests/unit/fixture.h"

#define POD(metadata, env)                                                                         \
    "{'metadata':{" metadata "},'spec':{'containers':[{'name':'sidecar'},{'name':'postgres',"      \
    "'image':'spilo:1','env':[" env "]}]}}"
#define OWNED(owner)                                                                               \
    "'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet','name':'" owner "'}]"
#define SCOPE(name) "{'name':'SCOPE','value':'" name "'}"
#define SPILO(name) POD(OWNED(name), SCOPE(name))

/* A question to the gate, and its answer. */
struct asked {
    char *text;
    struct doc *doc;
    struct subject subject;
    struct cluster_filter clusters;
    struct profile_problems problems;
    struct pod_profile profile;
    struct trace trace;
    struct decision decision;
    struct pod pod;
};

/* Profile 'fresh', for every HarborCluster, and a pod that is created in namespace "ns". */
static void asked_open(struct asked *asked, const char *object)
{
    *asked = (struct asked){.text = fixture_json(object)};
    struct error err;
    if (!doc_read(str_of(asked->text), 16, &asked->doc, &err))
        fail_msg("%s in %s", err.text, asked->text);
    asked->subject = (struct subject){
        .operation = OPERATION_CREATE, .namespace = STR("ns"), .object = doc_root(asked->doc)};
    asked->profile = (struct pod_profile){.kind = "restore",
                                          .name = STR("fresh"),
                                          .clusters = &asked->clusters,
                                          .problems = &asked->problems,
                                          .names = "enabled, fresh",
                                          .one_source = true};
    decision_init(&asked->decision, &asked->trace);
}

static bool asked_concerns(struct asked *asked)
{
    return pod_concerns(&asked->subject, &asked->profile, &asked->decision, &asked->pod);
}

static void assert_untouched(const struct asked *asked, enum reason reason, const char *why)
{
    assert_string_equal(asked->trace.rules[asked->trace.count - 1].why, why);
    assert_string_equal(reason_name(decision_reason(&asked->decision)), reason_name(reason));
    assert_string_equal(state_name(asked->decision.state), "untouched");
}

static void asked_done(struct asked *asked)
{
    strlist_clear(&asked->clusters.names);
    strlist_clear(&asked->clusters.except);
    strlist_clear(&asked->problems.missing);
    strlist_clear(&asked->problems.wrong);
    decision_done(&asked->decision);
    trace_clear(&asked->trace);
    doc_free(asked->doc);
    free(asked->text);
}

static void only_creation_concerns(void **state)
{
    (void)state;
    static const struct {
        enum operation operation;
        struct str sub_resource;
    } others[] = {
        {OPERATION_UPDATE, STR_NONE},
        {OPERATION_DELETE, STR_NONE},
        {OPERATION_CONNECT, STR("exec")},
        {OPERATION_CREATE, STR("eviction")},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct asked asked;
        asked_open(&asked, SPILO("postgresql-ns-hc"));
        asked.subject.operation = others[i].operation;
        asked.subject.sub_resource = others[i].sub_resource;
        assert_false(asked_concerns(&asked));
        assert_untouched(&asked, REASON_NOT_CONCERNED,
                         "a pod's environment is fixed once it exists");
        asked_done(&asked);
    }
}

/* Pods of others, and how they are told. */
static const struct {
    const char *object;
    const char *why;
} others[] = {
    {"{}", "no container is named postgres"},
    {"{'spec':{'containers':[{'name':'Postgres'},{'name':1},null]}}",
     "no container is named postgres"},
    {"{'spec':{'initContainers':[{'name':'postgres'}]}}", "no container is named postgres"},
    {POD(OWNED("db") ",'annotations':{'kubernetes.io/config.mirror':''}", SCOPE("db")),
     "it is the mirror of a static pod"},
    {POD("", SCOPE("db")), "no StatefulSet owns it"},
    {POD("'ownerReferences':[{'apiVersion':'batch/v1','kind':'Job','name':'db'}]", SCOPE("db")),
     "no StatefulSet owns it"},
    {POD(OWNED("db"), ""), "the container has no env SCOPE"},
    {POD(OWNED("db"), "{'name':'scope','value':'db'}"), "the container has no env SCOPE"},
    {POD(OWNED("db"), SCOPE("db-pooler")), "SCOPE is not the name of its StatefulSet"},
    {POD(OWNED("db"), "{'name':'SCOPE'}"), "SCOPE is not the name of its StatefulSet"},
};

static void pods_of_others_are_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        struct asked asked;
        asked_open(&asked, others[i].object);
        asked.clusters.coverage = COVERAGE_ALL;
        assert_false(asked_concerns(&asked));
        assert_untouched(&asked, REASON_NOT_SPILO, others[i].why);
        assert_int_equal(asked.decision.image.length, 0);
        asked_done(&asked);
    }
}

static void a_label_without_a_profile_is_refused(void **state)
{
    (void)state;
    struct asked asked;
    asked_open(&asked, SPILO("db"));
    asked.profile.name = STR_NONE;
    assert_false(asked_concerns(&asked));
    assert_string_equal(reason_name(decision_reason(&asked.decision)), "unknown-profile");
    assert_string_equal(asked.decision.message.data,
                        "the label harbor-pg-webhook/restore of namespace 'ns' names no profile; "
                        "there are: enabled, fresh; correct the label, or take it off to start "
                        "without a restore");
    asked_done(&asked);
}

static void a_database_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    struct asked asked;
    asked_open(&asked, SPILO("postgresql-ns-hc"));
    asked.clusters.coverage = COVERAGE_LISTED;
    strlist_add(&asked.clusters.names, STR("one"));
    strlist_add(&asked.clusters.names, STR("postgresql-ns-h"));
    assert_false(asked_concerns(&asked));
    assert_string_equal(reason_name(decision_reason(&asked.decision)), "cluster-not-in-profile");
    assert_string_equal(asked.decision.message.data,
                        "HarborCluster 'hc' is not in the list 'clusters' of restore profile "
                        "'fresh' (one, postgresql-ns-h), which namespace 'ns' is labelled with: "
                        "add it to 'clusters', or to 'except' to leave it alone");
    assert_true(str_is(buf_str(&asked.decision.image), "spilo:1"));
    asked_done(&asked);
}

/* Clusters that a profile leaves alone: by what it covers, or by `except`. */
static void what_is_not_covered_is_left_alone(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        enum coverage coverage;
        enum reason reason;
        const char *except;
        const char *why;
    } rows[] = {
        {SPILO("db"), COVERAGE_HARBOR, REASON_NOT_HARBOR, "x", "the profile is not for 'db'"},
        {SPILO("db"), COVERAGE_LISTED, REASON_NOT_HARBOR, "x", "the profile is not for 'db'"},
        {SPILO("postgresql-other-hc"), COVERAGE_HARBOR, REASON_NOT_HARBOR, "x",
         "the profile is not for 'postgresql-other-hc'"},
        {SPILO("postgresql-ns-"), COVERAGE_HARBOR, REASON_NOT_HARBOR, "x",
         "the profile is not for 'postgresql-ns-'"},
        {SPILO("postgresql-nshc"), COVERAGE_HARBOR, REASON_NOT_HARBOR, "x",
         "the profile is not for 'postgresql-nshc'"},
        {SPILO("db"), COVERAGE_ALL, REASON_EXCEPTED, "db", "the profile is not for 'db'"},
        {SPILO("postgresql-ns-hc"), COVERAGE_ALL, REASON_EXCEPTED, "hc",
         "the profile is not for 'postgresql-ns-hc'"},
        {SPILO("postgresql-ns-hc"), COVERAGE_HARBOR, REASON_EXCEPTED, "postgresql-ns-hc",
         "the profile is not for 'postgresql-ns-hc'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct asked asked;
        asked_open(&asked, rows[i].object);
        asked.clusters.coverage = rows[i].coverage;
        strlist_add(&asked.clusters.except, str_of(rows[i].except));
        assert_false(asked_concerns(&asked));
        assert_untouched(&asked, rows[i].reason, rows[i].why);
        asked_done(&asked);
    }
}

#define SAME " in this namespace: each starts from the same data"

/* Pods that a profile is for; `names` fill its list. */
static void what_is_covered_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        enum coverage coverage;
        const char *names[2];
        const char *cluster; /* NULL: not Harbor's */
        const char *why;
    } rows[] = {
        {SPILO("postgresql-ns-hc"),
         COVERAGE_HARBOR,
         {NULL},
         "hc",
         "the profile is for 'postgresql-ns-hc', as for every HarborCluster" SAME},
        {SPILO("db"),
         COVERAGE_ALL,
         {NULL},
         NULL,
         "the profile is for 'db', as for every spilo cluster" SAME},
        {SPILO("db"), COVERAGE_LISTED, {"db"}, NULL, "the profile is for 'db'"},
        {SPILO("postgresql-ns-h-c"),
         COVERAGE_LISTED,
         {"x", "h-c"},
         "h-c",
         "the profile is for 'postgresql-ns-h-c', as for every one that it lists" SAME},
        {POD(OWNED("db"), "{'name':'SCOPE','valueFrom':{'secretKeyRef':{'name':'s','key':'k'}}}"),
         COVERAGE_ALL,
         {NULL},
         NULL,
         "the profile is for 'db', as for every spilo cluster" SAME},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct asked asked;
        asked_open(&asked, rows[i].object);
        asked.clusters.coverage = rows[i].coverage;
        for (size_t j = 0; j < 2 && rows[i].names[j]; j++)
            strlist_add(&asked.clusters.names, str_of(rows[i].names[j]));
        assert_true(asked_concerns(&asked));
        assert_string_equal(asked.trace.rules[asked.trace.count - 1].why, rows[i].why);
        assert_int_equal(asked.decision.reasons, 0);
        assert_true(str_is(asked.decision.profile, "fresh"));
        assert_true(str_is(asked.pod.image, "spilo:1"));
        assert_int_equal(asked.pod.env.container, 1);
        assert_true(str_equal(value_text(value_get(asked.pod.container, "name")), STR("postgres")));
        assert_int_equal(asked.pod.cluster.data != NULL, rows[i].cluster != NULL);
        if (rows[i].cluster)
            assert_true(str_is(asked.pod.cluster, rows[i].cluster));
        pod_done(&asked.pod);
        asked_done(&asked);
    }
}

static void a_profile_with_mistakes_refuses(void **state)
{
    (void)state;
    struct asked asked;
    asked_open(&asked, SPILO("db"));
    strlist_add(&asked.problems.missing, STR("s3.bucket: is missing"));
    pod_check_profile(&asked.profile, &asked.decision);
    assert_string_equal(reason_name(decision_reason(&asked.decision)), "incomplete-profile");
    strlist_add(&asked.problems.wrong, STR("target.time: 100% wrong"));
    pod_check_profile(&asked.profile, &asked.decision);
    assert_string_equal(reason_name(decision_reason(&asked.decision)), "invalid-config");
    assert_string_equal(asked.decision.message.data,
                        "s3.bucket: is missing; s3.bucket: is missing; target.time: 100% wrong");
    assert_string_equal(asked.trace.rules[1].why, "profile 'fresh' has mistakes");
    assert_false(asked.trace.rules[1].matched);
    asked_done(&asked);
}

static void a_whole_profile_goes_on(void **state)
{
    (void)state;
    struct asked asked;
    asked_open(&asked, SPILO("db"));
    pod_check_profile(&asked.profile, &asked.decision);
    assert_true(decision_allowed(&asked.decision));
    assert_string_equal(asked.trace.rules[0].why, "profile 'fresh' is complete");
    assert_true(asked.trace.rules[0].matched);
    asked_done(&asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_creation_concerns),
        cmocka_unit_test(pods_of_others_are_left_alone),
        cmocka_unit_test(a_label_without_a_profile_is_refused),
        cmocka_unit_test(a_database_that_is_not_listed_is_refused),
        cmocka_unit_test(what_is_not_covered_is_left_alone),
        cmocka_unit_test(what_is_covered_is_read),
        cmocka_unit_test(a_profile_with_mistakes_refuses),
        cmocka_unit_test(a_whole_profile_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
