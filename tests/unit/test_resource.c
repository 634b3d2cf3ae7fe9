#include "patches/resource.h"

#include "tests/unit/fixture.h"

#define HARBORS "'hostssl all all 0.0.0.0/0 md5','host    all all 0.0.0.0/0 md5'"
#define NO_LIST "spec.patroni.pg_hba is not a list of texts"
#define NAMES(name, team) "{'metadata':{'name':'" name "'},'spec':{'teamId':'" team "'}}"
#define CHECKSUM(key) "{'metadata':{'annotations':{'" key "/h':'1'}}}"
#define OWNER(group, kind)                                                                         \
    "{'metadata':{'ownerReferences':[{'apiVersion':'" group "','kind':'" kind "','name':'h'}]}}"
#define CHECKSUM_WHY "it carries Harbor-operator's checksum annotation"
#define OWNER_WHY "a HarborCluster owns it"
#define NAMES_WHY "its name and its team are Harbor-operator's"

/* In namespace "ns". */
static const struct {
    const char *object;
    const char *old;
    const char *why; /* NULL: not Harbor's */
} owners[] = {
    {"{}", NULL, NULL},
    {CHECKSUM("other.harborcluster.checksum.goharbor.io"), NULL, NULL},
    {CHECKSUM("harborcluster.checksum.goharbor.io"), NULL, NULL},
    {OWNER("example.org/v1", "HarborCluster"), NULL, NULL},
    {OWNER("goharbor.io/v1beta1", "Harbor"), NULL, NULL},
    {NAMES("postgresql-ns", "postgresql-ns"), NULL, NULL},
    {NAMES("postgresql-ns-", "postgresql-ns"), NULL, NULL},
    {NAMES("postgresql-ns-h", "acid"), NULL, NULL},
    {NAMES("postgresql-other-h", "postgresql-other"), NULL, NULL},
    {NAMES("postgresql-nsx-h", "postgresql-ns"), NULL, NULL},
    {CHECKSUM("ns.harborcluster.checksum.goharbor.io"), NULL, CHECKSUM_WHY},
    {OWNER("goharbor.io/v1beta1", "HarborCluster"), NULL, OWNER_WHY},
    {NAMES("postgresql-ns-h", "postgresql-ns"), NULL, NAMES_WHY},
    {"{}", CHECKSUM("ns.harborcluster.checksum.goharbor.io"), CHECKSUM_WHY},
    {"{}", OWNER("goharbor.io/v1beta1", "HarborCluster"), OWNER_WHY},
};

static void whose_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++) {
        cleanup(fixture_close) struct fixture fixture;
        fixture_open(&fixture, FIXTURE_POSTGRESQL, "{}", NULL, OPERATION_UPDATE, owners[i].object,
                     owners[i].old);
        const char *why = "none";
        bool is_harbor = resource_is_harbor(&fixture.subject, &why);
        assert_string_equal(why, owners[i].why ? owners[i].why : "none");
        assert_int_equal(is_harbor, owners[i].why != NULL);
    }
}

static const struct {
    const char *pg_hba; /* of spec.patroni; NULL: no spec.patroni */
    enum rules_kind kind;
    const char *error; /* NULL: Patroni is let in */
} rules[] = {
    {"{'pg_hba':'local all all trust'}", RULES_CUSTOM, NO_LIST},
    {"{'pg_hba':[5]}", RULES_CUSTOM, NO_LIST},
    {"{'pg_hba':{}}", RULES_CUSTOM, NO_LIST},
    {"'x'", RULES_CUSTOM, NO_LIST},
    {"{'pg_hba':['local all all reject']}", RULES_CUSTOM,
     "rule 1 'local all all reject' refuses the local connection to database 'postgres' as user "
     "'postgres'"},
    {"{'pg_hba':[" HARBORS "]}", RULES_DEFAULT,
     "no rule lets in the local connection to database 'postgres' as user 'postgres'"},
    {"{'pg_hba':['local all all trust','local replication standby trust']}", RULES_CUSTOM, NULL},
    {"{'pg_hba':['local  all all peer', 'local replication all trust']}", RULES_REPAIRED, NULL},
    {NULL, RULES_DEFAULT, NULL},
    {"null", RULES_DEFAULT, NULL},
    {"{'pg_hba':null}", RULES_DEFAULT, NULL},
    {"{'pg_hba':[]}", RULES_DEFAULT, NULL},
};

#define POLICY                                                                                     \
    "{'database':{'image':'r/spilo-16:3.2-p3','pgHba':['local all all peer','local replication "   \
    "all trust']}}"

static void read_spec(struct fixture *fixture, const char *spec, struct resource *ret)
{
    autofree char *object = xasprintf("{'spec':%s}", spec);
    fixture_open(fixture, FIXTURE_POSTGRESQL, POLICY, NULL, OPERATION_CREATE, object, NULL);
    resource_read(fixture->policy, fixture->subject.object, ret);
}

static void rules_and_whether_they_work(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        cleanup(fixture_close) struct fixture fixture;
        struct resource resource;
        struct error err = {""};
        autofree char *spec = xasprintf("{%s%s}", rules[i].pg_hba ? "'patroni':" : "",
                                        rules[i].pg_hba ? rules[i].pg_hba : "");
        read_spec(&fixture, spec, &resource);
        assert_int_equal(resource.rules_kind, rules[i].kind);
        assert_int_equal(resource_rules_work(&resource, &err), !rules[i].error);
        assert_string_equal(err.text, rules[i].error ? rules[i].error : "");
    }
}

static const struct {
    const char *image;
    enum image_kind kind;
} images[] = {
    {"'registry/my-postgres:1'", IMAGE_CHOSEN},
    {"'spilo-12:1.6-p3'", IMAGE_CHOSEN},
    {"'r/spilo-12:1.6-p4'", IMAGE_CHOSEN},
    {"5", IMAGE_CHOSEN},
    {"null", IMAGE_DEFAULT},
    {"''", IMAGE_DEFAULT},
    {"'r/spilo-12:1.6-p3'", IMAGE_DEFAULT},
    {"'r/x/spilo-13:2.1-p1-arm'", IMAGE_DEFAULT},
    {"'r/spilo-12:v2.10.1'", IMAGE_DEFAULT},
    {"'r/spilo-16:3.2-p3'", IMAGE_PIN},
};

static void images_by_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++) {
        cleanup(fixture_close) struct fixture fixture;
        struct resource resource;
        autofree char *spec = xasprintf("{'dockerImage':%s}", images[i].image);
        read_spec(&fixture, spec, &resource);
        assert_int_equal(resource.image_kind, images[i].kind);
        struct str text = value_text(resource.image);
        assert_int_equal(resource_is_default_image(fixture.policy, text),
                         images[i].kind == IMAGE_DEFAULT && text.length);
    }
}

#define VARIABLE(value) "{'name':'USE_OLD_LOCALES'," value "}"

static const struct {
    const char *spec;
    unsigned version;
    bool env_empty;
    bool locales_old;
} specs[] = {
    {"null", 0, true, false},
    {"{'postgresql':{'version':'latest'},'env':'x'}", 0, false, false},
    {"{'postgresql':{'version':12},'env':{}}", 0, false, false},
    {"{'postgresql':{'version':'1000'},'env':null}", 0, true, false},
    {"{'postgresql':{'version':'9.6'},'env':[]}", 9, true, false},
    {"{'env':[" VARIABLE("'value':'TRUE'") "]}", 0, false, false},
    {"{'env':[" VARIABLE("'valueFrom':{}") "]}", 0, false, false},
    {"{'env':[" VARIABLE("'value':''") "," VARIABLE("'value':'true'") "]}", 0, false, false},
    {"{'postgresql':{'version':'12'},'env':[{'name':'A'}," VARIABLE("'value':'true'") "]}", 12,
     false, true},
};

static void version_and_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
        cleanup(fixture_close) struct fixture fixture;
        struct resource resource;
        read_spec(&fixture, specs[i].spec, &resource);
        assert_int_equal(resource.version, specs[i].version);
        assert_int_equal(resource_env_empty(&resource), specs[i].env_empty);
        assert_int_equal(resource_locales_old(&resource), specs[i].locales_old);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_it_is),
        cmocka_unit_test(rules_and_whether_they_work),
        cmocka_unit_test(images_by_kind),
        cmocka_unit_test(version_and_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
