#include "certs/chain.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/unit/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct chain *parsed(const char *name, const char *text)
{
    struct error err = {""};
    struct chain *chain = NULL;
    bool done = chain_parse((struct pem_text){name, str_of(text)}, &chain, &err);
    assert_string_equal(err.text, "");
    assert_true(done);
    return chain;
}

static void is_refused(struct str text, const char *expected)
{
    struct error err = {""};
    struct chain *untouched = NULL;
    assert_false(chain_parse((struct pem_text){"tls.crt", text}, &untouched, &err));
    assert_string_equal(err.text, expected);
    assert_null(untouched);
}

static void what_holds_no_certificate_is_refused(void **state)
{
    (void)state;
    is_refused(STR_NONE, "tls.crt: is empty, expected PEM certificates");
    is_refused(STR(" \n\n"), "tls.crt: is empty, expected PEM certificates");
    is_refused(STR("hello"),
               "tls.crt: holds no certificate, expected PEM with '-----BEGIN CERTIFICATE-----'");
    is_refused(STR("\x30\x82\x01\x02"),
               "tls.crt: is binary (DER), expected PEM certificates; convert it with 'openssl x509 "
               "-inform DER' (a certificate) or 'openssl pkey -inform DER' (a key)");
}

static void a_key_in_its_place_is_recognised(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    is_refused(str_of(made.key_pem), "tls.crt: holds a private key but no certificate; are the "
                                     "certificate file and the key file exchanged?");
    forged_done(&made);
}

static void a_damaged_certificate_is_refused(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.subject = "a", .curve = "P-256"}, NULL);
    size_t length = strlen(made.certificate_pem);
    is_refused((struct str){made.certificate_pem, length - 40},
               "tls.crt: certificate 1 is damaged (bad end line), expected unchanged PEM; copy it "
               "again from where it was issued");

    autofree char *two = xasprintf("%s%s", made.certificate_pem, made.certificate_pem);
    two[length + 100] = '!';
    is_refused(str_of(two), "tls.crt: certificate 2 is damaged (bad base64 decode), expected "
                            "unchanged PEM; copy it again from where it was issued");
    is_refused(STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
               "tls.crt: certificate 1 is damaged (no certificate inside), expected unchanged PEM; "
               "copy it "
               "again from where it was issued");
    forged_done(&made);
}

static void dates_that_are_none_are_refused(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.subject = "a", .curve = "P-256"}, NULL);
    static const char wrong[] = "991332250000Z"; /* month 13 */
    ASN1_STRING_set(X509_getm_notAfter(made.certificate), wrong, (int)strlen(wrong));
    X509_sign(made.certificate, made.key, EVP_sha256());
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, made.certificate);
    autofree char *text = forge_text(bio);
    is_refused(str_of(text), "tls.crt: certificate 1: is damaged, its validity is not two dates");
    forged_done(&made);
}

static void limits_are_kept(void **state)
{
    (void)state;
    autofree char *blanks = xmalloc(CHAIN_PEM_MAX + 1);
    memset(blanks, 'x', CHAIN_PEM_MAX + 1);
    is_refused((struct str){blanks, CHAIN_PEM_MAX + 1},
               "tls.crt: is 1048577 bytes long, expected at most 1048576");

    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    struct buf many = BUF(CHAIN_PEM_MAX);
    for (int i = 0; i < CHAIN_COUNT_MAX; i++)
        buf_add_text(&many, made.certificate_pem);
    struct chain *chain = parsed("tls.crt", many.data);
    assert_int_equal(chain_count(chain), CHAIN_COUNT_MAX);
    chain_free(chain);
    buf_add_text(&many, made.certificate_pem);
    is_refused(buf_str(&many), "tls.crt: holds more than 256 certificates");
    buf_clear(&many);
    forged_done(&made);
}

static void nothing_is_freed_without_harm(void **state)
{
    (void)state;
    chain_free(NULL);
}

static void a_certificate_is_described(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.subject = "a,b\n\x1b[1m",
                                              .bits = 2048,
                                              .names = "DNS:a.svc,email:x@y,IP:10.0.0.1,IP:fd00::1",
                                              .from = 0x7fffffff,
                                              .until = 253402300799},
                               NULL);
    struct chain *chain = parsed("tls.crt", made.certificate_pem);
    const struct certificate *certificate = chain_at(chain, 0);
    autofree char *names = strlist_join(&certificate->names, " ");
    assert_string_equal(certificate->subject, "CN=a\\,b\\0A\\1B[1m");
    assert_string_equal(certificate->issuer, "CN=a\\,b\\0A\\1B[1m");
    assert_string_equal(certificate->serial, "1267");
    assert_string_equal(certificate->key_type, "RSA 2048");
    assert_string_equal(names, "a.svc 10.0.0.1 fd00::1");
    assert_int_equal(certificate->not_before, 0x7fffffff);
    assert_int_equal(certificate->not_after, 253402300799);
    assert_false(certificate->is_ca);
    assert_int_equal(strlen(certificate->fingerprint), 32 * 3 - 1);
    chain_free(chain);
    forged_done(&made);
}

static void what_a_name_holds_is_shown_harmless(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256", .names = "DNS:a\x1b[1m b"}, NULL);
    struct chain *chain = parsed("tls.crt", made.certificate_pem);
    assert_string_equal(chain_at(chain, 0)->names.items[0], "a\\1B[1m\\20b");
    chain_free(chain);
    forged_done(&made);
}

static void kinds_of_keys_are_named(void **state)
{
    (void)state;
    static const struct {
        struct forge wish;
        const char *expected;
    } cases[] = {
        {{.curve = "P-256"}, "ECDSA P-256"},
        {{.curve = "P-521"}, "ECDSA P-521"},
        {{.curve = "secp256k1"}, "ECDSA secp256k1"},
        {{.curve = "P-256", .curve_written_out = true}, "ECDSA on a curve without a name"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct forged made = forge(cases[i].wish, NULL);
        struct chain *chain = parsed("tls.crt", made.certificate_pem);
        assert_string_equal(chain_at(chain, 0)->key_type, cases[i].expected);
        chain_free(chain);
        forged_done(&made);
    }
}

static void a_key_of_an_unknown_kind_is_unknown(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    X509_ALGOR *algorithm;
    X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(made.certificate));
    X509_ALGOR_set0(algorithm, OBJ_txt2obj("1.2.3.4", 1), V_ASN1_NULL, NULL);
    X509_sign(made.certificate, made.key, EVP_sha256());
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, made.certificate);
    autofree char *text = forge_text(bio);
    struct chain *chain = parsed("tls.crt", text);
    assert_string_equal(chain_at(chain, 0)->key_type, "unknown");
    chain_free(chain);
    forged_done(&made);
}

static void an_address_of_no_known_length_is_left_out(void **state)
{
    (void)state;
    struct forged made = forge((struct forge){.curve = "P-256"}, NULL);
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *address = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(address, (const unsigned char *)"12345", 5);
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
    sk_GENERAL_NAME_push(names, name);
    X509_add1_ext_i2d(made.certificate, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    X509_sign(made.certificate, made.key, EVP_sha256());
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, made.certificate);
    autofree char *text = forge_text(bio);
    struct chain *chain = parsed("tls.crt", text);
    assert_int_equal(chain_at(chain, 0)->names.count, 0);
    chain_free(chain);
    forged_done(&made);
}

static void names_match_as_go_matches_them(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool expected;
    } cases[] = {
        {"common.svc", false}, /* only the common name */
        {"", false},           {".svc", false},    {"a.svc.cluster.local", false},
        {"x.y.b.svc", false},  {"b.svc", false},   {"10.0.0.2", false},
        {"fd00::2", false},    {"a.svc", true},    {"A.SVC", true},
        {"x.b.svc", true},     {"10.0.0.1", true}, {"fd00:0::1", true},
    };
    struct forged made =
        forge((struct forge){.subject = "common.svc",
                             .curve = "P-256",
                             .names = "DNS:a.svc,DNS:*.b.svc,IP:10.0.0.1,IP:fd00::1"},
              NULL);
    struct forged nameless = forge((struct forge){.subject = "common.svc", .curve = "P-256"}, NULL);
    struct chain *chain = parsed("tls.crt", made.certificate_pem);
    struct chain *without = parsed("tls.crt", nameless.certificate_pem);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(chain_has_name(chain, cases[i].name), cases[i].expected);
    assert_false(chain_has_name(without, "common.svc"));
    chain_free(chain);
    chain_free(without);
    forged_done(&made);
    forged_done(&nameless);
}

static void a_certificate_out_of_time_says_since_when(void **state)
{
    (void)state;
    struct error err = {""};
    struct forged made = forge((struct forge){.subject = "a", .curve = "P-256"}, NULL);
    struct chain *chain = parsed("tls.crt", made.certificate_pem);
    assert_false(chain_check_time(chain, FORGE_NOW + FORGE_DAY + 1, &err));
    assert_string_equal(err.text, "tls.crt: certificate 1 of 1 ('CN=a'): expired at "
                                  "2026-09-22T14:13:20Z, now it is 2026-09-22T14:13:21Z; renew it");
    assert_false(chain_check_time(chain, FORGE_NOW - FORGE_DAY - 1, &err));
    assert_string_equal(err.text, "tls.crt: certificate 1 of 1 ('CN=a'): is valid only from "
                                  "2026-09-20T14:13:20Z on, now it is 2026-09-20T14:13:19Z; check "
                                  "this machine's clock, or wait");
    assert_true(chain_check_time(chain, FORGE_NOW - FORGE_DAY, &err));
    assert_true(chain_check_time(chain, FORGE_NOW + FORGE_DAY, &err));
    chain_free(chain);
    forged_done(&made);
}

static void an_intermediate_counts_but_a_root_does_not(void **state)
{
    (void)state;
    struct error err = {""};
    int64_t over = FORGE_NOW - 1;
    struct forged root = forge(
        (struct forge){.subject = "root", .curve = "P-256", .constraint = "CA:TRUE", .until = over},
        NULL);
    struct forged middle = forge(
        (struct forge){
            .subject = "middle", .curve = "P-256", .constraint = "CA:TRUE", .until = over},
        &root);
    struct forged leaf = forge((struct forge){.subject = "leaf", .curve = "P-256"}, &middle);
    autofree char *all = xasprintf("%s%s", leaf.certificate_pem, middle.certificate_pem);
    struct chain *chain = parsed("tls.crt", all);
    assert_false(chain_check_time(chain, FORGE_NOW, &err));
    assert_string_equal(err.text, "tls.crt: certificate 2 of 2 ('CN=middle'): expired at "
                                  "2026-09-21T14:13:19Z, now it is 2026-09-21T14:13:20Z; renew it");
    chain_free(chain);

    autofree char *with_root = xasprintf("%s%s", leaf.certificate_pem, root.certificate_pem);
    chain = parsed("tls.crt", with_root);
    assert_true(chain_check_time(chain, FORGE_NOW, &err));
    chain_free(chain);
    forged_done(&root);
    forged_done(&middle);
    forged_done(&leaf);
}

static const struct forge good_root = {
    .subject = "root", .curve = "P-256", .constraint = "critical,CA:TRUE"};
static const struct forge good_leaf = {.subject = "leaf", .curve = "P-256", .names = "DNS:a"};

static void trusts(const char *chain_text, const char *bundle_text, const char *expected)
{
    struct error err = {""};
    struct chain *chain = parsed("tls.crt", chain_text);
    struct chain *bundle = parsed("ca.crt", bundle_text);
    assert_int_equal(chain_verify(chain, bundle, FORGE_NOW, &err), !*expected);
    assert_string_equal(err.text, expected);
    chain_free(chain);
    chain_free(bundle);
}

#define REFUSED "tls.crt: not accepted by a client that trusts ca.crt: "

static void a_stranger_is_not_trusted(void **state)
{
    (void)state;
    struct forged root = forge(good_root, NULL);
    struct forged twin = forge(good_root, NULL);
    struct forged leaf = forge(good_leaf, &root);
    struct forged alone = forge(good_leaf, NULL);
    trusts(leaf.certificate_pem, alone.certificate_pem,
           REFUSED "'CN=leaf', issued by 'CN=root': no certificate of the CA bundle signed it; add "
                   "the CA that did, or send the intermediates along");
    trusts(leaf.certificate_pem, twin.certificate_pem,
           REFUSED "'CN=leaf', issued by 'CN=root': its signature was made with another key than "
                   "its issuer's; issue it again");
    trusts(alone.certificate_pem, root.certificate_pem,
           REFUSED "'CN=leaf', issued by 'CN=leaf': it signed itself and is not in the CA bundle; "
                   "add it there, or use one that a CA signed");
    autofree char *with_twin = xasprintf("%s%s", leaf.certificate_pem, root.certificate_pem);
    trusts(with_twin, alone.certificate_pem,
           REFUSED "'CN=root', issued by 'CN=root': the chain ends in a root that is not in the CA "
                   "bundle; add that root there");
    forged_done(&root);
    forged_done(&twin);
    forged_done(&leaf);
    forged_done(&alone);
}

static void what_trust_refuses(const struct forge *root_wish, const struct forge *leaf_wish,
                               const char *expected)
{
    struct forged root = forge(*root_wish, NULL);
    struct forged leaf = forge(*leaf_wish, &root);
    trusts(leaf.certificate_pem, root.certificate_pem, expected);
    forged_done(&root);
    forged_done(&leaf);
}

static void flaws_of_a_trusted_issuer_or_a_leaf_are_named(void **state)
{
    (void)state;
    struct forge wish = good_leaf;
    wish.until = FORGE_NOW - 1;
    what_trust_refuses(&good_root, &wish,
                       REFUSED "'CN=leaf', issued by 'CN=root': it has expired; renew it");
    wish = good_leaf;
    wish.from = FORGE_NOW + 1;
    what_trust_refuses(&good_root, &wish,
                       REFUSED "'CN=leaf', issued by 'CN=root': it is not valid yet; check this "
                               "machine's clock");
    wish = good_leaf;
    wish.usage = "clientAuth";
    what_trust_refuses(&good_root, &wish,
                       REFUSED "'CN=leaf', issued by 'CN=root': its key usage does not allow what "
                               "it is used for here (a server's certificate needs serverAuth, a CA "
                               "keyCertSign)");
    wish = good_leaf;
    wish.curve = NULL;
    wish.bits = 1024;
    what_trust_refuses(&good_root, &wish,
                       REFUSED "'CN=leaf', issued by 'CN=root': its key is too small; expected "
                               "ECDSA or at least RSA 2048");
    wish = good_root;
    wish.constraint = "CA:FALSE";
    what_trust_refuses(&wish, &good_leaf,
                       REFUSED "'CN=root', issued by 'CN=root': it signed another one but is no "
                               "CA; issue it with basicConstraints CA:TRUE");
    wish = good_root;
    wish.curve = NULL;
    wish.bits = 1024;
    what_trust_refuses(&wish, &good_leaf,
                       REFUSED "'CN=root', issued by 'CN=root': its key is too small; expected "
                               "ECDSA or at least RSA 2048");
    wish = good_leaf;
    wish.digest = "SHA1";
    what_trust_refuses(&good_root, &wish,
                       REFUSED "'CN=leaf', issued by 'CN=root': it is signed with a weak digest; "
                               "issue it again with SHA-256");
}

static void anything_in_the_bundle_is_trusted(void **state)
{
    (void)state;
    struct forged root = forge(good_root, NULL);
    struct forge middle_wish = good_root;
    middle_wish.subject = "middle";
    struct forged middle = forge(middle_wish, &root);
    struct forged leaf = forge(good_leaf, &middle);
    struct forged alone = forge(good_leaf, NULL);
    autofree char *both = xasprintf("%s%s", alone.certificate_pem, root.certificate_pem);
    autofree char *chain = xasprintf("%s%s", leaf.certificate_pem, middle.certificate_pem);
    trusts(chain, both, "");
    trusts(leaf.certificate_pem, middle.certificate_pem, "");
    trusts(alone.certificate_pem, both, "");
    forged_done(&root);
    forged_done(&middle);
    forged_done(&leaf);
    forged_done(&alone);
}

static void times_are_written_as_rfc_3339(void **state)
{
    (void)state;
    char text[CHAIN_TIME_SIZE];
    assert_string_equal(chain_time(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(chain_time(253402300799, text), "9999-12-31T23:59:59Z");
    assert_string_equal(chain_time(INT64_MAX, text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_no_certificate_is_refused),
        cmocka_unit_test(a_key_in_its_place_is_recognised),
        cmocka_unit_test(a_damaged_certificate_is_refused),
        cmocka_unit_test(dates_that_are_none_are_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(nothing_is_freed_without_harm),
        cmocka_unit_test(a_certificate_is_described),
        cmocka_unit_test(what_a_name_holds_is_shown_harmless),
        cmocka_unit_test(kinds_of_keys_are_named),
        cmocka_unit_test(a_key_of_an_unknown_kind_is_unknown),
        cmocka_unit_test(an_address_of_no_known_length_is_left_out),
        cmocka_unit_test(names_match_as_go_matches_them),
        cmocka_unit_test(a_certificate_out_of_time_says_since_when),
        cmocka_unit_test(an_intermediate_counts_but_a_root_does_not),
        cmocka_unit_test(a_stranger_is_not_trusted),
        cmocka_unit_test(flaws_of_a_trusted_issuer_or_a_leaf_are_named),
        cmocka_unit_test(anything_in_the_bundle_is_trusted),
        cmocka_unit_test(times_are_written_as_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
