#include "tests/unit/fixture.h"

#define KEYS "'credentials':{'secret':{'name':'s','accessKeyId':'a','secretAccessKey':'b'}}"
#define S3 "'s3':{'bucket':'bucket','scope':'old','suffix':'/one','region':'eu'}"
#define PROFILES(more) "{'restoreProfiles':{'dr':{" S3 "," KEYS more "}}}"
#define PROFILE PROFILES("")
#define WITH_BACKUP                                                                                \
    "{'restoreProfiles':{'dr':{" S3 "," KEYS "}},'backupProfiles':{'keep':{'s3':{'bucket':"        \
    "'bucket','region':'eu','suffix':'/two'},'schedule':'0 1 * * *','retain':7," KEYS "}}}"
#define ROLE                                                                                       \
    "{'restoreProfiles':{'dr':{" S3 ",'credentials':{'workloadIdentity':{'roleArn':"               \
    "'arn:aws:iam::123456789012:role/x','webIdentityTokenFile':'/var/token'}}}}}"

#define OWNER(name)                                                                                \
    "'ownerReferences':[{'kind':'StatefulSet','apiVersion':'apps/v1','name':'" name "'}]"
#define CONTAINER(image, env)                                                                      \
    "{'name':'postgres','image':'" image "','env':[{'name':'SCOPE','value':'postgresql-ns-hc'},"   \
    "{'name':'DCS_ENABLE_KUBERNETES_API','value':'true'},"                                         \
    "{'name':'POD_NAMESPACE','valueFrom':{'fieldRef':{'fieldPath':'metadata.namespace'}}}" env "]"
#define POD(container)                                                                             \
    "{'metadata':{'name':'postgresql-ns-hc-0'," OWNER(                                             \
        "postgresql-ns-hc") "},'spec':{"                                                           \
                            "'containers':["                                                       \
                            "{'name':'sidecar'}," container "]}}"
#define IMAGE "ghcr.io/zalando/spilo-16:3.2-p3"
#define OLD_LOCALES ",{'name':'USE_OLD_LOCALES','value':'true'}"
#define SET(name, value) ",{'name':'" name "','value':'" value "'}"
#define REF(name) ",{'name':'" name "','valueFrom':{'secretKeyRef':{'name':'x','key':'y'}}}"
#define SPILO(env) POD(CONTAINER(IMAGE, OLD_LOCALES env) "}")
#define SPILO_ENV_FROM(env)                                                                        \
    POD(CONTAINER(IMAGE, OLD_LOCALES env) ",'envFrom':[{'configMapRef':{'name':'m'}}]}")
#define RULES(list) SET("SPILO_CONFIGURATION", "{\\'postgresql\\':{\\'pg_hba\\':" list "}}")

#define REPAIR "kubectl -n ns annotate postgresql postgresql-ns-hc harbor-pg-webhook/repair=true"
#define OWN_WAY_OUT                                                                                \
    ": label namespace 'ns' with harbor-pg-webhook/backup=<profile>, or vouch for it with "        \
    "ownArchive: verified in profile "

#define ENDPOINT_WAY_OUT                                                                           \
    ": label namespace 'ns' with harbor-pg-webhook/backup=<profile> (one with s3.endpoint), or "   \
    "vouch for it with ownArchive: verified in profile "

struct example {
    const char *policy;
    const char *profile;
    const char *pod;
    const char *reason;
    const char *text; /* of the message, or of the warnings */
};

static const struct example examples[] = {
    /* Not ours. */
    {PROFILE, "dr", "{'metadata':{'name':'x'},'spec':{'containers':[{'name':'web'}]}}", "not-spilo",
     ""},
    {PROFILE, "dr", "{'metadata':{'name':'x'},'spec':{'containers':[" CONTAINER(IMAGE, "") "}]}}",
     "not-spilo", ""},
    {PROFILE, "dr",
     "{'metadata':{'annotations':{'kubernetes.io/config.mirror':'x'}," OWNER(
         "postgresql-ns-hc") "},'spec':{'containers':[" CONTAINER(IMAGE, "") "}]}}",
     "not-spilo", ""},
    {PROFILE, "dr", POD("{'name':'postgres'}"), "not-spilo", ""},
    {PROFILE, "dr", POD("{'name':'postgres','env':[{'name':'SCOPE','value':'other'}]}"),
     "not-spilo", ""},
    {PROFILE, "dr",
     "{'metadata':{" OWNER("acid-db") "},'spec':{'containers':[{'name':'postgres','env':[{'name':"
                                      "'SCOPE','value':'acid-db'}]}]}}",
     "not-harbor", ""},
    {PROFILE, "dr",
     "{'metadata':{" OWNER("postgresql-other-hc") "},'spec':{'containers':[{'name':'postgres',"
                                                  "'env':[{'name':'SCOPE','value':"
                                                  "'postgresql-other-hc'}]}]}}",
     "not-harbor", ""},
    {PROFILES(",'except':['hc']"), "dr", SPILO(""), "excepted", ""},
    /* Whose profile. */
    {PROFILE, NULL, SPILO(""), "unknown-profile",
     "the label harbor-pg-webhook/restore of namespace 'ns' names no profile; there are: dr, "
     "enabled; correct the label, or take it off to start without a restore"},
    {PROFILES(",'clusters':['a','b']"), "dr", SPILO(""), "cluster-not-in-profile",
     "HarborCluster 'hc' is not in the list 'clusters' of restore profile 'dr' (a, b), which "
     "namespace 'ns' is labelled with: add it to 'clusters', or to 'except' to leave it alone"},
    {PROFILES(",'clusters':['postgresql-ns-hc']"), "dr", SPILO(""), "restore", ""},
    {PROFILES(",'clusters':'all'"), "dr",
     "{'metadata':{" OWNER("acid-db") "},'spec':{'containers':[{'name':'postgres','image':'" IMAGE
                                      "','env':[{'name':'SCOPE','value':'acid-db'}" OLD_LOCALES
                                      "]}]}}",
     "restore", ""},
    {PROFILE, "dr",
     "{'metadata':{" OWNER(
         "postgresql-ns-hc") "},'spec':{'containers':[{'name':'postgres',"
                             "'image':'" IMAGE "','env':[{'name':'SCOPE','valueFrom':{"
                             "'configMapKeyRef':{'name':'c','key':'k'}}}" OLD_LOCALES "]}]}}",
     "restore", ""},
    /* Mistakes of the profile. */
    {"{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'old','suffix':'one','region':"
     "'eu'}," KEYS "}}}",
     "dr", SPILO(""), "invalid-config", NULL},
    {"{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'old','suffix':'/one'}," KEYS "}}}",
     "dr", SPILO(""), "incomplete-profile", NULL},
    /* What somebody else configured. */
    {PROFILE, "dr", SPILO(SET("STANDBY_HOST", "")), "restore", ""},
    {PROFILE, "dr", SPILO(SET("STANDBY_HOST", "db")), "standby-cluster",
     "env STANDBY_HOST makes this a standby cluster, which follows another database and cannot be "
     "restored: take spec.standby out of the resource, or name the cluster in 'except' of profile "
     "'dr'"},
    {PROFILE, "dr", SPILO(SET("CLONE_METHOD", "CLONE_WITH_BASEBACKUP")), "clone-already-configured",
     "the resource clones from a running cluster (CLONE_WITH_BASEBACKUP): take spec.clone out of "
     "the resource, or name the cluster in 'except' of profile 'dr'"},
    {PROFILE, "dr", SPILO(REF("CLONE_WITH_BASEBACKUP")), "clone-already-configured", NULL},
    {PROFILE, "dr", SPILO(SET("CLONE_METHOD", "CLONE_WITH_WALE")), "restore", ""},
    {"{}", "enabled", SPILO_ENV_FROM(""), "env-from-opaque", NULL},
    /* The image. */
    {PROFILE, "dr", POD(CONTAINER("r/spilo-13:2.0-p2", "") "}"), "image-too-old",
     "image 'r/spilo-13:2.0-p2' is older than 2.0-p4 and cannot restore from S3; it is not "
     "Harbor's "
     "own, so set another one: kubectl -n ns patch postgresql postgresql-ns-hc --type=merge -p "
     "'{\"spec\":{\"dockerImage\":\"ghcr.io/zalando/spilo-16:3.2-p3\"}}'"},
    {PROFILE, "dr", POD(CONTAINER("r/spilo-12:1.6-p3", "") "}"), "image-too-old",
     "image 'r/spilo-12:1.6-p3' is older than 2.0-p4 and cannot restore from S3; repair the "
     "resource: " REPAIR " (it writes rules and locales; take the annotation off and set it once "
     "more, and it moves the image)"},
    {PROFILE, "dr", POD(CONTAINER("r/spilo-12:1.6-p3", RULES("[]")) "}"), "image-too-old", NULL},
    {PROFILE, "dr", POD(CONTAINER("r/spilo-13:2.1-p1", "") "}"), "image-broken",
     "image 'r/spilo-13:2.1-p1' cannot restore with profile 'dr': 2.1-p1 cannot list wal-g's "
     "backups; set spec.dockerImage of the resource to one that can"},
    {ROLE, "dr", POD(CONTAINER("r/spilo-14:2.1-p6", "") "}"), "image-broken", NULL},
    {ROLE, "dr", POD(CONTAINER("r/spilo-16:3.3-p1", OLD_LOCALES) "}"), "image-broken", NULL},
    {ROLE, "dr", SPILO(""), "restore", ""},
    {PROFILES(",'target':{'timeline':'3'}"), "dr", POD(CONTAINER("r/spilo-14:2.1-p5", "") "}"),
     "image-broken", NULL},
    {PROFILE, "dr", POD(CONTAINER("r/spilo-14:2.1-p6", "") "}"), "restore",
     "image 'r/spilo-14:2.1-p6' is older than 2.1-p7, the first that is known to restore well"},
    {PROFILE, "dr", POD(CONTAINER("r/spilo@sha256:0", OLD_LOCALES) "}"), "image-unknown",
     "image 'r/spilo@sha256:0' is not a spilo release known here: that it can restore is not "
     "checked"},
    /* The rules. */
    {PROFILE, "dr", SPILO(RULES("[\\'local all all reject\\']")), "rules-lock-out",
     "the pg_hba rules lock Patroni out of its own database: rule 1 'local all all reject' refuses "
     "the local connection to database 'postgres' as user 'postgres'; repair the resource: " REPAIR
     " (Harbor's own rules), or mend spec.patroni.pg_hba by hand (a list of yours)"},
    {PROFILE, "dr",
     SPILO(SET("PGUSER_SUPERUSER", "su") SET("PGUSER_STANDBY", "")
               RULES("[\\'local all su peer\\',\\'local replication standby trust\\']")),
     "restore", ""},
    {PROFILE, "dr", SPILO(RULES("\\'odd\\'")), "rules-lock-out", NULL},
    {PROFILE, "dr", SPILO(RULES("[1]")), "rules-lock-out", NULL},
    {PROFILE, "dr", SPILO(SET("SPILO_CONFIGURATION", "{}")), "restore", ""},
    {PROFILE, "dr", SPILO(SET("SPILO_CONFIGURATION", "")), "restore", ""},
    {PROFILE, "dr", SPILO(REF("SPILO_CONFIGURATION")), "custom-rules",
     "SPILO_CONFIGURATION cannot be read, so its pg_hba rules are not checked: its value is not "
     "known here"},
    {PROFILE, "dr", SPILO(SET("SPILO_CONFIGURATION", "a: b")), "custom-rules", NULL},
    /* The collation. */
    {PROFILE, "dr", POD(CONTAINER(IMAGE, "") "}"), "locales-unset",
     "the backup has the collation of Ubuntu 18.04, image '" IMAGE
     "' another one: without USE_OLD_LOCALES=true text indexes would be corrupt; if the database "
     "is still to be restored, set it (keep other entries of spec.env): kubectl -n ns patch "
     "postgresql postgresql-ns-hc --type=merge -p "
     "'{\"spec\":{\"env\":[{\"name\":\"USE_OLD_LOCALES\",\"value\":\"true\"}]}}', or state "
     "sourceLocales: new in a literal profile"},
    {PROFILES(",'sourceLocales':'new'"), "dr", POD(CONTAINER(IMAGE, "") "}"), "restore", ""},
    {PROFILES(",'sourceLocales':'new'"), "dr", SPILO(""), "locales-mismatch",
     "profile 'dr' says sourceLocales: new, but USE_OLD_LOCALES is true: text indexes would be "
     "corrupt; set USE_OLD_LOCALES to \"false\" in spec.env of the resource, or state "
     "sourceLocales: old"},
    {PROFILES(",'sourceLocales':'new'"), "dr", POD(CONTAINER("r/spilo-14:2.1-p7", "") "}"),
     "locales-mismatch", NULL},
    /* The own archive. */
    {PROFILE, "dr",
     SPILO(SET("WAL_S3_BUCKET", "bucket") SET("WAL_BUCKET_SCOPE_PREFIX", "")
               SET("WALE_S3_PREFIX", "s3://Bucket//spilo/old/one/wal/12/")),
     "own-archive-equal",
     "the new cluster would archive into its own source 'bucket/spilo/old/one' and destroy it: "
     "label namespace 'ns' with harbor-pg-webhook/backup=<profile> whose suffix is a new "
     "generation"},
    {PROFILE, "dr",
     SPILO(SET("WALE_S3_PREFIX", "s3://bucket/a") SET("WALG_S3_PREFIX", "s3://bucket/b")),
     "own-archive-unproven",
     "the path of the new cluster's own archive is not known here (WALE_S3_PREFIX)" OWN_WAY_OUT
     "'dr'"},
    {PROFILE, "dr", SPILO(REF("WALG_S3_PREFIX")), "own-archive-unproven", NULL},
    {PROFILE, "dr", SPILO(REF("WAL_S3_BUCKET")), "own-archive-unproven", NULL},
    {PROFILE, "dr", SPILO(SET("WAL_S3_BUCKET", "bucket") REF("WAL_BUCKET_SCOPE_SUFFIX")),
     "own-archive-unproven", NULL},
    {PROFILE, "dr", SPILO(SET("WAL_S3_BUCKET", "bucket") REF("WAL_BUCKET_SCOPE_PREFIX")),
     "own-archive-unproven", NULL},
    {PROFILE, "dr", SPILO(SET("WAL_S3_BUCKET", "bucket") REF("NAMESPACE")), "own-archive-unproven",
     NULL},
    {PROFILE, "dr", SPILO(SET("WAL_GS_BUCKET", "bucket")), "own-archive-unproven",
     "the path of the new cluster's own archive is not known here (WAL_GS_BUCKET)" OWN_WAY_OUT
     "'dr'"},
    {PROFILE, "dr", SPILO_ENV_FROM(""), "own-archive-unproven", NULL},
    {PROFILES(",'ownArchive':'verified'"), "dr", SPILO_ENV_FROM(SET("SPILO_CONFIGURATION", "{}")),
     "restore", ""},
    {PROFILE, "dr", SPILO(SET("WAL_S3_BUCKET", "bucket")), "restore", ""},
    {PROFILE, "dr", SPILO(SET("WALG_S3_PREFIX", "s3://bucket/mine/wal")), "restore", ""},
    {"{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'postgresql-ns-hc','scopePrefix':"
     "'ns-','suffix':'','region':'eu'}," KEYS "}}}",
     "dr", SPILO(SET("WAL_S3_BUCKET", "bucket")), "own-archive-equal", NULL},
    {"{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'postgresql-ns-hc','suffix':'',"
     "'region':'eu'}," KEYS "}}}",
     "dr", SPILO(SET("WAL_S3_BUCKET", "bucket") SET("NAMESPACE", "default")), "own-archive-equal",
     NULL},
    {"{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'postgresql-ns-hc','suffix':'',"
     "'region':'eu'}," KEYS "}}}",
     "dr", SPILO(SET("WAL_S3_BUCKET", "bucket") SET("DCS_ENABLE_KUBERNETES_API", "")),
     "own-archive-equal", NULL},
    {"{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'old','suffix':'/one','region':"
     "'eu','endpoint':'https://s3.local'}," KEYS "}}}",
     "dr", SPILO(SET("WAL_S3_BUCKET", "bucket")), "own-archive-unproven",
     "the profile has an endpoint and the own archive none, so until the first restart the new "
     "cluster would archive to the clone's endpoint" ENDPOINT_WAY_OUT "'dr'"},
    {"{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'old','suffix':'/one','region':"
     "'eu','endpoint':'https://s3.local'}," KEYS "}}}",
     "dr", SPILO(SET("WAL_S3_BUCKET", "bucket") SET("AWS_ENDPOINT", "https://s3.local")), "restore",
     ""},
    /* By reference. */
    {"{}", "enabled", SPILO(""), "restore", ""},
    {"{}", "enabled", SPILO(SET("WAL_S3_BUCKET", "bucket")), "own-archive-unproven",
     "the clone's path stands in the namespace's ConfigMap and is not seen here" OWN_WAY_OUT
     "'enabled'"},
    {"{}", "enabled",
     SPILO(SET("WAL_S3_BUCKET", "bucket")
               SET("WAL_BUCKET_SCOPE_SUFFIX", "/99e85b8a-3f92-4C86-8d42-5056348c1e7e")),
     "restore", ""},
    {"{}", "enabled",
     SPILO(REF("WAL_S3_BUCKET")
               SET("WAL_BUCKET_SCOPE_SUFFIX", "/99e85b8a-3f92-4c86-8d42-5056348c1e7e")),
     "own-archive-unproven", NULL},
    {"{}", "enabled",
     SPILO(SET("WAL_S3_BUCKET", "bucket")
               SET("WAL_BUCKET_SCOPE_SUFFIX", "/99e85b8a-3f92-4c86-8d42-5056348c1e7g")),
     "own-archive-unproven", NULL},
    {WITH_BACKUP, "enabled",
     SPILO(SET("WAL_S3_BUCKET", "bucket") SET("WAL_BUCKET_SCOPE_SUFFIX", "/two")), "restore", ""},
    {WITH_BACKUP, "enabled",
     SPILO(SET("WAL_S3_BUCKET", "bucket") SET("WAL_BUCKET_SCOPE_SUFFIX", "/three")),
     "own-archive-unproven", NULL},
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        const struct example *example = &examples[i];
        struct fixture fixture;
        fixture_open(&fixture, FIXTURE_RESTORE, example->policy, example->profile, OPERATION_CREATE,
                     example->pod, NULL);
        bool denied = !decision_allowed(&fixture.decision);
        autofree char *warnings = fixture_warnings(&fixture);
        const char *text = denied ? buf_str(&fixture.decision.message).data : warnings;
        print_message("example %zu: %s %s: %s\n", i, example->profile ? example->profile : "none",
                      fixture_reason(&fixture), text);
        assert_string_equal(fixture_reason(&fixture), example->reason);
        if (example->text)
            assert_string_equal(text, example->text);
        if (denied)
            assert_int_equal(fixture.decision.patch.length, 0);
        fixture_close(&fixture);
    }
}

static void test_a_target_time_that_is_to_come(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_RESTORE,
                 PROFILES(",'target':{'time':'2026-11-22T01:59:59+00:00'}"), "dr", OPERATION_CREATE,
                 SPILO(""), NULL);
    assert_string_equal(fixture_reason(&fixture), "restore");
    decision_done(&fixture.decision);
    fixture.subject.now -= 3600; /* the clock went back since the configuration was read */
    fixture_decide(&fixture, FIXTURE_RESTORE, "dr");
    assert_string_equal(fixture_reason(&fixture), "invalid-config");
    assert_string_equal(fixture.decision.message.data,
                        "restoreProfiles.dr.target.time is in the future: give a time that the "
                        "archive has reached, or none for the latest");
    fixture_close(&fixture);
}

static json_t *read_tree(struct str text, struct error *err)
{
    if (str_is(text, "bad")) {
        (void)error_set(err, "line 1, column 1: bad");
        return NULL;
    }
    return json_pack("{s{s[s]}}", "postgresql", "pg_hba", "local all all reject");
}

static void test_a_configuration_in_yaml(void **state)
{
    (void)state;
    static const struct {
        const char *pod;
        const char *reason;
    } cases[] = {
        {SPILO(SET("SPILO_CONFIGURATION", "postgresql: ...")), "rules-lock-out"},
        {SPILO(SET("SPILO_CONFIGURATION", "bad")), "custom-rules"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        fixture_open(&fixture, FIXTURE_RESTORE, PROFILE, "dr", OPERATION_CREATE, cases[i].pod,
                     NULL);
        decision_done(&fixture.decision);
        fixture.policy->read_yaml = read_tree;
        fixture_decide(&fixture, FIXTURE_RESTORE, "dr");
        assert_string_equal(fixture_reason(&fixture), cases[i].reason);
        fixture_close(&fixture);
    }
}

static void test_only_creation_is_decided(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_RESTORE, PROFILE, "dr", OPERATION_UPDATE, SPILO(""), SPILO(""));
    assert_string_equal(fixture_reason(&fixture), "not-concerned");
    fixture_close(&fixture);
}

static void test_second_call_says_the_same(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(
        &fixture, FIXTURE_RESTORE, PROFILE, "dr", OPERATION_CREATE,
        SPILO(SET("CLONE_METHOD", "CLONE_WITH_WALE") SET("CLONE_WITH_WALE",
                                                         "true") SET("CLONE_SCOPE", "old")
                  SET("CLONE_HOST", "old") SET("CLONE_USER", "standby") SET("CLONE_PORT", "5432")
                      SET("CLONE_WAL_S3_BUCKET", "bucket") SET("CLONE_WAL_BUCKET_SCOPE_PREFIX", "")
                          SET("CLONE_WAL_BUCKET_SCOPE_SUFFIX", "/one")
                              SET("CLONE_USE_WALG_RESTORE", "true") SET("USE_WALG_RESTORE", "true")
                                  SET("USEWALG_RESTORE", "true")
                                      SET("CLONE_AWS_REGION",
                                          "eu") ",{'name':'CLONE_AWS_ACCESS_KEY_ID','valueFrom':{'"
                                                "secretKeyRef':{'name':'s','key':'a'}}},"
                                                "{'name':'CLONE_AWS_SECRET_ACCESS_KEY','valueFrom':"
                                                "{'secretKeyRef':{'name':'s','key':'b'}}}"),
        NULL);
    assert_string_equal(fixture_reason(&fixture), "already-right");
    assert_string_equal(reason_name(decision_audit_reason(&fixture.decision)), "restore");
    assert_int_equal(fixture.decision.operations, 0);
    fixture_close(&fixture);
}

static void test_env_from_is_neutralised(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_RESTORE, PROFILES(",'ownArchive':'verified'"), "dr",
                 OPERATION_CREATE, SPILO_ENV_FROM(SET("CLONE_AWS_ENDPOINT", "http://x")), NULL);
    autofree char *patch = fixture_patch(&fixture);
    static const char *const parts[] = {
        ("{'op':'replace','path':'/spec/containers/1/env/4','value':{'name':'CLONE_AWS_ENDPOINT',"
         "'value':''}}"),
        "{'name':'CLONE_TARGET_INCLUSIVE','value':'true'}",
        "{'name':'CLONE_TARGET_TIMELINE','value':'latest'}",
        "{'name':'CLONE_TARGET_TIME','value':''}",
        "{'name':'CLONE_WALG_S3_PREFIX','value':''}",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (!strstr(patch, parts[i]))
            fail_msg("%s is not in %s", parts[i], patch);
    assert_null(strstr(patch, "BACKUP_SCHEDULE"));
    fixture_close(&fixture);
}

/* What `explain` says of the clusters that a profile is for. */
static void test_clusters_that_share_a_source_are_told(void **state)
{
    (void)state;
    const struct {
        const char *policy;
        const char *why;
    } rows[] = {
        {PROFILE, "the profile is for 'postgresql-ns-hc', as for every HarborCluster in this "
                  "namespace: each starts from the same data"},
        {PROFILES(",'clusters':'all'"),
         "the profile is for 'postgresql-ns-hc', as for every spilo "
         "cluster in this namespace: each starts from the same data"},
        {PROFILES(",'clusters':['a','hc']"),
         "the profile is for 'postgresql-ns-hc', as for every one that it lists in this namespace: "
         "each starts from the same data"},
        {PROFILES(",'clusters':['hc']"), "the profile is for 'postgresql-ns-hc'"},
        {PROFILES(",'clusters':['a']"), "the profile is not for 'postgresql-ns-hc'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fixture fixture;
        fixture_open(&fixture, FIXTURE_RESTORE, rows[i].policy, "dr", OPERATION_CREATE, SPILO(""),
                     NULL);
        assert_string_equal(fixture.trace.rules[2].rule, "clusters");
        assert_string_equal(fixture.trace.rules[2].why, rows[i].why);
        fixture_close(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_a_target_time_that_is_to_come),
        cmocka_unit_test(test_a_configuration_in_yaml),
        cmocka_unit_test(test_only_creation_is_decided),
        cmocka_unit_test(test_second_call_says_the_same),
        cmocka_unit_test(test_env_from_is_neutralised),
        cmocka_unit_test(test_clusters_that_share_a_source_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
