#include "certs/x509.h"

#include "base/mem.h"
#include "tests/unit/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/err.h>

#define AGAIN ", expected unchanged PEM; copy it again from where it was issued"
#define EXCHANGED "are the certificate file and the key file exchanged?"
#define CONVERT                                                                                    \
    "; convert it with 'openssl x509 -inform DER' (a certificate) or 'openssl pkey -inform DER' "  \
    "(a key)"
#define ENCRYPTED                                                                                  \
    "f: the private key is encrypted, expected one without a passphrase; write one with 'openssl " \
    "pkey -in f -out plain.key'"
#define DAMAGED_KEY                                                                                \
    "f: the private key is damaged or of an unknown kind, expected an unchanged RSA, ECDSA or "    \
    "Ed25519 key"

static void no_certificates(struct str text, const char *expected)
{
    struct error err = {""};
    STACK_OF(X509) *untouched = NULL;
    assert_false(x509_read((struct pem_text){"f", text}, &untouched, &err));
    assert_string_equal(err.text, expected);
    assert_null(untouched);
    assert_int_equal(ERR_peek_error(), 0);
}

static void no_key(struct str text, const char *expected)
{
    struct error err = {""};
    EVP_PKEY *untouched = NULL;
    assert_false(x509_read_key((struct pem_text){"f", text}, &untouched, &err));
    assert_string_equal(err.text, expected);
    assert_null(untouched);
    assert_int_equal(ERR_peek_error(), 0);
}

static void texts_without_certificates_are_refused(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    autofree char *damaged = xasprintf("%s%.60s", made.certificate_pem, made.certificate_pem);
    no_certificates(STR_NONE, "f: is empty, expected PEM certificates");
    no_certificates(STR(" \t\r\n"), "f: is empty, expected PEM certificates");
    no_certificates(STR("text"),
                    "f: holds no certificate, expected PEM with '-----BEGIN CERTIFICATE-----'");
    no_certificates(STR("\x30\x82"), "f: is binary (DER), expected PEM certificates" CONVERT);
    no_certificates(str_of(made.key_pem), "f: holds a private key but no certificate; " EXCHANGED);
    no_certificates(str_of(damaged), "f: certificate 2 is damaged (bad end line)" AGAIN);
    forged_done(&made);
}

static void texts_without_a_key_are_refused(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    no_key(STR_NONE, "f: is empty, expected a PEM private key");
    no_key(STR("text"), "f: holds no private key, expected PEM with '-----BEGIN PRIVATE KEY-----'");
    no_key(STR("\x30\x82"), "f: is binary (DER), expected a PEM private key" CONVERT);
    no_key(str_of(made.certificate_pem), "f: holds a certificate but no private key; " EXCHANGED);
    no_key((struct str){made.key_pem, strlen(made.key_pem) - 30}, DAMAGED_KEY);
    forged_done(&made);
}

static void an_encrypted_key_is_refused_without_asking(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    char passphrase[] = "secret";
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, made.key, EVP_aes_128_cbc(), passphrase,
                                  sizeof(passphrase) - 1, NULL, NULL);
    autofree char *text = forge_text(bio);
    no_key(str_of(text), ENCRYPTED);
    forged_done(&made);
}

static void a_text_over_the_limit_is_refused(void **state)
{
    (void)state;
    autofree char *text = xmalloc(CHAIN_PEM_MAX + 1);
    memset(text, 'x', CHAIN_PEM_MAX + 1);
    struct str long_text = {text, CHAIN_PEM_MAX + 1};
    no_certificates(long_text, "f: is 1048577 bytes long, expected at most 1048576");
    no_key(long_text, "f: is 1048577 bytes long, expected at most 1048576");
}

static void what_does_not_fit_is_not_written(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    struct buf small = BUF(10);
    assert_false(x509_write(made.certificate, &small));
    buf_clear(&small);
    assert_false(x509_write_key(made.key, &small));
    buf_clear(&small);
    forged_done(&made);
}

static void the_last_reason_of_openssl_is_told_once(void **state)
{
    (void)state;
    struct error err = {""};
    ERR_raise(ERR_LIB_PEM, PEM_R_BAD_END_LINE);
    assert_false(x509_fail("cannot do it", &err));
    assert_string_equal(err.text, "cannot do it: error:04800066:PEM routines::bad end line");
    assert_int_equal(ERR_peek_error(), 0);
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct error err;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    struct buf pem = BUF(CHAIN_PEM_MAX);
    struct buf key_pem = BUF(CHAIN_PEM_MAX);
    assert_true(x509_write(made.certificate, &pem));
    assert_true(x509_write_key(made.key, &key_pem));
    assert_string_equal(pem.data, made.certificate_pem);
    assert_string_equal(key_pem.data, made.key_pem);

    /* Blocks of other kinds are skipped, the order stays. */
    autofree char *text = xasprintf("%s%s%s", pem.data, key_pem.data, pem.data);
    STACK_OF(X509) * list;
    assert_true(x509_read((struct pem_text){"f", str_of(text)}, &list, &err));
    assert_int_equal(sk_X509_num(list), 2);
    assert_int_equal(X509_cmp(sk_X509_value(list, 1), made.certificate), 0);
    sk_X509_pop_free(list, X509_free);

    cleanup(x509_key_free) EVP_PKEY *key = NULL;
    assert_true(x509_read_key((struct pem_text){"f", str_of(text)}, &key, &err));
    assert_int_equal(EVP_PKEY_eq(key, made.key), 1);
    buf_clear(&pem);
    buf_clear(&key_pem);
    forged_done(&made);
}

static void nothing_is_freed_without_harm(void **state)
{
    (void)state;
    x509_free(&(X509 *){NULL});
    x509_key_free(&(EVP_PKEY *){NULL});
    x509_bio_free(&(BIO *){NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_without_certificates_are_refused),
        cmocka_unit_test(texts_without_a_key_are_refused),
        cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
        cmocka_unit_test(a_text_over_the_limit_is_refused),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(the_last_reason_of_openssl_is_told_once),
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(nothing_is_freed_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
