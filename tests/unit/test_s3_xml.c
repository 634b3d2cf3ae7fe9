#include "server/s3_xml.h"

#include "base/mem.h"
#include "certs/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LIST(content)                                                                              \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\""                       \
    "http://s3.amazonaws.com/doc/2006-03-01/\">" content "</ListBucketResult>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define OBJECT "<Contents><Key>k</Key><Size>1</Size></Contents>"

static void expect_no_page(struct str xml, const char *text)
{
    struct error err = {""};
    struct s3_page page;
    assert_false(s3_xml_page(xml, &page, &err));
    assert_string_equal(err.text, text);
    s3_page_done(&page);
}

static void what_is_no_page_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *text;
    } cases[] = {
        {"", "is not XML: line 1: no element found"},
        {"it works", "is not XML: line 1: syntax error"},
        {"<a>\n</b>", "is not XML: line 2: mismatched tag"},
        {"<ListBucketResult>", "is not XML: line 1: no element found"},
        {LIST(OBJECT) "<more/>", "is not XML: line 2: junk after document element"},
        {"<html/>", "is 'html', expected 'ListBucketResult'"},
        {"<Error><Code>x</Code></Error>", "is 'Error', expected 'ListBucketResult'"},
        {"<!DOCTYPE a [<!ENTITY b \"c\">]><ListBucketResult/>",
         "has a document type, expected none"},
        {LIST("&b;"), "is not XML: line 2: undefined entity"},
        {LIST("<Contents><Size>1</Size></Contents>"), "has an object without key"},
        {LIST("<Contents><Key>k</Key></Contents>"), "has an object without size"},
        {LIST(OBJECT "<Contents><Key>k</Key></Contents>"), "has an object without size"},
        {LIST("<Contents><Key>k</Key><Size>-1</Size></Contents>"),
         "'-1' is not the size of an object"},
        {LIST("<CommonPrefixes/>"), "has an object without key"},
        {LIST("<IsTruncated>True</IsTruncated>"),
         "'True' is not whether there are more objects, expected 'true' or 'false'"},
        {LIST(OBJECT), "does not say whether there are more objects"},
        {LIST("<EncodingType>gzip</EncodingType>"), "has keys encoded as 'gzip', expected 'url'"},
        {"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "is deeper than any answer of S3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        expect_no_page(str_of(cases[i].xml), cases[i].text);
}

static void a_page_is_bounded(void **state)
{
    (void)state;
    struct buf xml = BUF(16u << 20);
    buf_add_text(&xml, "<ListBucketResult>");
    for (unsigned i = 0; i <= S3_XML_PAGE_KEYS; i++)
        buf_add_text(&xml, OBJECT);
    buf_add_text(&xml, "</ListBucketResult>");
    expect_no_page(buf_str(&xml), "has more than 1000 objects");
    buf_clear(&xml);

    autofree char *blanks = xmalloc(S3_XML_PAGE_MAX + 1);
    memset(blanks, ' ', S3_XML_PAGE_MAX + 1);
    expect_no_page((struct str){blanks, S3_XML_PAGE_MAX + 1}, "is larger than 8388608 bytes");
    buf_addf(&xml, "<ListBucketResult><Name>%.17000s</Name></ListBucketResult>", blanks);
    expect_no_page(buf_str(&xml), "'Name' is longer than 16384 bytes");
    buf_clear(&xml);

    autofree char *name = xstrndup(blanks, 300);
    memset(name, 'a', 300);
    buf_addf(&xml, "<%s/>", name);
    expect_no_page(buf_str(&xml), "is deeper than any answer of S3");
    buf_clear(&xml);
}

/* Whoever keeps keys keeps no more than S3's longest; and what is kept as text ends at a NUL. */
static void a_key_is_one_of_s3(void **state)
{
    (void)state;
    struct error err = {""};
    struct s3_page page;
    cleanup(buf_clear) struct buf xml = BUF(64u << 10);
    buf_addf(&xml, LIST("<Contents><Key>%01024d</Key><Size>1</Size></Contents>" LAST), 1);
    assert_true(s3_xml_page(buf_str(&xml), &page, &err));
    s3_page_done(&page);
    buf_clear(&xml);
    buf_addf(&xml, LIST("<Contents><Key>%01025d</Key><Size>1</Size></Contents>" LAST), 1);
    expect_no_page(buf_str(&xml), "has a key of 1025 bytes, expected at most 1024");
    expect_no_page(STR(LIST("<EncodingType>url</EncodingType>"
                            "<CommonPrefixes><Prefix>a%00b/</Prefix></CommonPrefixes>" LAST)),
                   "has a key with a NUL in it");
}

static void expect_row(const struct s3_page *page, size_t index, const char *key, uint64_t size,
                       int64_t modified, bool folder)
{
    const struct s3_row *row = &page->rows[index];
    struct str found = {page->keys.data + row->key, row->key_length};
    assert_true(str_is(found, key));
    assert_int_equal(row->size, size);
    assert_int_equal(row->modified, modified);
    assert_int_equal(row->folder, folder);
}

static void a_page_is_read(void **state)
{
    (void)state;
    struct error err = {""};
    struct s3_page page;
    struct str xml =
        STR(LIST("<Name>b</Name><Prefix>p</Prefix><IsTruncated>true</IsTruncated>\n"
                 "<Contents><Key>a%20b</Key><LastModified>2026-11-20T02:00:00.000Z</LastModified>"
                 "<ETag>&quot;x&quot;</ETag><Size>18446744073709551615</Size>"
                 "<Owner><ID>Key</ID></Owner></Contents>\n"
                 "<Contents><Size>0</Size><LastModified>yesterday</LastModified>"
                 "<Key>&lt;&#228;&gt;+</Key></Contents>"
                 "<CommonPrefixes><Prefix>f/</Prefix></CommonPrefixes>"
                 "<NextContinuationToken>t+/=</NextContinuationToken>"));
    assert_true(s3_xml_page(xml, &page, &err));
    assert_int_equal(page.count, 3);
    expect_row(&page, 0, "a%20b", UINT64_MAX, 1795140000, false);
    expect_row(&page, 1, "<\xc3\xa4>+", 0, 0, false);
    expect_row(&page, 2, "f/", 0, 0, true);
    assert_true(page.truncated);
    assert_string_equal(page.next, "t+/=");
    s3_page_done(&page);
}

static void encoded_keys_are_decoded(void **state)
{
    (void)state;
    struct error err = {""};
    struct s3_page page;
    struct str xml = STR(LIST("<Contents><Key>a%20b+c%2Bd%2fe</Key><Size>1</Size></Contents>"
                              "<Contents><Key>%</Key><Size>1</Size></Contents>"
                              "<Contents><Key>%4x%4</Key><Size>1</Size></Contents>"
                              "<EncodingType>url</EncodingType>" LAST));
    assert_true(s3_xml_page(xml, &page, &err));
    expect_row(&page, 0, "a b c+d/e", 1, 0, false);
    expect_row(&page, 1, "%", 1, 0, false);
    expect_row(&page, 2, "%4x%4", 1, 0, false);
    assert_false(page.truncated);
    assert_null(page.next);
    s3_page_done(&page);
}

static void what_is_no_fault_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "<html/>",
                                        "<Error/>",
                                        "<Error><Code/></Error>",
                                        "<Error><Code>x</Code>",
                                        "<a><Error><Code>x</Code></Error></a>"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct s3_fault fault;
        assert_false(s3_xml_fault(str_of(texts[i]), &fault));
        assert_string_equal(fault.code, "");
        assert_string_equal(fault.message, "");
    }
}

static void a_fault_is_read(void **state)
{
    (void)state;
    struct s3_fault fault;
    struct str xml = STR("<Error><Code>RequestTimeTooSkewed</Code><Message>a\nb</Message>"
                         "<Region>eu-central-1</Region><Endpoint>e</Endpoint>"
                         "<ServerTime>2026-11-20T02:00:00Z</ServerTime></Error>");
    assert_true(s3_xml_fault(xml, &fault));
    assert_string_equal(fault.code, "RequestTimeTooSkewed");
    assert_string_equal(fault.message, "a b");
    assert_string_equal(fault.region, "eu-central-1");
    assert_int_equal(fault.server_time, 1795140000);
}

static void a_fault_of_sts_is_read_and_cut(void **state)
{
    (void)state;
    struct s3_fault fault;
    struct buf xml = BUF(1000);
    buf_addf(&xml, "<ErrorResponse><Error><Code>%0100d</Code></Error></ErrorResponse>", 7);
    assert_true(s3_xml_fault(buf_str(&xml), &fault));
    assert_int_equal(strlen(fault.code), sizeof(fault.code) - 1);
    assert_int_equal(fault.server_time, 0);
    buf_clear(&xml);
}

#define SESSION(keys)                                                                              \
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"      \
    "<AssumeRoleWithWebIdentityResult><Credentials>" keys                                          \
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
#define SESSION_KEYS                                                                               \
    "<AccessKeyId>id</AccessKeyId><SecretAccessKey>k</SecretAccessKey>"                            \
    "<SessionToken> t </SessionToken>"

static void session_done(struct s3_session *session)
{
    secret_clear(&session->id);
    secret_clear(&session->key);
    secret_clear(&session->token);
}

static void what_is_no_session_is_refused_and_not_told(void **state)
{
    (void)state;
    static const char incomplete[] = "has no whole set of keys, expected AccessKeyId, "
                                     "SecretAccessKey, SessionToken and Expiration";
    static const struct {
        const char *xml, *text;
    } cases[] = {
        {"secret", "is not XML: line 1: syntax error"},
        {"<secret/>", incomplete},
        {SESSION(SESSION_KEYS), incomplete},
        {SESSION("<Expiration>2026-11-20T02:00:00Z</Expiration>"), incomplete},
        {SESSION(SESSION_KEYS "<Expiration>soon</Expiration>"),
         "has keys that end at 'soon', expected a time"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        struct s3_session session;
        assert_false(s3_xml_session(str_of(cases[i].xml), &session, &err));
        assert_string_equal(err.text, cases[i].text);
        session_done(&session);
    }
}

static void a_session_is_read(void **state)
{
    (void)state;
    struct error err = {""};
    struct s3_session session;
    struct str xml = STR(SESSION(SESSION_KEYS "<Expiration>2026-11-20T02:00:00Z</Expiration>"));
    assert_true(s3_xml_session(xml, &session, &err));
    assert_string_equal(session.id.data, "id");
    assert_string_equal(session.key.data, "k");
    assert_string_equal(session.token.data, "t");
    assert_int_equal(session.expires, 1795140000);
    session_done(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_page_is_refused),
        cmocka_unit_test(a_page_is_bounded),
        cmocka_unit_test(a_key_is_one_of_s3),
        cmocka_unit_test(a_page_is_read),
        cmocka_unit_test(encoded_keys_are_decoded),
        cmocka_unit_test(what_is_no_fault_is_none),
        cmocka_unit_test(a_fault_is_read),
        cmocka_unit_test(a_fault_of_sts_is_read_and_cut),
        cmocka_unit_test(what_is_no_session_is_refused_and_not_told),
        cmocka_unit_test(a_session_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
