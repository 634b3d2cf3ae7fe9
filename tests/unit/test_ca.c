#include "certs/ca.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <spawn.h>
#include <sys/wait.h>

/* 2026-09-21T14:13:20Z */
#define NOW 1790000000
#define HOUR 3600
#define DAY 86400

static struct strlist names_of(const char *const *texts)
{
    struct strlist names = {0};
    for (; *texts; texts++)
        strlist_add(&names, str_of(*texts));
    return names;
}

#define NAMES(...) names_of((const char *const[]){__VA_ARGS__, NULL})

static struct ca_pair made_ca(unsigned days)
{
    struct error err;
    struct ca_pair ca;
    assert_true(ca_make("test CA", days, NOW, &ca, &err));
    return ca;
}

static struct chain *chain_of(const struct buf *pem)
{
    struct error err;
    struct chain *chain;
    assert_true(chain_parse((struct pem_text){"pem", buf_str(pem)}, &chain, &err));
    return chain;
}

static void names_are_refused(struct strlist names, const char *expected)
{
    struct error err = {""};
    assert_false(ca_check_names(&names, &err));
    assert_string_equal(err.text, expected);

    struct ca_pair unused;
    assert_false(ca_issue(&(struct ca_pair){BUF(1), BUF(1)}, &names, 1, NOW, &unused, &err));
    assert_string_equal(err.text, expected);
    strlist_clear(&names);
}

static void no_name_is_refused(void **state)
{
    (void)state;
    names_are_refused((struct strlist){0}, "no name, expected at least one DNS name or IP address");
}

static void too_many_names_are_refused(void **state)
{
    (void)state;
    struct strlist names = {0};
    for (int i = 0; i < 101; i++)
        strlist_addf(&names, "n%d", i);
    names_are_refused(names, "101 names, expected at most 100");
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",        "Upper.svc",  "under_score", "a..b",      "a.",     ".a",   "a b",
        "a,DNS:b", "*",          "*.",          "a.*.svc",   "-a",     "a-",   "10.0.0.256",
        "1.2.3",   "10.0.0.1/8", "[::1]",       "https://a", "a:8443", "a\nb",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        autofree char *expected =
            xasprintf("'%s' is neither a DNS name (lower-case letters, digits, '-' and '.') nor an "
                      "IP address",
                      wrong[i]);
        names_are_refused(NAMES("fine", wrong[i]), expected);
    }
}

static void a_name_longer_than_dns_allows_is_refused(void **state)
{
    (void)state;
    char name[256];
    for (size_t i = 0; i < 254; i++)
        name[i] = i % 2 ? '.' : 'a';
    name[254] = 'a';
    name[255] = '\0';
    struct error err;
    struct strlist names = NAMES(name);
    assert_false(ca_check_names(&names, &err));
    name[253] = '\0';
    strlist_clear(&names);
    names = NAMES(name);
    assert_true(ca_check_names(&names, &err));
    strlist_clear(&names);
}

static void a_life_out_of_bounds_is_refused(void **state)
{
    (void)state;
    struct error err = {""};
    struct ca_pair unused;
    assert_false(ca_make("x", 0, NOW, &unused, &err));
    assert_string_equal(err.text, "a life of 0 days, expected 1 to 36500");
    struct strlist names = NAMES("a");
    assert_false(ca_issue(&(struct ca_pair){BUF(1), BUF(1)}, &names, 36501, NOW, &unused, &err));
    assert_string_equal(err.text, "a life of 36501 days, expected 1 to 36500");
    strlist_clear(&names);
}

static void a_ca_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    struct error err = {""};
    struct ca_pair unused;
    struct strlist names = NAMES("a");
    struct ca_pair ca = made_ca(1);
    struct ca_pair other = made_ca(1);

    struct ca_pair mixed = {ca.certificate, other.key};
    assert_false(ca_issue(&mixed, &names, 1, NOW, &unused, &err));
    assert_string_equal(err.text, "CA key: is the key of another certificate, not the CA's");

    struct ca_pair keyless = {ca.certificate, BUF(1)};
    assert_false(ca_issue(&keyless, &names, 1, NOW, &unused, &err));
    assert_string_equal(err.text, "CA key: is empty, expected a PEM private key");

    struct ca_pair nothing = {BUF(1), BUF(1)};
    assert_false(ca_issue(&nothing, &names, 1, NOW, &unused, &err));
    assert_string_equal(err.text, "CA certificate: is empty, expected PEM certificates");

    ca_pair_done(&ca);
    ca_pair_done(&other);
    strlist_clear(&names);
}

static void a_common_name_openssl_refuses_is_an_error(void **state)
{
    (void)state;
    struct error err = {""};
    struct ca_pair unused;
    assert_false(ca_make("\xff", 1, NOW, &unused, &err));
    assert_memory_equal(err.text, "cannot make a CA: error:", 24);
}

static void a_ca_says_what_it_is(void **state)
{
    (void)state;
    struct ca_pair ca = made_ca(10);
    struct chain *chain = chain_of(&ca.certificate);
    const struct certificate *certificate = chain_at(chain, 0);
    assert_int_equal(chain_count(chain), 1);
    assert_string_equal(certificate->subject, "CN=test CA");
    assert_string_equal(certificate->issuer, "CN=test CA");
    assert_string_equal(certificate->key_type, "ECDSA P-256");
    assert_int_equal(certificate->not_before, NOW - HOUR);
    assert_int_equal(certificate->not_after, NOW + 10 * DAY);
    assert_int_equal(certificate->names.count, 0);
    assert_true(certificate->is_ca);
    assert_true(str_starts(buf_str(&ca.key), STR("-----BEGIN PRIVATE KEY-----\n")));
    chain_free(chain);
    ca_pair_done(&ca);
    assert_null(ca.key.data);
}

/* The first certificate of the text as OpenSSL reads it; the caller frees. */
static X509 *x509_of(const struct buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->length);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static void each_may_do_its_own_part_only(void **state)
{
    (void)state;
    struct error err;
    struct ca_pair leaf_pair;
    struct ca_pair ca_pair = made_ca(10);
    struct strlist names = NAMES("a");
    assert_true(ca_issue(&ca_pair, &names, 1, NOW, &leaf_pair, &err));
    X509 *ca = x509_of(&ca_pair.certificate);
    X509 *leaf = x509_of(&leaf_pair.certificate);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_check_ca(leaf), 0);
    assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
    assert_int_equal(
        ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf), X509_get0_subject_key_id(ca)), 0);
    X509_free(ca);
    X509_free(leaf);
    ca_pair_done(&ca_pair);
    ca_pair_done(&leaf_pair);
    strlist_clear(&names);
}

static void a_leaf_says_what_it_is(void **state)
{
    (void)state;
    struct error err;
    struct ca_pair leaf;
    struct ca_pair ca = made_ca(10);
    struct strlist names = NAMES("webhook.harbor.svc", "*.harbor.svc", "10.1.2.3", "fd00::1");
    assert_true(ca_issue(&ca, &names, 2, NOW, &leaf, &err));
    struct chain *chain = chain_of(&leaf.certificate);
    const struct certificate *certificate = chain_at(chain, 0);
    assert_string_equal(certificate->subject, "CN=webhook.harbor.svc");
    assert_string_equal(certificate->issuer, "CN=test CA");
    assert_int_equal(certificate->not_before, NOW - HOUR);
    assert_int_equal(certificate->not_after, NOW + 2 * DAY);
    assert_false(certificate->is_ca);
    autofree char *all = strlist_join(&certificate->names, " ");
    assert_string_equal(all, "webhook.harbor.svc *.harbor.svc 10.1.2.3 fd00::1");
    chain_free(chain);
    ca_pair_done(&leaf);
    ca_pair_done(&ca);
    strlist_clear(&names);
}

static void a_leaf_never_outlives_its_ca(void **state)
{
    (void)state;
    struct error err;
    struct ca_pair leaf;
    struct ca_pair ca = made_ca(10);
    struct strlist names = NAMES("a");
    assert_true(ca_issue(&ca, &names, 11, NOW, &leaf, &err));
    struct chain *chain = chain_of(&leaf.certificate);
    assert_int_equal(chain_at(chain, 0)->not_after, NOW + 10 * DAY);
    chain_free(chain);
    ca_pair_done(&leaf);
    ca_pair_done(&ca);
    strlist_clear(&names);
}

static void a_long_first_name_is_cut_in_the_common_name_only(void **state)
{
    (void)state;
    struct error err;
    struct ca_pair leaf;
    struct ca_pair ca = made_ca(10);
    const char *name = "harbor-pg-webhook-with-a-long-name.in-a-namespace-with-a-long-name.svc";
    struct strlist names = NAMES(name);
    assert_true(ca_issue(&ca, &names, 1, NOW, &leaf, &err));
    struct chain *chain = chain_of(&leaf.certificate);
    assert_string_equal(chain_at(chain, 0)->subject,
                        "CN=harbor-pg-webhook-with-a-long-name.in-a-namespace-with-a-long-na");
    assert_true(chain_has_name(chain, name));
    chain_free(chain);
    ca_pair_done(&leaf);
    ca_pair_done(&ca);
    strlist_clear(&names);
}

static void two_of_the_same_differ_in_serial_and_key(void **state)
{
    (void)state;
    struct ca_pair one = made_ca(10);
    struct ca_pair two = made_ca(10);
    struct chain *first = chain_of(&one.certificate);
    struct chain *second = chain_of(&two.certificate);
    assert_string_not_equal(chain_at(first, 0)->serial, chain_at(second, 0)->serial);
    assert_true(strlen(chain_at(first, 0)->serial) > 20);
    assert_string_not_equal(one.key.data, two.key.data);
    chain_free(first);
    chain_free(second);
    ca_pair_done(&one);
    ca_pair_done(&two);
}

static void what_was_issued_serves_a_client_that_trusts_the_ca(void **state)
{
    (void)state;
    struct error err;
    struct ca_pair leaf;
    struct ca_pair ca = made_ca(10);
    struct strlist names = NAMES("webhook.harbor.svc", "10.1.2.3");
    struct strlist findings = {0};
    assert_true(ca_issue(&ca, &names, 2, NOW, &leaf, &err));
    struct pair_question question = {
        .certificates = {"tls.crt", buf_str(&leaf.certificate)},
        .key = {"tls.key", buf_str(&leaf.key)},
        .bundle = {"ca.crt", buf_str(&ca.certificate)},
        .names = &names,
        .now = NOW,
    };
    pair_findings(&question, &findings);
    assert_int_equal(findings.count, 0);
    ca_pair_done(&leaf);
    ca_pair_done(&ca);
    strlist_clear(&names);
}

/* The command's exit status, or -1 when there is no such command. */
static int run(char *const *words)
{
    pid_t child;
    int status;
    if (posix_spawnp(&child, words[0], NULL, NULL, words, environ) != 0)
        return -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

static void openssl_verify_accepts_what_was_issued(void **state)
{
    (void)state;
    struct error err;
    struct ca_pair leaf;
    struct ca_pair ca = made_ca(10);
    struct strlist names = NAMES("webhook.harbor.svc");
    assert_true(ca_issue(&ca, &names, 2, NOW, &leaf, &err));

    char folder[] = "/tmp/test_ca.XXXXXX";
    assert_non_null(mkdtemp(folder));
    autofree char *ca_path = xasprintf("%s/ca.crt", folder);
    autofree char *leaf_path = xasprintf("%s/tls.crt", folder);
    autofree char *time = xasprintf("%d", NOW);
    assert_true(file_write(ca_path, buf_str(&ca.certificate), 0600, &err));
    assert_true(file_write(leaf_path, buf_str(&leaf.certificate), 0600, &err));

    char openssl[] = "openssl", verify[] = "verify", strict[] = "-x509_strict";
    char ca_file[] = "-CAfile", at[] = "-attime", purpose[] = "-purpose", server[] = "sslserver";
    char host[] = "-verify_hostname", right[] = "webhook.harbor.svc", wrong[] = "other.harbor.svc";
    char *words[] = {openssl, verify, strict, ca_file, ca_path,   at,  time,
                     purpose, server, host,   right,   leaf_path, NULL};
    int accepted = run(words);
    words[10] = wrong;
    int refused = run(words);

    unlink(ca_path);
    unlink(leaf_path);
    rmdir(folder);
    ca_pair_done(&leaf);
    ca_pair_done(&ca);
    strlist_clear(&names);
    if (accepted == -1)
        skip();
    assert_int_equal(accepted, 0);
    assert_int_equal(refused, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_name_is_refused),
        cmocka_unit_test(too_many_names_are_refused),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(a_name_longer_than_dns_allows_is_refused),
        cmocka_unit_test(a_life_out_of_bounds_is_refused),
        cmocka_unit_test(a_ca_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_common_name_openssl_refuses_is_an_error),
        cmocka_unit_test(a_ca_says_what_it_is),
        cmocka_unit_test(each_may_do_its_own_part_only),
        cmocka_unit_test(a_leaf_says_what_it_is),
        cmocka_unit_test(a_leaf_never_outlives_its_ca),
        cmocka_unit_test(a_long_first_name_is_cut_in_the_common_name_only),
        cmocka_unit_test(two_of_the_same_differ_in_serial_and_key),
        cmocka_unit_test(what_was_issued_serves_a_client_that_trusts_the_ca),
        cmocka_unit_test(openssl_verify_accepts_what_was_issued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
