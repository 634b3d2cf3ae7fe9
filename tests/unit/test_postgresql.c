#include "tests/unit/fixture.h"

#define CHECKSUM "'ns.harborcluster.checksum.goharbor.io/hc':'1'"
#define RESOURCE(annotations, spec)                                                                \
    "{'metadata':{'name':'postgresql-ns-hc','annotations':{" annotations "}},'spec':{" spec "}}"
#define HARBOR(spec) RESOURCE(CHECKSUM, spec)

#define OLD_IMAGE "'dockerImage':'r/spilo-12:1.6-p3'"
#define PIN "'dockerImage':'ghcr.io/zalando/spilo-16:3.2-p3'"
#define CHOSEN "'dockerImage':'r/spilo-16:3.3-p3'"
#define TWO "'patroni':{'pg_hba':['hostssl all all 0.0.0.0/0 md5','host all all 0.0.0.0/0 md5']}"
#define GOOD "'patroni':{'pg_hba':['local all all trust','host replication standby all md5']}"
#define V12 "'postgresql':{'version':'12'}"
#define OLD_LOCALES "{'name':'USE_OLD_LOCALES','value':'true'}"
#define ENV "'env':[" OLD_LOCALES "]"

#define NINE                                                                                       \
    "['hostssl all all 0.0.0.0/0 md5','host all all 0.0.0.0/0 md5','local all all trust',"         \
    "'local replication postgres trust','hostssl replication postgres all md5',"                   \
    "'local   replication standby trust','hostssl replication standby all md5',"                   \
    "'hostssl all +zalandos all pam','hostssl all all all md5']"
#define ADD(path, value) "{'op':'add','path':'" path "','value':" value "}"
#define SET_RULES ADD("/spec/patroni/pg_hba", NINE)
#define SET_IMAGE ADD("/spec/dockerImage", "'ghcr.io/zalando/spilo-16:3.2-p3'")
#define SET_ENV ADD("/spec/env", "[" OLD_LOCALES "]")
#define ANNOTATE(parts) ADD("/metadata/annotations/harbor-pg-webhook~1patched", "'" parts "'")

#define PATCHED(parts) CHECKSUM ",'harbor-pg-webhook/patched':'" parts "'"
#define ASKED CHECKSUM ",'harbor-pg-webhook/repair':'true'"
#define LIVE "{'database':{'patchLiveClusters':true}}"

struct example {
    const char *policy;
    const char *object;
    const char *old; /* NULL: CREATE */
    const char *reason;
    const char *patch;
    const char *warnings;
};

static const struct example examples[] = {
    /* Harbor's or not. */
    {"{}", "{'metadata':{'name':'db'},'spec':{" OLD_IMAGE "}}", NULL, "not-harbor", "", ""},
    {"{}",
     "{'metadata':{'name':'postgresql-ns-','annotations':{'other':'1'}},"
     "'spec':{'teamId':'postgresql-ns'}}",
     NULL, "not-harbor", "", ""},
    {"{}", "{'metadata':{'name':'postgresql-other-hc'},'spec':{'teamId':'postgresql-ns'}}", NULL,
     "not-harbor", "", ""},
    {"{}",
     "{'metadata':{'name':'postgresql-ns-hc'},'spec':{'teamId':'postgresql-ns'," PIN "," GOOD
     "," ENV "}}",
     NULL, "custom-rules", "", ""},
    {"{}",
     "{'metadata':{'name':'db','ownerReferences':[{'kind':'HarborCluster','apiVersion':"
     "'goharbor.io/v1beta1','name':'hc'}]},'spec':{" PIN "," GOOD "," ENV "}}",
     NULL, "custom-rules", "", ""},
    {"{}", "{'metadata':{'name':'db'},'spec':{" PIN "," GOOD "}}", HARBOR(PIN "," GOOD),
     "custom-rules", "", ""},
    /* Nothing is decided. */
    {"{}", "{'metadata':{'name':'db','deletionTimestamp':'2026-11-22T00:00:00Z'},'spec':{}}", NULL,
     "not-concerned", "", ""},
    {"{}", "{'metadata':{'name':'db'}}", NULL, "not-concerned", "", ""},
    /* CREATE. */
    {"{}", HARBOR(OLD_IMAGE "," TWO "," V12), NULL, "repaired",
     "[" SET_RULES "," SET_IMAGE "," SET_ENV "," ANNOTATE("env,image,pg_hba") "]", ""},
    {"{}", "{'metadata':{'name':'postgresql-ns-hc'},'spec':{'teamId':'postgresql-ns'}}", NULL,
     "repaired",
     "[" ADD("/spec/patroni", "{'pg_hba':" NINE "}") "," SET_IMAGE "," SET_ENV "," ADD(
         "/metadata/annotations", "{'harbor-pg-webhook/patched':'env,image,pg_hba'}") "]",
     ""},
    {"{}", HARBOR("'dockerImage':'','patroni':{'pg_hba':[]},'env':null"), NULL, "repaired",
     "[" SET_RULES "," SET_IMAGE "," SET_ENV "," ANNOTATE("env,image,pg_hba") "]", ""},
    {"{}", RESOURCE(PATCHED("env,image,pg_hba"), PIN "," ENV ",'patroni':{'pg_hba':" NINE "}"),
     NULL, "already-right", "", ""},
    {"{}", HARBOR(PIN "," GOOD ",'env':[{'name':'A'}]"), NULL, "custom-rules",
     "[" ADD("/spec/env/-", OLD_LOCALES) "," ANNOTATE("env") "]", ""},
    {"{}", HARBOR(PIN "," GOOD ",'env':'odd'"), NULL, "custom-rules", "", ""},
    {"{'database':{'locales':'image'}}", HARBOR(OLD_IMAGE "," GOOD), NULL, "custom-rules",
     "[" SET_IMAGE "," ANNOTATE("image") "]", ""},
    {"{}", HARBOR(CHOSEN "," TWO), NULL, "image-chosen",
     "[" SET_RULES "," SET_ENV "," ANNOTATE("env,pg_hba") "]", ""},
    {"{}", HARBOR("'dockerImage':'r/spilo-14:2.1-p7'," TWO), NULL, "image-chosen",
     "[" SET_RULES "," ANNOTATE("pg_hba") "]", ""},
    {"{}", HARBOR(OLD_IMAGE ",'patroni':{'pg_hba':['local all all reject']}"), NULL,
     "rules-lock-out", "",
     "the rules and the image stay as they are, but under images from 2.0-p2 on "
     "spec.patroni.pg_hba locks Patroni out: rule 1 'local all all reject' refuses the local "
     "connection to database 'postgres' as user 'postgres'"},
    {"{}", HARBOR(OLD_IMAGE ",'patroni':{'pg_hba':'odd'}"), NULL, "rules-lock-out", "",
     "the rules and the image stay as they are, but under images from 2.0-p2 on "
     "spec.patroni.pg_hba locks Patroni out: spec.patroni.pg_hba is not a list of texts"},
    {"{}", HARBOR(OLD_IMAGE ",'patroni':{'pg_hba':[1]}"), NULL, "rules-lock-out", "",
     "the rules and the image stay as they are, but under images from 2.0-p2 on "
     "spec.patroni.pg_hba locks Patroni out: spec.patroni.pg_hba is not a list of texts"},
    {"{}", HARBOR(OLD_IMAGE ",'patroni':'odd'"), NULL, "rules-lock-out", "",
     "the rules and the image stay as they are, but under images from 2.0-p2 on "
     "spec.patroni.pg_hba locks Patroni out: spec.patroni.pg_hba is not a list of texts"},
    {"{}", HARBOR(OLD_IMAGE "," TWO ",'postgresql':{'version':'9.6'}"), NULL, "image-lacks-version",
     "[" SET_RULES "," ANNOTATE("pg_hba") "]",
     "the image stays: ghcr.io/zalando/spilo-16:3.2-p3 has no PostgreSQL 9, which the resource "
     "asks for"},
    {"{'database':{'postgresqlVersion':'16'}}", HARBOR(OLD_IMAGE "," GOOD "," ENV "," V12), NULL,
     "custom-rules",
     "[" SET_IMAGE "," ADD("/spec/postgresql/version", "'16'") "," ANNOTATE("image,version") "]",
     ""},
    {"{'database':{'postgresqlVersion':'16'}}", HARBOR(CHOSEN "," GOOD "," ENV "," V12), NULL,
     "custom-rules", "", ""},
    {"{'database':{'postgresqlVersion':'16'}}",
     HARBOR(PIN "," GOOD "," ENV ",'postgresql':{'version':'odd'}"), NULL, "custom-rules", "", ""},
    {"{}",
     "{'metadata':{'name':'postgresql-ns-hc','annotations':'odd'},'spec':{'teamId':"
     "'postgresql-ns'," OLD_IMAGE "," GOOD "," ENV "}}",
     NULL, "custom-rules", "[" SET_IMAGE "]", ""},
    {"{'database':{'pgHba':['local all all trust','local replication all trust']}}",
     HARBOR(PIN "," GOOD "," ENV), NULL, "custom-rules", "", ""},
    /* UPDATE: what Harbor's PUT would lose comes back. */
    {"{}", HARBOR(OLD_IMAGE "," TWO "," V12),
     RESOURCE(PATCHED("env,image,pg_hba"), PIN "," GOOD "," ENV ",'postgresql':{'version':'16'}"),
     "custom-rules",
     "[" ADD("/spec/patroni/pg_hba",
             "['local all all trust','host replication standby all "
             "md5']") "," SET_IMAGE "," ADD("/spec/postgresql/version",
                                            "'16'") "," SET_ENV
                                                    "," ANNOTATE("env,image,pg_hba,version") "]",
     ""},
    {"{}", HARBOR(OLD_IMAGE "," TWO ",'env':[{'name':'A'}]"), HARBOR(PIN "," TWO "," ENV),
     "repaired",
     "[" SET_RULES "," SET_IMAGE
     "," ADD("/spec/env/-", OLD_LOCALES) "," ANNOTATE("env,image,pg_hba") "]",
     ""},
    {"{}", RESOURCE(PATCHED("image, env"), OLD_IMAGE "," GOOD "," ENV ",'x':1"),
     HARBOR(PIN "," GOOD "," ENV), "custom-rules", "[" SET_IMAGE "," ANNOTATE("env,image") "]", ""},
    {"{}", RESOURCE(PATCHED("image"), OLD_IMAGE "," GOOD "," ENV ",'x':1"),
     HARBOR(PIN "," GOOD "," ENV), "custom-rules", "[" SET_IMAGE "]", ""},
    {"{}", HARBOR(CHOSEN "," GOOD ",'env':[{'name':'USE_OLD_LOCALES','value':'false'}]"),
     HARBOR(PIN "," GOOD "," ENV), "custom-rules", "", ""},
    {"{}", HARBOR(PIN "," GOOD ",'x':1"), RESOURCE(PATCHED("env"), PIN "," GOOD), "env-pruned", "",
     "spec.env lost USE_OLD_LOCALES: the CRD of postgres-operator before 1.8 prunes it; update the "
     "CRD (Helm never does) and, if the image is still Harbor's, repair again"},
    {"{}", HARBOR(CHOSEN "," GOOD), HARBOR(OLD_IMAGE "," GOOD), "custom-rules", "",
     "dockerImage moves a running database from Ubuntu 18.04 to 22.04, which corrupts text indexes "
     "unless spec.env has USE_OLD_LOCALES=true"},
    /* UPDATE: what lives with Harbor's defaults. */
    {"{}", HARBOR(OLD_IMAGE "," TWO ",'x':1"), HARBOR(OLD_IMAGE "," TWO), "live-untouched", "", ""},
    {"{}", HARBOR(CHOSEN "," TWO ",'x':1"), HARBOR(CHOSEN "," TWO), "rules-lock-out", "",
     "Harbor's rules lock Patroni out under this image; to repair: kubectl -n ns annotate "
     "postgresql postgresql-ns-hc harbor-pg-webhook/repair=true"},
    {"{}", HARBOR(CHOSEN ",'x':1"), HARBOR(CHOSEN), "image-chosen", "", ""},
    {"{'database':{'replaceImages':['*']}}", HARBOR(OLD_IMAGE "," TWO),
     HARBOR("'dockerImage':'r/spilo-15:3.0-p1'," GOOD), "custom-rules",
     "[" ADD("/spec/patroni/pg_hba", "['local all all trust','host replication standby all md5']") "," ADD(
         "/spec/dockerImage", "'r/spilo-15:3.0-p1'") "," ANNOTATE("image,pg_hba") "]",
     ""},
    {"{}", HARBOR(OLD_IMAGE "," GOOD), HARBOR("'dockerImage':{'a':1}," GOOD), "custom-rules", "",
     ""},
    {"{}", HARBOR(OLD_IMAGE ",'patroni':null"), HARBOR(OLD_IMAGE ",'patroni':'odd'"),
     "live-untouched", "", ""},
    {"{}", "{'metadata':null,'spec':{" PIN "," GOOD "}}", HARBOR(PIN "," GOOD "," ENV),
     "custom-rules", "[" SET_ENV "]", ""},
    {LIVE, RESOURCE(ASKED, OLD_IMAGE "," GOOD ",'postgresql':{'version':'9.6'}"),
     RESOURCE(ASKED, OLD_IMAGE "," GOOD ",'postgresql':{'version':'9.6'}"), "custom-rules", "", ""},
    {LIVE, HARBOR(OLD_IMAGE "," TWO), HARBOR(OLD_IMAGE "," TWO), "live-untouched", "", ""},
    {LIVE, HARBOR(OLD_IMAGE "," TWO ",'x':1"), HARBOR(OLD_IMAGE "," TWO), "live-untouched",
     "[" SET_RULES "," SET_ENV "," ANNOTATE("env,pg_hba") "]",
     "the image stays: USE_OLD_LOCALES=true has to be in the resource first; once that is right, "
     "take the annotation harbor-pg-webhook/repair off and set it again"},
    {"{}", RESOURCE(ASKED, OLD_IMAGE "," TWO "," ENV), HARBOR(OLD_IMAGE "," TWO "," ENV),
     "repaired", "[" SET_RULES "," SET_IMAGE "," ANNOTATE("image,pg_hba") "]", ""},
    {"{}", RESOURCE(ASKED, OLD_IMAGE "," TWO "," ENV), RESOURCE(ASKED, OLD_IMAGE "," TWO "," ENV),
     "live-untouched", "", ""},
    {"{}",
     RESOURCE(ASKED, OLD_IMAGE "," GOOD ",'env':[{'name':'USE_OLD_LOCALES','value':'false'}]"),
     HARBOR(OLD_IMAGE "," GOOD "," ENV), "custom-rules", "",
     "the image stays: USE_OLD_LOCALES=true has to be in the resource first; once that is right, "
     "take the annotation harbor-pg-webhook/repair off and set it again"},
    {"{}", RESOURCE(ASKED, GOOD), HARBOR(GOOD), "custom-rules", "",
     "the image stays: the Ubuntu under the running image is not known, so its collation is not "
     "either; once that is right, take the annotation harbor-pg-webhook/repair off and set it "
     "again"},
    {"{'database':{'image':'r/spilo-14:2.1-p7','replaceImages':['*:3.0-p1']}}",
     RESOURCE(ASKED, "'dockerImage':'r/spilo-15:3.0-p1'," GOOD),
     HARBOR("'dockerImage':'r/spilo-15:3.0-p1'," GOOD), "custom-rules", "",
     "the image stays: the pin has the collation of Ubuntu 18.04 and the data the newer one; once "
     "that is right, take the annotation harbor-pg-webhook/repair off and set it again"},
    {LIVE, HARBOR(OLD_IMAGE "," GOOD), HARBOR(OLD_IMAGE "," GOOD ",'env':[{'name':'A'}]"),
     "custom-rules", "[" ADD("/spec/env", "[{'name':'A'}," OLD_LOCALES "]") "," ANNOTATE("env") "]",
     "the image stays: USE_OLD_LOCALES=true has to be in the resource first; once that is right, "
     "take the annotation harbor-pg-webhook/repair off and set it again"},
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        const struct example *example = &examples[i];
        struct fixture fixture;
        fixture_open(&fixture, FIXTURE_POSTGRESQL, example->policy, NULL,
                     example->old ? OPERATION_UPDATE : OPERATION_CREATE, example->object,
                     example->old);
        autofree char *patch = fixture_patch(&fixture);
        autofree char *warnings = fixture_warnings(&fixture);
        print_message("example %zu: %s\n", i, example->object);
        assert_string_equal(fixture_reason(&fixture), example->reason);
        assert_string_equal(patch, example->patch);
        assert_string_equal(warnings, example->warnings);
        fixture_close(&fixture);
    }
}

static void test_other_requests_are_left_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_POSTGRESQL, "{}", NULL, OPERATION_DELETE, "null",
                 HARBOR(OLD_IMAGE));
    assert_string_equal(fixture_reason(&fixture), "not-concerned");
    fixture_close(&fixture);

    fixture_open(&fixture, FIXTURE_POSTGRESQL, "{}", NULL, OPERATION_CREATE, HARBOR(OLD_IMAGE),
                 NULL);
    decision_done(&fixture.decision);
    fixture.subject.sub_resource = STR("status");
    fixture_decide(&fixture, FIXTURE_POSTGRESQL, NULL);
    assert_string_equal(fixture_reason(&fixture), "not-concerned");
    fixture_close(&fixture);
}

static void test_too_many_rules_are_a_persons(void **state)
{
    (void)state;
    struct buf object = BUF(100000);
    buf_add_text(&object, "{'metadata':{'name':'postgresql-ns-hc'},'spec':{'teamId':"
                          "'postgresql-ns','patroni':{'pg_hba':['a'");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&object, ",'a'");
    buf_add_text(&object, "]}}}");
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_POSTGRESQL, "{}", NULL, OPERATION_CREATE, object.data, NULL);
    assert_string_equal(fixture_reason(&fixture), "rules-lock-out");
    fixture_close(&fixture);
    buf_clear(&object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_other_requests_are_left_alone),
        cmocka_unit_test(test_too_many_rules_are_a_persons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
