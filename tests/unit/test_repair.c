#include "patches/repair.h"

#include "tests/unit/fixture.h"

#define OLD_SPILO "'dockerImage':'r/spilo-12:1.6-p3'"
#define LOCKED "'patroni':{'pg_hba':['local all all reject']}"
#define RULES "'patroni':{'pg_hba':['local all all trust','local replication all trust']}"
#define VERSION(number) "'postgresql':{'version':'" number "'}"
#define VARIABLE "{'name':'USE_OLD_LOCALES','value':'true'}"
#define LIFT "{'database':{'postgresqlVersion':15}}"
#define LIVE "{'database':{'patchLiveClusters':true}}"
#define ASKED "'metadata':{'annotations':{'harbor-pg-webhook/repair':'true'}}"

static void gather(struct fixture *fixture, const char *policy, const char *object, const char *old,
                   struct repair_facts *ret)
{
    fixture_open(fixture, FIXTURE_POSTGRESQL, policy, NULL,
                 old ? OPERATION_UPDATE : OPERATION_CREATE, object, old);
    repair_gather(fixture->policy, &fixture->subject, ret);
}

/* A plan as a letter a field (rules, image, version, env_list, env_locales): '-' keeps it, 'o'
 * takes it from oldObject, 'p' from the policy. */
static const struct {
    const char *policy;
    const char *object;
    const char *old; /* NULL: CREATE */
    const char *plan;
} plans[] = {
    /* what is left alone */
    {LIVE, "{'spec':{}}", "{'spec':{}}", "-----"},
    {LIFT, "{'spec':{" LOCKED "," OLD_SPILO "," VERSION("12") "}}", NULL, "-----"},
    {"{}", "{'spec':{" RULES ",'dockerImage':'r/pg:1','env':[" VARIABLE "]}}", NULL, "-----"},
    {"{}", "{'spec':{" OLD_SPILO ",'x':1}}", "{'spec':{" OLD_SPILO "}}", "-----"},
    {"{}", "{'spec':{'env':'x'}}", NULL, "pp---"},
    {"{'database':{'locales':'image'}}", "{'spec':{}}", NULL, "pp---"},
    {"{}", "{'spec':{" OLD_SPILO "," VERSION("9.6") "}}", NULL, "p----"},
    /* a creation */
    {"{}", "{'spec':{'env':[" VARIABLE "]}}", NULL, "pp---"},
    {"{}", "{'spec':{" OLD_SPILO "," VERSION("12") "}}", NULL, "pp--p"},
    {LIFT, "{'spec':{" VERSION("13") "}}", NULL, "pp--p"},
    {LIFT, "{'spec':{" VERSION("12") "}}", NULL, "ppp-p"},
    {"{}", "{'spec':{'dockerImage':'r/pg:1'}}", NULL, "p---p"},
    /* an update that would lose what is stored */
    {"{}", "{'spec':{" OLD_SPILO "," VERSION("12") "}}",
     "{'spec':{" RULES ",'dockerImage':'r/pg:1'," VERSION("13") ",'env':[{'name':'A'}]}}", "oooo-"},
    {"{}", "{'spec':{" RULES "}}", "{'spec':{'env':[" VARIABLE "]}}", "---o-"},
    {"{}", "{'spec':{" RULES ",'env':[{'name':'A'}]}}", "{'spec':{'env':[" VARIABLE "]}}", "----o"},
    {"{}", "{'spec':{" OLD_SPILO "}}", "{'spec':{'dockerImage':'r/pg:1'}}", "po---"},
    {"{}", "{'spec':{" OLD_SPILO "}}", "{'spec':{'dockerImage':'q/spilo-12:1.6-p3'}}", "-o---"},
    /* a repair of what lives: the variable first, then the image */
    {LIVE, "{'spec':{" OLD_SPILO ",'x':1}}", "{'spec':{" OLD_SPILO "}}", "p---p"},
    {"{}", "{" ASKED ",'spec':{" OLD_SPILO "}}", "{'spec':{" OLD_SPILO "}}", "p---p"},
    {"{}", "{" ASKED ",'spec':{" OLD_SPILO ",'env':[" VARIABLE "]}}",
     "{'spec':{" OLD_SPILO ",'env':[" VARIABLE "]}}", "pp---"},
    {"{}", "{" ASKED ",'spec':{}}", "{" ASKED ",'spec':{}}", "-----"},
};

static void plans_field_by_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
        cleanup(fixture_close) struct fixture fixture;
        struct repair_facts facts;
        gather(&fixture, plans[i].policy, plans[i].object, plans[i].old, &facts);
        const struct repair_plan plan = repair_plan_make(&facts);
        const char letter[] = "-op";
        const char text[] = {letter[plan.rules],    letter[plan.image],       letter[plan.version],
                             letter[plan.env_list], letter[plan.env_locales], '\0'};
        if (strcmp(text, plans[i].plan) != 0)
            fail_msg("%s: %s, expected %s", plans[i].object, text, plans[i].plan);
    }
}

static void gather_tells_frozen_from_asked(void **state)
{
    (void)state;
    const struct {
        const char *object;
        const char *old;
        bool update, frozen, repair_live;
    } rows[] = {
        {"{" ASKED "}", NULL, false, false, false},
        {"{'spec':{'a':1}}", "{'spec':{'a':1}}", true, true, false},
        {"{" ASKED ",'spec':{}}", "{" ASKED ",'spec':{}}", true, true, true},
        {"{" ASKED ",'spec':{}}", "{'spec':{}}", true, false, true},
        {"{'spec':{'a':2}}", "{'spec':{'a':1}}", true, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup(fixture_close) struct fixture fixture;
        struct repair_facts facts;
        gather(&fixture, "{}", rows[i].object, rows[i].old, &facts);
        assert_int_equal(facts.update, rows[i].update);
        assert_int_equal(facts.frozen, rows[i].frozen);
        assert_int_equal(facts.repair_live, rows[i].repair_live);
    }
}

static void the_result_under_each_action(void **state)
{
    (void)state;
    const struct {
        enum repair_action action;
        enum rules_kind rules;
        const char *error;
        enum image_kind kind;
        const char *image;
    } rows[] = {
        {REPAIR_KEEP, RULES_CUSTOM,
         "rule 1 'local all all reject' refuses the local connection to database 'postgres' as "
         "user 'postgres'",
         IMAGE_DEFAULT, "r/spilo-12:1.6-p3"},
        {REPAIR_FROM_OLD, RULES_DEFAULT, "", IMAGE_CHOSEN, "r/pg:1"},
        {REPAIR_FROM_POLICY, RULES_REPAIRED, "", IMAGE_PIN, "ghcr.io/zalando/spilo-16:3.2-p3"},
    };
    cleanup(fixture_close) struct fixture fixture;
    struct repair_facts facts;
    gather(&fixture, "{}", "{'spec':{" LOCKED "," OLD_SPILO "}}",
           "{'spec':{'dockerImage':'r/pg:1'}}", &facts);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct repair_plan plan = {.rules = rows[i].action, .image = rows[i].action};
        struct error err = {""};
        assert_int_equal(repair_result_rules_work(&facts, &plan, &err), !*rows[i].error);
        assert_string_equal(err.text, rows[i].error);
        assert_int_equal(repair_result_rules(&facts, &plan), rows[i].rules);
        assert_int_equal(repair_result_image_kind(&facts, &plan), rows[i].kind);
        assert_true(str_is(repair_result_image(&facts, &plan), rows[i].image));
    }
}

static void the_version_and_whether_the_pin_has_it(void **state)
{
    (void)state;
    const struct {
        const char *policy;
        const char *object;
        const char *old;
        unsigned wanted;
        bool carried;
    } rows[] = {
        {"{}", "{'spec':{" VERSION("9.6") "}}", NULL, 9, false},
        {"{}", "{'spec':{" VERSION("12") "}}", "{'spec':{" VERSION("17") "}}", 17, false},
        {LIFT, "{'spec':{" VERSION("12") "}}", "{'spec':{" VERSION("12") "}}", 12, true},
        {LIFT, "{'spec':{" VERSION("13") "}}", NULL, 13, true},
        {LIFT, "{'spec':{" VERSION("12") "}}", NULL, 15, true},
        {"{}", "{}", NULL, 0, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup(fixture_close) struct fixture fixture;
        struct repair_facts facts;
        gather(&fixture, rows[i].policy, rows[i].object, rows[i].old, &facts);
        assert_int_equal(repair_wanted_version(&facts), rows[i].wanted);
        assert_int_equal(repair_pin_carries(&facts), rows[i].carried);
    }
}

#define VARIABLE_FIRST "USE_OLD_LOCALES=true has to be in the resource first"
#define NEW_SPILO "'dockerImage':'r/spilo-15:3.0-p1'"

static void what_keeps_a_live_image(void **state)
{
    (void)state;
    const struct {
        const char *policy;
        const char *object;
        const char *old;
        const char *obstacle;
    } rows[] = {
        {"{}", "{}", "{'spec':{'dockerImage':'r/pg:1'}}",
         "the Ubuntu under the running image is not known, so its collation is not either"},
        {"{}", "{}", "{'spec':{" OLD_SPILO "}}", VARIABLE_FIRST},
        {"{}", "{'spec':{'env':[{'name':'USE_OLD_LOCALES','value':''}]}}",
         "{'spec':{" OLD_SPILO ",'env':[" VARIABLE "]}}", VARIABLE_FIRST},
        {"{'database':{'image':'r/spilo-12:1.6-p3'}}", "{}", "{'spec':{" NEW_SPILO "}}",
         "the pin has the collation of Ubuntu 18.04 and the data the newer one"},
        {"{}", "{}", "{'spec':{" OLD_SPILO ",'env':[" VARIABLE "]}}", NULL},
        {"{}", "{}", "{'spec':{" NEW_SPILO "}}", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup(fixture_close) struct fixture fixture;
        struct repair_facts facts;
        gather(&fixture, rows[i].policy, rows[i].object, rows[i].old, &facts);
        const char *obstacle = repair_live_move_obstacle(&facts);
        assert_string_equal(obstacle ? obstacle : "none",
                            rows[i].obstacle ? rows[i].obstacle : "none");
    }
}

static void rules_matter_from_2_0_p2_on(void **state)
{
    (void)state;
    assert_false(repair_rules_matter(STR("r/spilo-12:1.6-p3")));
    assert_false(repair_rules_matter(STR("r/spilo-13:2.0-p1")));
    assert_true(repair_rules_matter(STR("r/spilo-13:2.0-p2")));
    assert_true(repair_rules_matter(STR("r/pg:1")));
    assert_true(repair_rules_matter(STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_field_by_field),
        cmocka_unit_test(gather_tells_frozen_from_asked),
        cmocka_unit_test(the_result_under_each_action),
        cmocka_unit_test(the_version_and_whether_the_pin_has_it),
        cmocka_unit_test(what_keeps_a_live_image),
        cmocka_unit_test(rules_matter_from_2_0_p2_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
