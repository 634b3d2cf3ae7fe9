/* certs/describe.c: the half of certs/x509.h that says what a certificate holds. */
#include "certs/x509.h"

#include "base/mem.h"
#include "tests/unit/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct certificate described(X509 *x509)
{
    struct error err = {""};
    struct certificate certificate;
    assert_true(x509_describe(x509, &certificate, &err));
    return certificate;
}

static void dates_that_are_none_are_refused(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    ASN1_TIME *dates[] = {X509_getm_notBefore(made.certificate),
                          X509_getm_notAfter(made.certificate)};
    for (int i = 0; i < 2; i++) {
        struct error err = {""};
        struct certificate untouched = {.not_after = 42};
        ASN1_STRING_set(dates[i], "991332250000Z", -1); /* month 13 */
        assert_false(x509_describe(made.certificate, &untouched, &err));
        assert_string_equal(err.text, "is damaged, its validity is not two dates");
        assert_int_equal(untouched.not_after, 42);
        ASN1_TIME_set(dates[i], FORGE_NOW);
    }
    forged_done(&made);
}

static void what_names_hold_is_shown_harmless(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        const char *expected;
    } cases[] = {
        {NULL, ""},
        {"email:x@y,URI:https://a", ""},
        {"DNS:a\x1b[1m b", "a\\1B[1m\\20b"},
        {"DNS:\xc3\xa4\x7f", "\\C3\\A4\\7F"},
        {"DNS:*.a.svc,IP:10.0.0.1,DNS:b,IP:fd00::1", "*.a.svc 10.0.0.1 b fd00::1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct forged made = forge((struct forge){.curve = "P-256", .names = cases[i].names}, NULL);
        struct certificate certificate = described(made.certificate);
        autofree char *names = strlist_join(&certificate.names, " ");
        assert_string_equal(names, cases[i].expected);
        x509_describe_done(&certificate);
        forged_done(&made);
    }
}

static void texts_over_the_limit_are_not_shown(void **state)
{
    (void)state;
    char name[4200] = "DNS:";
    memset(name + 4, 'a', sizeof(name) - 5);
    name[sizeof(name) - 1] = '\0';
    struct forged made = forge((struct forge){.curve = "P-256", .names = name}, NULL);
    X509_NAME *subject = X509_get_subject_name(made.certificate);
    for (int i = 0; i < 70; i++)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name + 4,
                                   60, -1, 0);
    struct certificate certificate = described(made.certificate);
    assert_string_equal(certificate.names.items[0], "(too long)");
    assert_string_equal(certificate.subject, "(too long)");
    assert_string_equal(certificate.issuer, "");
    x509_describe_done(&certificate);
    forged_done(&made);
}

static void kinds_of_keys_are_named(void **state)
{
    (void)state;
    struct {
        EVP_PKEY *key;
        const char *expected;
    } cases[] = {
        {NULL, "unknown"},
        {EVP_RSA_gen(1024), "RSA 1024"},
        {EVP_EC_gen("P-256"), "ECDSA P-256"},
        {EVP_EC_gen("P-384"), "ECDSA P-384"},
        {EVP_EC_gen("brainpoolP256r1"), "ECDSA brainpoolP256r1"},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "ED25519 256"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        autofree char *type = x509_key_type(cases[i].key);
        assert_string_equal(type, cases[i].expected);
        EVP_PKEY_free(cases[i].key);
    }
}

static void a_curve_written_out_has_no_name(void **state)
{
    (void)state;
    struct error err;
    struct forged made = forge((struct forge){.curve = "P-256", .curve_written_out = true}, NULL);
    STACK_OF(X509) * list;
    assert_true(x509_read((struct pem_text){"f", str_of(made.certificate_pem)}, &list, &err));
    struct certificate certificate = described(sk_X509_value(list, 0));
    assert_string_equal(certificate.key_type, "ECDSA on a curve without a name");
    x509_describe_done(&certificate);
    sk_X509_pop_free(list, X509_free);
    forged_done(&made);
}

static void a_certificate_is_described_whole(void **state)
{
    (void)state;
    struct forged root = forge(
        (struct forge){.subject = "root, inc", .curve = "P-256", .constraint = "CA:TRUE"}, NULL);
    struct forged made = forge((struct forge){.subject = "a\n\xc3\xa4", .curve = "P-256"}, &root);
    struct certificate certificate = described(made.certificate);
    struct certificate issuer = described(root.certificate);
    assert_string_equal(certificate.subject, "CN=a\\0A\\C3\\A4");
    assert_string_equal(certificate.issuer, "CN=root\\, inc");
    assert_string_equal(certificate.serial, "1267");
    assert_int_equal(certificate.not_before, FORGE_NOW - FORGE_DAY);
    assert_int_equal(certificate.not_after, FORGE_NOW + FORGE_DAY);
    assert_false(certificate.is_ca);
    assert_true(issuer.is_ca);

    unsigned char digest[EVP_MAX_MD_SIZE];
    char first[6];
    assert_true(X509_digest(made.certificate, EVP_sha256(), digest, NULL));
    snprintf(first, sizeof(first), "%02X:%02X", digest[0], digest[1]);
    assert_memory_equal(certificate.fingerprint, first, 5);
    assert_int_equal(strlen(certificate.fingerprint), 32 * 3 - 1);
    x509_describe_done(&certificate);
    x509_describe_done(&issuer);
    forged_done(&made);
    forged_done(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_that_are_none_are_refused),
        cmocka_unit_test(what_names_hold_is_shown_harmless),
        cmocka_unit_test(texts_over_the_limit_are_not_shown),
        cmocka_unit_test(kinds_of_keys_are_named),
        cmocka_unit_test(a_curve_written_out_has_no_name),
        cmocka_unit_test(a_certificate_is_described_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
