#include "server/s3_explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOON 1795176000 /* 2026-11-20T12:00:00Z */

static struct s3_address address = {NULL, (char[]){"bucket.store.example"}, false, false, true};

static struct s3_situation situation(void)
{
    return (struct s3_situation){.bucket = "bucket",
                                 .region = "us-east-1",
                                 .address = &address,
                                 .permission = "s3:GetObject",
                                 .keys = "/keys",
                                 .now = NOON,
                                 .tries = 1};
}

struct refusal {
    long status;
    struct s3_fault fault;
    const char *text;
};

static const struct refusal refusals[] = {
    {403,
     {"AccessDenied", "no", "", 0},
     "access denied (403 AccessDenied: no); allow the keys from /keys s3:GetObject (policy of the "
     "user or role, of the bucket, of the KMS key), or use others"},
    {403,
     {"", "", "", 0},
     "access denied (403); allow the keys from /keys s3:GetObject (policy of the user or role, of "
     "the bucket, of the KMS key), or use others"},
    {403,
     {"AllAccessDisabled", "", "", 0},
     "everybody's access is disabled (403 AllAccessDisabled); the owner of the account has to "
     "enable it"},
    {403,
     {"InvalidAccessKeyId", "", "", 0},
     "the store does not know this access key (403 InvalidAccessKeyId); check /keys, and that "
     "--endpoint is the store that the keys are of"},
    {403,
     {"SignatureDoesNotMatch", "", "", 0},
     "the secret key is not that of the access key (403 SignatureDoesNotMatch); check /keys (a "
     "blank or line end too much?); a proxy that changes requests does this too"},
    {400,
     {"ExpiredToken", "", "", 0},
     "the session token is no longer valid (400 ExpiredToken); renew the keys in /keys"},
    {403,
     {"RequestTimeTooSkewed", "", "", NOON + 3600},
     "the clocks differ: here it is 2026-11-20T12:00:00Z, there 2026-11-20T13:00:00Z (403 "
     "RequestTimeTooSkewed); set the clock of this machine"},
    {400,
     {"AuthorizationHeaderMalformed", "", "eu-west-1", 0},
     "the bucket is in the region 'eu-west-1', not in 'us-east-1' (400 "
     "AuthorizationHeaderMalformed); --region eu-west-1"},
    {301,
     {"", "", "", 0},
     "the bucket is not in the region 'us-east-1' (301); give --region the bucket's own one (aws "
     "s3api get-bucket-location)"},
    {404,
     {"NoSuchBucket", "", "", 0},
     "there is no bucket 'bucket' at bucket.store.example (404 NoSuchBucket); check its name, "
     "--region and --endpoint; it may need --path-style"},
    {403,
     {"InvalidObjectState", "", "", 0},
     "it is in an archive storage class and cannot be read (403 InvalidObjectState); bring it back "
     "first (aws s3api restore-object)"},
    {503,
     {"", "", "", 0},
     "the store is overloaded (503); try again later, or with a lower --rate"},
    {500,
     {"InternalError", "", "", 0},
     "the store failed (500 InternalError); try again later; the store's own log says why"},
    {407,
     {"", "", "", 0},
     "the proxy wants a login (407); set https_proxy, or no_proxy for bucket.store.example"},
    {418,
     {"Teapot", "short\x1b[1m", "", 0},
     "the store refused (418 Teapot: short?[1m); look the code up in the store's own "
     "documentation"},
};

static void each_refusal_has_its_way_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        struct error err;
        struct s3_situation it = situation();
        it.status = refusals[i].status;
        it.fault = &refusals[i].fault;
        s3_explain_refusal(&it, &err);
        assert_string_equal(err.text, refusals[i].text);
    }
}

/* Stores that do not say so name the time in each answer. */
static void a_wrong_clock_is_seen_behind_other_words(void **state)
{
    (void)state;
    struct error err;
    struct s3_situation it = situation();
    it.status = 403;
    it.fault = &(struct s3_fault){.code = "AccessDenied"};
    it.date = NOON - 901;
    s3_explain_refusal(&it, &err);
    assert_string_equal(err.text, "the clocks differ: here it is 2026-11-20T12:00:00Z, there "
                                  "2026-11-20T11:44:59Z (403 AccessDenied); set the clock of this "
                                  "machine");
    it.date = NOON - 900;
    s3_explain_refusal(&it, &err);
    assert_ptr_equal(strstr(err.text, "access denied"), err.text);
}

static void the_region_may_stand_in_a_header(void **state)
{
    (void)state;
    struct error err;
    struct s3_situation it = situation();
    it.status = 301;
    it.fault = &(struct s3_fault){.code = "PermanentRedirect"};
    it.region_header = "eu-west-1";
    s3_explain_refusal(&it, &err);
    assert_string_equal(err.text, "the bucket is in the region 'eu-west-1', not in 'us-east-1' "
                                  "(301 PermanentRedirect); --region eu-west-1");
}

/* A header is any bytes; and what is told is pasted into a shell. */
static void a_region_that_is_none_is_not_told(void **state)
{
    (void)state;
    static const char *const regions[] = {"", "\033[2J", "x; rm -rf y", "eu-west-1\xc2\x9b"};
    for (size_t i = 0; i < sizeof(regions) / sizeof(*regions); i++) {
        struct error err;
        struct s3_situation it = situation();
        struct s3_fault fault = {.code = "PermanentRedirect"};
        it.status = 301;
        it.fault = &fault;
        it.region_header = regions[i];
        snprintf(fault.region, sizeof(fault.region), "%s", regions[i]);
        s3_explain_refusal(&it, &err);
        assert_string_equal(err.text,
                            "the bucket is not in the region 'us-east-1' (301 PermanentRedirect); "
                            "give --region the bucket's own one (aws s3api get-bucket-location)");
    }
}

static void how_often_and_how_long_is_told(void **state)
{
    (void)state;
    struct error err;
    struct s3_situation it = situation();
    it.status = 503;
    it.fault = &(struct s3_fault){.code = "SlowDown"};
    it.tries = 8;
    it.asked = 30;
    s3_explain_refusal(&it, &err);
    assert_string_equal(err.text, "the store is overloaded (503 SlowDown; it asks to wait for 30 "
                                  "s), after 8 tries; try again later, or with a lower --rate");
}

static void each_silence_has_its_way_out(void **state)
{
    (void)state;
    static const struct {
        enum transfer_status status;
        const char *text;
    } cases[] = {
        {TRANSFER_NO_NAME,
         "the name of bucket.store.example is not known (detail); check --endpoint, --region and "
         "the name server; it may need --path-style"},
        {TRANSFER_NO_CONNECT,
         "no connection to bucket.store.example (detail); check --endpoint, and that a network "
         "policy, firewall or proxy lets it pass"},
        {TRANSFER_UNTRUSTED,
         "the certificate of bucket.store.example is not trusted (detail); give --ca FILE with the "
         "authority that it is from; it may need --path-style"},
        {TRANSFER_TIMEOUT,
         "bucket.store.example does not answer in time (detail); check --endpoint, and that a "
         "network policy, firewall or proxy lets it pass"},
        {TRANSFER_BROKEN, "the connection to bucket.store.example broke (detail); look at what is "
                          "between, then try again"},
        {TRANSFER_CANCELLED, "stopped"},
        {TRANSFER_TOO_LARGE,
         "no answer from bucket.store.example (detail); check --endpoint and --ca"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err;
        struct s3_situation it = situation();
        s3_explain_silence(&it, cases[i].status, "said", "detail", &err);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void without_details_what_was_said_is_told(void **state)
{
    (void)state;
    struct error err;
    struct s3_situation it = situation();
    s3_explain_silence(&it, TRANSFER_FAILED, "said", "", &err);
    assert_string_equal(err.text,
                        "no answer from bucket.store.example (said); check --endpoint and --ca");
}

static void what_is_no_answer_of_s3_is_told(void **state)
{
    (void)state;
    struct error err;
    struct s3_situation it = situation();
    it.tries = 3;
    s3_explain_garbage(&it, "is 'html'", &err);
    assert_string_equal(err.text, "bucket.store.example does not answer as S3 does (is 'html'), "
                                  "after 3 tries; check --endpoint, and whether a proxy answers "
                                  "instead; it may need --path-style");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_has_its_way_out),
        cmocka_unit_test(a_wrong_clock_is_seen_behind_other_words),
        cmocka_unit_test(the_region_may_stand_in_a_header),
        cmocka_unit_test(a_region_that_is_none_is_not_told),
        cmocka_unit_test(how_often_and_how_long_is_told),
        cmocka_unit_test(each_silence_has_its_way_out),
        cmocka_unit_test(without_details_what_was_said_is_told),
        cmocka_unit_test(what_is_no_answer_of_s3_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
