#include "server/review.h"

#include "tests/unit/fixture.h"

#define REVIEW(request)                                                                            \
    "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{" request "}}"
#define POD "'uid':'u-1','kind':{'group':'','version':'v1','kind':'Pod'},'namespace':'ns'"
#define VERSION_EXPECTED ", expected admission.k8s.io/v1 or admission.k8s.io/v1beta1"
#define OPERATION_EXPECTED ", expected CREATE, UPDATE, DELETE or CONNECT"

/* A review with the texts that it borrows from. */
struct opened {
    char *text;
    struct doc *doc;
    struct review review;
    struct error err;
};

static bool decode(struct opened *opened, const char *text)
{
    *opened = (struct opened){.text = fixture_json(text)};
    if (!doc_read(str_of(opened->text), 64, &opened->doc, &opened->err))
        fail_msg("%s in %s", opened->err.text, text);
    return review_decode(opened->doc, FIXTURE_NOW, &opened->review, &opened->err);
}

static void opened_done(struct opened *opened)
{
    doc_free(opened->doc);
    free(opened->text);
}

static void what_is_missing_or_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"[]", "kind is '', expected AdmissionReview"},
        {"{}", "kind is '', expected AdmissionReview"},
        {"{'kind':1}", "kind is '', expected AdmissionReview"},
        {"{'kind':'Pod'}", "kind is 'Pod', expected AdmissionReview"},
        {"{'kind':'AdmissionReview'}", "apiVersion is ''" VERSION_EXPECTED},
        {"{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v2'}",
         "apiVersion is 'admission.k8s.io/v2'" VERSION_EXPECTED},
        {"{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1'}", "request is missing"},
        {"{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1beta1','request':[]}",
         "request is missing"},
        {REVIEW(""), "request.uid is missing"},
        {REVIEW("'uid':''"), "request.uid is missing"},
        {REVIEW("'uid':7"), "request.uid is missing"},
        {REVIEW("'uid':'u'"), "request.kind is missing"},
        {REVIEW("'uid':'u','kind':'Pod'"), "request.kind is missing"},
        {REVIEW("'uid':'u','kind':{'kind':'Pod'}"), "request.namespace is missing"},
        {REVIEW(POD), "request.operation is ''" OPERATION_EXPECTED},
        {REVIEW(POD ",'operation':'create'"), "request.operation is 'create'" OPERATION_EXPECTED},
        {REVIEW(POD ",'operation':'CREATE'"), "request.object is missing"},
        {REVIEW(POD ",'operation':'CREATE','object':null"), "request.object is missing"},
        {REVIEW(POD ",'operation':'UPDATE','oldObject':{}"), "request.object is missing"},
        {REVIEW(POD ",'operation':'UPDATE','object':{}"), "request.oldObject is missing"},
        {REVIEW(POD ",'operation':'UPDATE','object':{},'oldObject':[]"),
         "request.oldObject is missing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct opened opened;
        assert_false(decode(&opened, cases[i].text));
        assert_string_equal(opened.err.text, cases[i].expected);
        assert_null(opened.review.kind.data);
        opened_done(&opened);
    }
}

static void an_object_is_not_needed_to_delete_or_connect(void **state)
{
    (void)state;
    struct opened opened;
    assert_true(decode(&opened, REVIEW(POD ",'operation':'DELETE','oldObject':{}")));
    assert_int_equal(opened.review.subject.operation, OPERATION_DELETE);
    opened_done(&opened);
    assert_true(decode(&opened, REVIEW(POD ",'operation':'CONNECT'")));
    assert_int_equal(opened.review.subject.operation, OPERATION_CONNECT);
    opened_done(&opened);
}

static void a_review_is_taken_apart(void **state)
{
    (void)state;
    struct opened opened;
    assert_true(decode(&opened, REVIEW("'uid':'u-1','kind':{'group':'acid.zalan.do','kind':"
                                       "'postgresql'},'namespace':'ns','name':'db','subResource':"
                                       "'status','operation':'UPDATE','dryRun':true,"
                                       "'object':{'a':1},'oldObject':{}")));
    const struct review *review = &opened.review;
    const struct subject *subject = &review->subject;
    assert_true(str_is(review->api_version, "admission.k8s.io/v1"));
    assert_true(str_is(value_text(review->uid), "u-1"));
    assert_true(str_is(review->group, "acid.zalan.do"));
    assert_true(str_is(review->kind, "postgresql"));
    assert_true(str_is(review->operation, "UPDATE"));
    assert_true(review->dry_run);
    assert_int_equal(subject->operation, OPERATION_UPDATE);
    assert_true(str_is(subject->namespace, "ns"));
    assert_true(str_is(subject->name, "db"));
    assert_true(str_is(subject->sub_resource, "status"));
    assert_int_equal(value_count(subject->object), 1);
    assert_int_equal(value_type(subject->old_object), VALUE_OBJECT);
    assert_int_equal(subject->now, FIXTURE_NOW);
    opened_done(&opened);
}

/* The answer, with single quotes, to a review with this uid. */
static void answers(const char *review, const struct decision *decision, const char *expected)
{
    struct opened opened;
    struct buf reply = BUF(4096);
    assert_true(decode(&opened, review));
    review_encode(&opened.review, decision, &reply);
    autofree char *json = fixture_json(expected);
    assert_string_equal(reply.data, json);
    buf_clear(&reply);
    opened_done(&opened);
}

#define DELETION REVIEW(POD ",'operation':'DELETE'")
#define ANSWER "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','response':{'uid':"

static void a_denial_is_answered_without_its_patch(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    decision_warn(&decision, REASON_CUSTOM_RULES, "look");
    decision_deny(&decision, REASON_INVALID_CONFIG, "no \"way\"");
    buf_add_text(&decision.patch, "[]");
    answers(DELETION, &decision,
            ANSWER "'u-1','allowed':false,'status':{'message':'no \\'way\\'','reason':'Forbidden',"
                   "'code':403},'warnings':['look'],"
                   "'auditAnnotations':{'decision':'denied','reason':'invalid-config'}}}");
    decision_done(&decision);
}

static void what_is_untouched_is_allowed_without_a_patch(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    decision_note(&decision, REASON_NOT_HARBOR);
    answers(DELETION, &decision,
            ANSWER "'u-1','allowed':true,"
                   "'auditAnnotations':{'decision':'untouched','reason':'not-harbor'}}}");
    decision_done(&decision);
}

static void the_uid_and_the_version_come_back_as_they_were(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    decision_note(&decision, REASON_NOT_HARBOR);
    answers("{'kind':'AdmissionReview','apiVersion':'admission.k8s.io\\/v1beta1','request':{"
            "'uid':'\\u0061\\/','kind':{'kind':'Pod'},'namespace':'n','operation':'CONNECT'}}",
            &decision,
            "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1beta1','response':{"
            "'uid':'\\u0061\\/','allowed':true,"
            "'auditAnnotations':{'decision':'untouched','reason':'not-harbor'}}}");
    decision_done(&decision);
}

static void a_change_is_answered_with_all_there_is(void **state)
{
    (void)state;
    struct decision decision;
    decision_init(&decision, NULL);
    decision.state = STATE_RESTORE;
    decision.profile = STR("dr");
    decision_note(&decision, REASON_RESTORE);
    decision_warn(&decision, REASON_RESTORE, "one");
    decision_warn(&decision, REASON_RESTORE, "two");
    buf_add_text(&decision.patch, "[1]");
    buf_add_text(&decision.image, "r/spilo-16:3.2-p3");
    answers(DELETION, &decision,
            ANSWER "'u-1','allowed':true,'patchType':'JSONPatch','patch':'WzFd',"
                   "'warnings':['one','two'],'auditAnnotations':{'decision':'restore',"
                   "'reason':'restore','profile':'dr','image':'r/spilo-16:3.2-p3'}}}");
    decision_done(&decision);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_or_wrong_is_named),
        cmocka_unit_test(an_object_is_not_needed_to_delete_or_connect),
        cmocka_unit_test(a_review_is_taken_apart),
        cmocka_unit_test(a_denial_is_answered_without_its_patch),
        cmocka_unit_test(what_is_untouched_is_allowed_without_a_patch),
        cmocka_unit_test(the_uid_and_the_version_come_back_as_they_were),
        cmocka_unit_test(a_change_is_answered_with_all_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
