#include "certs/pair.h"

#include "base/mem.h"
#include "tests/unit/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct forge good = {.subject = "a", .curve = "P-256", .names = "DNS:a.svc"};

static void is_refused(const char *certificates, const char *key, const char *expected)
{
    struct error err = {""};
    struct pair *untouched = NULL;
    assert_false(pair_new((struct pem_text){"tls.crt", str_of(certificates)},
                          (struct pem_text){"tls.key", str_of(key)}, &untouched, &err));
    assert_string_equal(err.text, expected);
    assert_null(untouched);
}

static void forged_is_refused(struct forge wish, const char *expected)
{
    struct forged made = forge(wish, NULL);
    is_refused(made.certificate_pem, made.key_pem, expected);
    forged_done(&made);
}

static void accepted(const struct forged *made)
{
    struct error err = {""};
    struct pair *pair;
    bool fine = pair_new((struct pem_text){"tls.crt", str_of(made->certificate_pem)},
                         (struct pem_text){"tls.key", str_of(made->key_pem)}, &pair, &err);
    assert_string_equal(err.text, "");
    assert_true(fine);
    assert_string_equal(pair->certificates.data, made->certificate_pem);
    assert_string_equal(pair->key.data, made->key_pem);
    assert_int_equal(chain_count(pair->chain), 1);
    pair_free(pair);
}

static void empty_texts_are_refused(void **state)
{
    (void)state;
    is_refused("", "\n",
               "tls.crt: is empty, expected PEM certificates; tls.key: is empty, expected a PEM "
               "private key");
}

static void exchanged_files_are_recognised(void **state)
{
    (void)state;
    struct forged made = forge(good, NULL);
    is_refused(made.key_pem, made.certificate_pem,
               "tls.crt: holds a private key but no certificate; are the certificate file and the "
               "key file exchanged?; tls.key: holds a certificate but no private key; are the "
               "certificate file and the key file exchanged?");
    forged_done(&made);
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    struct forged made = forge(good, NULL);
    is_refused(made.certificate_pem, "hello",
               "tls.key: holds no private key, expected PEM with '-----BEGIN PRIVATE KEY-----'");
    is_refused(made.certificate_pem,
               "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
               "tls.key: the private key is damaged or of an unknown kind, expected an unchanged "
               "RSA, ECDSA or Ed25519 key");
    is_refused(
        made.certificate_pem, "\x30\x82",
        "tls.key: is binary (DER), expected a PEM private key; convert it with 'openssl x509 "
        "-inform DER' (a certificate) or 'openssl pkey -inform DER' (a key)");
    autofree char *long_text = xmalloc(CHAIN_PEM_MAX + 2);
    memset(long_text, 'x', CHAIN_PEM_MAX + 1);
    long_text[CHAIN_PEM_MAX + 1] = '\0';
    is_refused(made.certificate_pem, long_text,
               "tls.key: is 1048577 bytes long, expected at most 1048576");
    forged_done(&made);
}

#define ENCRYPTED                                                                                  \
    "tls.key: the private key is encrypted, expected one without a passphrase; write one with "    \
    "'openssl pkey -in tls.key -out plain.key'"

static void an_encrypted_key_is_refused_and_nobody_is_asked(void **state)
{
    (void)state;
    struct forged made = forge(good, NULL);
    char passphrase[] = "x";
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, made.key, EVP_aes_256_cbc(), passphrase, 1, NULL, NULL);
    autofree char *modern = forge_text(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey_traditional(bio, made.key, EVP_aes_256_cbc(),
                                         (unsigned char *)passphrase, 1, NULL, NULL);
    autofree char *traditional = forge_text(bio);
    is_refused(made.certificate_pem, modern, ENCRYPTED);
    is_refused(made.certificate_pem, traditional, ENCRYPTED);
    forged_done(&made);
}

static void the_key_of_another_certificate_is_refused(void **state)
{
    (void)state;
    struct forged made = forge(good, NULL);
    struct forged other = forge(good, NULL);
    is_refused(made.certificate_pem, other.key_pem,
               "tls.key: is the key of another certificate, not of 'CN=a' in tls.crt; take "
               "certificate and key from the same issue");
    autofree char *both = xasprintf("%s%s", made.certificate_pem, other.certificate_pem);
    is_refused(both, other.key_pem,
               "tls.key: belongs to certificate 2 of 2 in tls.crt, expected the first; put the "
               "server's own certificate at the top of that file");
    forged_done(&made);
    forged_done(&other);
}

static void a_certificate_without_names_is_refused(void **state)
{
    (void)state;
    struct forge wish = good;
    wish.names = NULL;
    forged_is_refused(wish, "tls.crt: certificate 1 of 1 ('CN=a'): has no subjectAltName, and the "
                            "API server ignores the common name; issue it again with its DNS names "
                            "there");
}

static void a_certificate_for_clients_is_refused(void **state)
{
    (void)state;
    struct forge wish = good;
    wish.usage = "clientAuth";
    forged_is_refused(wish, "tls.crt: certificate 1 of 1 ('CN=a'): its key usage does not allow a "
                            "TLS server; issue it again with extended key usage serverAuth and key "
                            "usage digitalSignature");
}

#define KEYS                                                                                       \
    ", expected RSA 2048 to 8192, ECDSA P-256, P-384 or P-521, or Ed25519; issue it again with "   \
    "such a key"

static void a_key_that_go_refuses_is_refused(void **state)
{
    (void)state;
    struct forge wish = good;
    wish.curve = NULL;
    wish.bits = 1024;
    forged_is_refused(wish, "tls.crt: certificate 1 of 1 ('CN=a'): key is RSA 1024" KEYS);
    wish.bits = 2040;
    forged_is_refused(wish, "tls.crt: certificate 1 of 1 ('CN=a'): key is RSA 2040" KEYS);
    wish.curve = "secp256k1";
    forged_is_refused(wish, "tls.crt: certificate 1 of 1 ('CN=a'): key is ECDSA secp256k1" KEYS);
}

static void a_signature_that_go_refuses_is_refused(void **state)
{
    (void)state;
    struct forge wish = good;
    wish.digest = "SHA1";
    forged_is_refused(wish, "tls.crt: certificate 1 of 1 ('CN=a'): signed with sha1, which the API "
                            "server refuses; issue it again with SHA-256");
}

static void weak_intermediates_count_but_the_signature_of_a_root_does_not(void **state)
{
    (void)state;
    struct forge wish = {.subject = "root", .curve = "P-256", .digest = "SHA1"};
    struct forged root = forge(wish, NULL);
    wish.subject = "middle";
    struct forged middle = forge(wish, &root);
    struct forged leaf = forge(good, &middle);
    autofree char *all =
        xasprintf("%s%s%s", leaf.certificate_pem, middle.certificate_pem, root.certificate_pem);
    is_refused(all, leaf.key_pem,
               "tls.crt: certificate 2 of 3 ('CN=middle'): signed with sha1, which the API server "
               "refuses; issue it again with SHA-256");
    forged_done(&root);
    forged_done(&middle);
    forged_done(&leaf);
}

static void what_go_accepts_is_accepted(void **state)
{
    (void)state;
    struct forge wish = good;
    static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
    for (size_t i = 0; i < 3; i++) {
        wish.digest = digests[i];
        struct forged made = forge(wish, NULL);
        accepted(&made);
        forged_done(&made);
    }
    wish.curve = NULL;
    wish.bits = 2048;
    struct forged made = forge(wish, NULL);
    accepted(&made);
    forged_done(&made);
}

static void ed25519_is_accepted(void **state)
{
    (void)state;
    struct forged made = forge(good, NULL);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509_set_pubkey(made.certificate, key);
    X509_sign(made.certificate, key, NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, made.certificate);
    free(made.certificate_pem);
    made.certificate_pem = forge_text(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    free(made.key_pem);
    made.key_pem = forge_text(bio);
    accepted(&made);
    EVP_PKEY_free(key);
    forged_done(&made);
}

static void a_key_in_the_old_form_is_accepted(void **state)
{
    (void)state;
    struct forged made = forge(good, NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey_traditional(bio, made.key, NULL, NULL, 0, NULL, NULL);
    autofree char *old = forge_text(bio);
    free(made.key_pem);
    /* As 'openssl ecparam -genkey' writes it: the curve in a block of its own. */
    made.key_pem = xasprintf(
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n%s", old);
    accepted(&made);
    forged_done(&made);
}

static void nothing_is_freed_without_harm(void **state)
{
    (void)state;
    pair_free(NULL);
}

static void findings_are(const struct pair_question *question, const char *expected)
{
    struct strlist findings = {0};
    pair_findings(question, &findings);
    autofree char *all = strlist_join(&findings, "\n");
    assert_string_equal(all, expected);
    strlist_clear(&findings);
}

static void every_finding_is_told(void **state)
{
    (void)state;
    struct forge wish = good;
    wish.usage = "clientAuth";
    wish.until = FORGE_NOW - 1;
    struct forged made = forge(wish, NULL);
    struct forged other = forge(good, NULL);
    struct strlist names = {0};
    strlist_add(&names, STR("a.svc"));
    strlist_add(&names, STR("b.svc"));
    strlist_add(&names, STR("10.0.0.1"));
    struct pair_question question = {
        .certificates = {"tls.crt", str_of(made.certificate_pem)},
        .key = {"tls.key", str_of(other.key_pem)},
        .bundle = {"ca.crt", str_of(other.certificate_pem)},
        .names = &names,
        .now = FORGE_NOW,
    };
    findings_are(
        &question,
        "tls.key: is the key of another certificate, not of 'CN=a' in tls.crt; take certificate "
        "and key from the same issue\n"
        "tls.crt: certificate 1 of 1 ('CN=a'): its key usage does not allow a TLS server; issue it "
        "again with extended key usage serverAuth and key usage digitalSignature\n"
        "tls.crt: certificate 1 of 1 ('CN=a'): expired at 2026-09-21T14:13:19Z, now it is "
        "2026-09-21T14:13:20Z; renew it\n"
        "tls.crt: is not for 'b.svc', only for a.svc; issue it again with that name\n"
        "tls.crt: is not for '10.0.0.1', only for a.svc; issue it again with that name\n"
        "tls.crt: not accepted by a client that trusts ca.crt: 'CN=a', issued by 'CN=a': it signed "
        "itself and is not in the CA bundle; add it there, or use one that a CA signed");
    strlist_clear(&names);
    forged_done(&made);
    forged_done(&other);
}

static void a_certificate_that_cannot_be_read_hides_nothing(void **state)
{
    (void)state;
    struct strlist names = {0};
    strlist_add(&names, STR("a.svc"));
    struct pair_question question = {.certificates = {"tls.crt", STR("x")},
                                     .key = {"tls.key", STR("x")},
                                     .bundle = {"ca.crt", STR("x")},
                                     .names = &names,
                                     .now = FORGE_NOW};
    findings_are(&question,
                 "tls.crt: holds no certificate, expected PEM with '-----BEGIN CERTIFICATE-----'\n"
                 "tls.key: holds no private key, expected PEM with '-----BEGIN PRIVATE KEY-----'\n"
                 "ca.crt: holds no certificate, expected PEM with '-----BEGIN CERTIFICATE-----'");
    strlist_clear(&names);
}

static void a_nameless_certificate_is_for_no_name(void **state)
{
    (void)state;
    struct forge wish = good;
    wish.names = NULL;
    struct forged made = forge(wish, NULL);
    struct strlist names = {0};
    strlist_add(&names, STR("a"));
    struct pair_question question = {.certificates = {"tls.crt", str_of(made.certificate_pem)},
                                     .names = &names,
                                     .now = FORGE_NOW};
    findings_are(&question,
                 "tls.crt: certificate 1 of 1 ('CN=a'): has no subjectAltName, and the API server "
                 "ignores the common name; issue it again with its DNS names there\n"
                 "tls.crt: is not for 'a', only for no name at all; issue it again with that name");
    strlist_clear(&names);
    forged_done(&made);
}

static void what_is_absent_is_not_judged(void **state)
{
    (void)state;
    struct forged made = forge(good, NULL);
    findings_are(&(struct pair_question){.now = FORGE_NOW}, "");
    findings_are(&(struct pair_question){.key = {"tls.key", str_of(made.key_pem)}}, "");
    findings_are(&(struct pair_question){.certificates = {"tls.crt", str_of(made.certificate_pem)},
                                         .key = {"tls.key", str_of(made.key_pem)},
                                         .now = FORGE_NOW},
                 "");
    forged_done(&made);
}

static void a_clients_key_is_that_of_its_first_certificate(void **state)
{
    (void)state;
    struct error err = {""};
    struct forged one = forge((struct forge){.subject = "a", .curve = "P-256"}, NULL);
    struct forged other = forge((struct forge){.subject = "b", .curve = "P-256"}, NULL);
    struct pem_text certificate = {"a.crt", str_of(one.certificate_pem)};
    assert_true(pair_matches(certificate, (struct pem_text){"a.key", str_of(one.key_pem)}, &err));
    assert_string_equal(err.text, "");
    assert_false(
        pair_matches(certificate, (struct pem_text){"b.key", str_of(other.key_pem)}, &err));
    assert_string_equal(err.text,
                        "b.key: is not the key of the first certificate ('CN=a') in a.crt");
    assert_false(pair_matches(certificate, certificate, &err));
    assert_string_equal(err.text,
                        "a.crt: holds a certificate but no private key; are the certificate file "
                        "and the key file exchanged?");
    assert_false(pair_matches((struct pem_text){"a.key", str_of(one.key_pem)}, certificate, &err));
    assert_string_equal(err.text,
                        "a.key: holds a private key but no certificate; are the certificate file "
                        "and the key file exchanged?");
    forged_done(&one);
    forged_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_texts_are_refused),
        cmocka_unit_test(exchanged_files_are_recognised),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(an_encrypted_key_is_refused_and_nobody_is_asked),
        cmocka_unit_test(the_key_of_another_certificate_is_refused),
        cmocka_unit_test(a_certificate_without_names_is_refused),
        cmocka_unit_test(a_certificate_for_clients_is_refused),
        cmocka_unit_test(a_key_that_go_refuses_is_refused),
        cmocka_unit_test(a_signature_that_go_refuses_is_refused),
        cmocka_unit_test(weak_intermediates_count_but_the_signature_of_a_root_does_not),
        cmocka_unit_test(what_go_accepts_is_accepted),
        cmocka_unit_test(ed25519_is_accepted),
        cmocka_unit_test(a_key_in_the_old_form_is_accepted),
        cmocka_unit_test(nothing_is_freed_without_harm),
        cmocka_unit_test(every_finding_is_told),
        cmocka_unit_test(a_certificate_that_cannot_be_read_hides_nothing),
        cmocka_unit_test(a_nameless_certificate_is_for_no_name),
        cmocka_unit_test(what_is_absent_is_not_judged),
        cmocka_unit_test(a_clients_key_is_that_of_its_first_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
