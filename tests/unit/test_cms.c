#include "certs/cms.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/secret.h"
#include "tests/unit/forge.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define PLAIN "a text with \"quotes\"\r\nand\0more"
#define TEXT STR(PLAIN)

static const struct forge rsa = {.subject = "rsa"};
static const struct forge ec = {.subject = "ec", .curve = "P-256"};

static struct chain *chain_of(const char *pem)
{
    struct error err;
    struct chain *chain = NULL;
    assert_true(chain_parse((struct pem_text){"recipient.crt", str_of(pem)}, &chain, &err));
    return chain;
}

static struct cms_key key_of(const char *pem)
{
    return (struct cms_key){.pem = {"recipient.key", str_of(pem)}};
}

/* ---- recipients ---- */

static void recipient_is(struct forge wish, int64_t now, const char *expected)
{
    struct error err = {""};
    struct forged made = forge(wish, NULL);
    struct chain *chain = chain_of(made.certificate_pem);
    bool fine = cms_check_recipient(chain, 0, now, &err);
    assert_string_equal(err.text, expected);
    assert_int_equal(fine, !expected[0]);
    chain_free(chain);
    forged_done(&made);
}

#define KEYS                                                                                       \
    ", expected RSA 2048 to 8192 or ECDSA P-256, P-384 or P-521; make a recipient with such a key"

static void a_weak_key_is_refused(void **state)
{
    (void)state;
    struct forge wish = rsa;
    wish.bits = 1024;
    recipient_is(wish, FORGE_NOW, "'CN=rsa' has the key RSA 1024" KEYS);
    wish = ec;
    wish.curve = "secp256k1";
    recipient_is(wish, FORGE_NOW, "'CN=ec' has the key ECDSA secp256k1" KEYS);
}

static void a_key_that_only_signs_is_refused(void **state)
{
    (void)state;
    struct error err = {""};
    struct forged made = forge(ec, NULL);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509_set_pubkey(made.certificate, key);
    X509_sign(made.certificate, key, NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, made.certificate);
    autofree char *pem = forge_text(bio);
    struct chain *chain = chain_of(pem);
    assert_false(cms_check_recipient(chain, 0, FORGE_NOW, &err));
    assert_string_equal(err.text, "'CN=ec' has the key ED25519 256" KEYS);
    chain_free(chain);
    EVP_PKEY_free(key);
    forged_done(&made);
}

static void a_key_usage_that_forbids_encryption_is_refused(void **state)
{
    (void)state;
    struct forge wish = rsa;
    wish.key_usage = "digitalSignature";
    recipient_is(wish, FORGE_NOW,
                 "'CN=rsa' is not for encryption, its key usage lacks keyEncipherment; make a "
                 "recipient with it, or without key usage");
    wish.key_usage = "keyEncipherment";
    recipient_is(wish, FORGE_NOW, "");
    wish = ec;
    wish.key_usage = "keyEncipherment";
    recipient_is(
        wish, FORGE_NOW,
        "'CN=ec' is not for encryption, its key usage lacks keyAgreement; make a recipient "
        "with it, or without key usage");
    wish.key_usage = "keyAgreement";
    recipient_is(wish, FORGE_NOW, "");
}

static void a_recipient_out_of_date_is_refused(void **state)
{
    (void)state;
    recipient_is(ec, FORGE_NOW + FORGE_DAY, "");
    recipient_is(ec, FORGE_NOW + FORGE_DAY + 1,
                 "'CN=ec' expired at 2026-09-22T14:13:20Z; renew it");
    recipient_is(ec, FORGE_NOW - FORGE_DAY, "");
    recipient_is(ec, FORGE_NOW - FORGE_DAY - 1,
                 "'CN=ec' is not valid before 2026-09-20T14:13:20Z; is the clock right?");
}

/* ---- encrypting ---- */

static struct buf seal(const struct chain *const *recipients, size_t count)
{
    struct error err = {""};
    struct buf sealed = BUF(CMS_SEALED_MAX);
    bool fine = cms_encrypt(recipients, count, TEXT, &sealed, &err);
    assert_string_equal(err.text, "");
    assert_true(fine);
    assert_true(str_find(buf_str(&sealed), STR("a text with")) < 0);
    return sealed;
}

static struct buf seal_for(const struct forged *made)
{
    struct chain *chain = chain_of(made->certificate_pem);
    struct buf sealed = seal((const struct chain *const[]){chain}, 1);
    chain_free(chain);
    return sealed;
}

static void opens(struct str sealed, struct cms_key key)
{
    struct error err = {""};
    struct buf plain = BUF(CMS_PLAIN_MAX);
    bool fine = cms_decrypt((struct pem_text){"a.cms", sealed}, key, &plain, &err);
    assert_string_equal(err.text, "");
    assert_true(fine);
    assert_true(str_equal(buf_str(&plain), TEXT));
    secret_clear(&plain);
}

static void refuses(struct str sealed, struct cms_key key, const char *expected)
{
    struct error err = {""};
    struct buf plain = BUF(CMS_PLAIN_MAX);
    assert_false(cms_decrypt((struct pem_text){"a.cms", sealed}, key, &plain, &err));
    assert_string_equal(err.text, expected);
    assert_int_equal(plain.length, 0);
}

#define NOT_ONE "a.cms: is not an encrypted archive (CMS authEnvelopedData, DER)"
#define UNCHECKED                                                                                  \
    "a.cms: was altered, its content does not pass the check of AES-GCM; fetch it again, or take " \
    "another archive"

static void what_is_no_archive_is_refused(void **state)
{
    (void)state;
    struct forged made = forge(ec, NULL);
    struct cms_key key = key_of(made.key_pem);
    refuses(STR(""), key,
            "a.cms: is empty, expected an encrypted archive (CMS authEnvelopedData, DER)");
    refuses(STR("hello"), key, NOT_ONE);
    refuses(STR("\x30\x84\xff\xff\xff\xff"), key, NOT_ONE);
    refuses(STR("\x30\x03\x02\x01\x01"), key, NOT_ONE);
    autofree char *large = xcalloc(1, CMS_SEALED_MAX + 1);
    refuses((struct str){large, CMS_SEALED_MAX + 1}, key,
            "a.cms: is 8650753 bytes long, expected at most 8650752");
    forged_done(&made);
}

static void a_message_without_a_check_of_its_content_is_refused(void **state)
{
    (void)state;
    struct forged made = forge(rsa, NULL);
    STACK_OF(X509) *to = sk_X509_new_null();
    sk_X509_push(to, made.certificate);
    BIO *in = BIO_new_mem_buf("x", 1);
    CMS_ContentInfo *message = CMS_encrypt(to, in, EVP_aes_256_cbc(), CMS_BINARY);
    BIO *out = BIO_new(BIO_s_mem());
    i2d_CMS_bio(out, message);
    char *data;
    long length = BIO_get_mem_data(out, &data);
    refuses((struct str){data, (size_t)length}, key_of(made.key_pem), NOT_ONE);
    BIO_free(in);
    BIO_free(out);
    sk_X509_free(to);
    CMS_ContentInfo_free(message);
    forged_done(&made);
}

static void the_padding_that_tells_nothing_about_the_key_is_refused(void **state)
{
    (void)state;
    struct forged made = forge(rsa, NULL);
    STACK_OF(X509) *to = sk_X509_new_null();
    sk_X509_push(to, made.certificate);
    BIO *in = BIO_new_mem_buf("x", 1);
    CMS_ContentInfo *message = CMS_encrypt(to, in, EVP_aes_256_gcm(), CMS_BINARY);
    BIO *out = BIO_new(BIO_s_mem());
    i2d_CMS_bio(out, message);
    char *data;
    long length = BIO_get_mem_data(out, &data);
    refuses((struct str){data, (size_t)length}, key_of(made.key_pem),
            "a.cms: is not encrypted to the key recipient.key, only to serial 1267 issued by "
            "'CN=rsa'");
    BIO_free(in);
    BIO_free(out);
    sk_X509_free(to);
    CMS_ContentInfo_free(message);
    forged_done(&made);
}

/* Every byte counts: each cut and each flipped byte is an error, and never a text. */
static void truncated_and_altered_archives_are_refused(const struct forged *made)
{
    struct buf sealed = seal_for(made);
    struct cms_key key = key_of(made->key_pem);
    for (size_t length = 1; length < sealed.length; length++) {
        struct error err = {""};
        struct buf plain = BUF(CMS_PLAIN_MAX);
        struct pem_text cut = {"a.cms", {sealed.data, length}};
        autofree char *expected =
            xasprintf("a.cms: is truncated, %zu of %zu bytes are there; fetch it again, or take "
                      "another archive",
                      length, sealed.length);
        assert_false(cms_decrypt(cut, key, &plain, &err));
        assert_string_equal(err.text, length < 4 ? NOT_ONE : expected);
    }
    /* The last 16 bytes are the tag of AES-GCM, and before them is the content. */
    for (size_t at = sealed.length - 40; at < sealed.length; at++) {
        struct error err = {""};
        struct buf plain = BUF(CMS_PLAIN_MAX);
        sealed.data[at] ^= 1;
        assert_false(cms_decrypt((struct pem_text){"a.cms", buf_str(&sealed)}, key, &plain, &err));
        assert_int_equal(plain.length, 0);
        sealed.data[at] ^= 1;
    }
    sealed.data[sealed.length - 1] ^= 1;
    refuses(buf_str(&sealed), key, UNCHECKED);
    sealed.data[sealed.length - 1] ^= 1;
    opens(buf_str(&sealed), key);
    buf_add_text(&sealed, "xy");
    refuses(buf_str(&sealed), key, "a.cms: has 2 bytes too many at its end");
    buf_clear(&sealed);
}

static void damage_is_told(void **state)
{
    (void)state;
    const struct forge wishes[] = {rsa, ec};
    for (size_t i = 0; i < 2; i++) {
        struct forged made = forge(wishes[i], NULL);
        truncated_and_altered_archives_are_refused(&made);
        forged_done(&made);
    }
}

/* Takes bytes out of a DER text, and their count off all lengths around them. */
static void cut_out(struct buf *der, size_t from, size_t count)
{
    unsigned char *bytes = (unsigned char *)der->data;
    size_t at = 0;
    while (at < from) {
        size_t digits = bytes[at + 1] < 0x80 ? 0 : bytes[at + 1] & 0x7fu;
        size_t start = at + 2 + digits;
        size_t length = digits ? 0 : bytes[at + 1];
        for (size_t i = 0; i < digits; i++)
            length = length << 8 | bytes[at + 2 + i];
        bool around = start + length > from;
        for (size_t i = 0, less = length - count; around && i < (digits ? digits : 1); i++)
            bytes[start - 1 - i] = (unsigned char)(less >> 8 * i);
        at = around ? start : start + length;
        if (around && !(bytes[start - 2 - digits] & 0x20))
            break;
    }
    memmove(bytes + from, bytes + from + count, der->length - from - count);
    der->length -= count;
}

/* A tag of one byte is right once in 256 times, whatever the content. */
static void a_shortened_tag_is_refused(void **state)
{
    (void)state;
    struct forged made = forge(ec, NULL);
    for (size_t kept = 1; kept < 16; kept++) {
        struct buf sealed = seal_for(&made);
        cut_out(&sealed, sealed.length - 16 + kept, 16 - kept);
        refuses(buf_str(&sealed), key_of(made.key_pem), UNCHECKED);
        buf_clear(&sealed);
    }
    forged_done(&made);
}

/* AES-256-OFB takes the key of AES-256-GCM and any content, and looks at no tag. */
static void a_cipher_that_checks_nothing_is_refused(void **state)
{
    (void)state;
    static const char gcm[] = "\x60\x86\x48\x01\x65\x03\x04\x01\x2e\x30\x11\x04\x0c";
    struct forged made = forge(ec, NULL);
    struct buf sealed = seal_for(&made);
    long at = str_find(buf_str(&sealed), (struct str){gcm, sizeof(gcm) - 1});
    assert_true(at > 0);
    sealed.data[at + 8] = 0x2b; /* aes256-OFB */
    sealed.data[at + 9] = 0x04; /* the parameters are its IV then, of 17 bytes */
    cut_out(&sealed, (size_t)at + 9 + 2 + 16, 1);
    refuses(buf_str(&sealed), key_of(made.key_pem), UNCHECKED);
    buf_clear(&sealed);
    forged_done(&made);
}

static void a_key_that_is_no_recipient_is_refused(void **state)
{
    (void)state;
    struct forged rsa_one = forge(rsa, NULL);
    struct forged ec_one = forge(ec, NULL);
    struct forged rsa_other = forge(rsa, NULL);
    struct forged ec_other = forge(ec, NULL);
    autofree char *both = xasprintf("%s%s", rsa_one.certificate_pem, ec_one.certificate_pem);
    struct chain *chain = chain_of(both);
    struct buf sealed = seal((const struct chain *const[]){chain}, 1);
    const char *expected = "a.cms: is not encrypted to the key recipient.key, only to serial 1267 "
                           "issued by 'CN=rsa', serial 1267 issued by 'CN=ec'";
    refuses(buf_str(&sealed), key_of(rsa_other.key_pem), expected);
    refuses(buf_str(&sealed), key_of(ec_other.key_pem), expected);
    opens(buf_str(&sealed), key_of(rsa_one.key_pem));
    opens(buf_str(&sealed), key_of(ec_one.key_pem));
    buf_clear(&sealed);
    chain_free(chain);
    forged_done(&rsa_one);
    forged_done(&ec_one);
    forged_done(&rsa_other);
    forged_done(&ec_other);
}

static void a_key_may_come_with_its_certificate(void **state)
{
    (void)state;
    struct forged made = forge(ec, NULL);
    struct buf sealed = seal_for(&made);
    autofree char *both = xasprintf("%s%s", made.certificate_pem, made.key_pem);
    opens(buf_str(&sealed), key_of(both));
    buf_clear(&sealed);
    forged_done(&made);
}

static void a_passphrase_opens_an_encrypted_key(void **state)
{
    (void)state;
    struct forged made = forge(rsa, NULL);
    struct buf sealed = seal_for(&made);
    char passphrase[] = "right";
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, made.key, EVP_aes_256_cbc(), passphrase, 5, NULL, NULL);
    autofree char *pem = forge_text(bio);
    struct cms_key key = key_of(pem);
    refuses(buf_str(&sealed), key,
            "recipient.key: the private key is encrypted, expected one without a passphrase; write "
            "one with 'openssl pkey -in recipient.key -out plain.key'");
    key.passphrase = STR("wrong");
    refuses(buf_str(&sealed), key, "recipient.key: the passphrase does not open the private key");
    autofree char *endless = xmalloc(5000);
    memset(endless, 'x', 5000);
    key.passphrase = (struct str){endless, 5000};
    refuses(buf_str(&sealed), key, "recipient.key: the passphrase does not open the private key");
    key.passphrase = STR("right");
    opens(buf_str(&sealed), key);
    buf_clear(&sealed);
    forged_done(&made);
}

static void too_much_is_not_encrypted(void **state)
{
    (void)state;
    struct error err = {""};
    struct forged made = forge(ec, NULL);
    struct chain *chain = chain_of(made.certificate_pem);
    struct buf sealed = BUF(CMS_SEALED_MAX);
    autofree char *large = xcalloc(1, CMS_PLAIN_MAX + 1);
    const struct chain *const to[] = {chain};
    assert_false(cms_encrypt(to, 1, (struct str){large, CMS_PLAIN_MAX + 1}, &sealed, &err));
    assert_string_equal(err.text, "8388609 bytes are to be encrypted, expected at most 8388608");
    assert_true(cms_encrypt(to, 1, (struct str){large, CMS_PLAIN_MAX}, &sealed, &err));
    struct buf plain = BUF(CMS_PLAIN_MAX);
    assert_true(cms_decrypt((struct pem_text){"a.cms", buf_str(&sealed)}, key_of(made.key_pem),
                            &plain, &err));
    assert_int_equal(plain.length, CMS_PLAIN_MAX);
    secret_clear(&plain);
    buf_clear(&sealed);
    chain_free(chain);
    forged_done(&made);
}

static void all_good_curves_and_sizes_work(void **state)
{
    (void)state;
    const struct forge wishes[] = {{.subject = "a", .curve = "P-384"},
                                   {.subject = "b", .curve = "P-521"},
                                   {.subject = "c", .bits = 3072}};
    for (size_t i = 0; i < 3; i++) {
        struct forged made = forge(wishes[i], NULL);
        struct buf sealed = seal_for(&made);
        opens(buf_str(&sealed), key_of(made.key_pem));
        buf_clear(&sealed);
        forged_done(&made);
    }
}

/* The way out without this program; docs/secrets.md shows the command. */
static void openssl_opens_it_too(void **state)
{
    (void)state;
    const struct forge wishes[] = {rsa, ec};
    for (size_t i = 0; i < 2; i++) {
        struct error err;
        struct forged made = forge(wishes[i], NULL);
        struct buf sealed = seal_for(&made);
        char folder[] = "/tmp/test_cms.XXXXXX";
        assert_non_null(mkdtemp(folder));
        autofree char *archive = xasprintf("%s/a.cms", folder);
        autofree char *key = xasprintf("%s/a.key", folder);
        autofree char *command =
            xasprintf("openssl cms -decrypt -binary -inform DER -in %s -inkey %s", archive, key);
        assert_true(file_write(archive, buf_str(&sealed), 0600, &err));
        assert_true(file_write(key, str_of(made.key_pem), 0600, &err));
        char out[256];
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        size_t length = fread(out, 1, sizeof(out), pipe);
        assert_int_equal(pclose(pipe), 0);
        assert_true(str_equal((struct str){out, length}, TEXT));
        unlink(archive);
        unlink(key);
        rmdir(folder);
        buf_clear(&sealed);
        forged_done(&made);
    }
}

/* ---- signing ---- */

static void sign_is(struct cms_key key, const char *certificate, int64_t now, const char *expected)
{
    struct error err = {""};
    struct buf signature = BUF(CMS_SIGNATURE_MAX);
    bool fine =
        cms_sign(key, (struct pem_text){"s.crt", str_of(certificate)}, TEXT, now, &signature, &err);
    assert_string_equal(err.text, expected);
    assert_int_equal(fine, !expected[0]);
    buf_clear(&signature);
}

static void a_signer_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct forged made = forge(ec, NULL);
    struct forged other = forge(rsa, NULL);
    struct forge wish = rsa;
    wish.bits = 1024;
    struct forged weak = forge(wish, NULL);
    sign_is(key_of(made.key_pem), NULL, FORGE_NOW,
            "recipient.key: has no certificate beside the key; put the signer's certificate into "
            "that file, or give it on its own");
    sign_is(key_of(made.key_pem), other.certificate_pem, FORGE_NOW,
            "recipient.key: is the key of another certificate, not of 'CN=rsa' in s.crt");
    sign_is(key_of(weak.key_pem), weak.certificate_pem, FORGE_NOW,
            "recipient.key: is a key RSA 1024, expected RSA 2048 to 8192 or ECDSA P-256, P-384 or "
            "P-521 for signing");
    sign_is(key_of(made.key_pem), made.certificate_pem, FORGE_NOW + FORGE_DAY + 1,
            "s.crt: 'CN=ec' expired at 2026-09-22T14:13:20Z; renew it");
    autofree char *both = xasprintf("%s%s", made.key_pem, made.certificate_pem);
    sign_is(key_of(both), NULL, FORGE_NOW, "");
    forged_done(&made);
    forged_done(&other);
    forged_done(&weak);
}

static void verify_is(struct str signature, const char *certificate, struct str text,
                      const char *expected)
{
    struct error err = {""};
    bool fine = cms_verify((struct pem_text){"a.sig", signature},
                           (struct pem_text){"s.crt", str_of(certificate)}, text, &err);
    assert_string_equal(err.text, expected);
    assert_int_equal(fine, !expected[0]);
}

#define ALTERED "a.sig: does not fit: what it was made for, or the signature, was altered"

static void a_signature_is_of_one_text_and_one_signer(void **state)
{
    (void)state;
    const struct forge wishes[] = {rsa, ec};
    for (size_t i = 0; i < 2; i++) {
        struct error err = {""};
        struct forged made = forge(wishes[i], NULL);
        struct forged same_name = forge(wishes[i], NULL);
        struct forged other = forge(wishes[1 - i], NULL);
        struct buf signature = BUF(CMS_SIGNATURE_MAX);
        assert_true(cms_sign(key_of(made.key_pem),
                             (struct pem_text){"s.crt", str_of(made.certificate_pem)}, TEXT,
                             FORGE_NOW, &signature, &err));
        struct str bytes = buf_str(&signature);
        verify_is(bytes, made.certificate_pem, TEXT, "");
        verify_is(bytes, made.certificate_pem, STR("another"), ALTERED);
        verify_is(bytes, same_name.certificate_pem, TEXT, ALTERED);
        autofree char *foreign =
            xasprintf("a.sig: is not a signature by 'CN=%s' in s.crt, but by somebody else",
                      wishes[1 - i].subject);
        verify_is(bytes, other.certificate_pem, TEXT, foreign);
        autofree char *cut = xasprintf("a.sig: is truncated, %zu of %zu bytes are there; fetch it "
                                       "again, or take another archive",
                                       bytes.length - 1, bytes.length);
        verify_is((struct str){bytes.data, bytes.length - 1}, made.certificate_pem, TEXT, cut);
        signature.data[signature.length - 1] ^= 1;
        verify_is(buf_str(&signature), made.certificate_pem, TEXT, ALTERED);
        verify_is(STR(""), made.certificate_pem, TEXT,
                  "a.sig: is empty, expected a signature (CMS signedData, DER)");
        verify_is(STR("hello"), made.certificate_pem, TEXT,
                  "a.sig: is not a signature (CMS signedData, DER)");
        buf_clear(&signature);
        forged_done(&made);
        forged_done(&same_name);
        forged_done(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weak_key_is_refused),
        cmocka_unit_test(a_key_that_only_signs_is_refused),
        cmocka_unit_test(a_key_usage_that_forbids_encryption_is_refused),
        cmocka_unit_test(a_recipient_out_of_date_is_refused),
        cmocka_unit_test(what_is_no_archive_is_refused),
        cmocka_unit_test(a_message_without_a_check_of_its_content_is_refused),
        cmocka_unit_test(the_padding_that_tells_nothing_about_the_key_is_refused),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(a_shortened_tag_is_refused),
        cmocka_unit_test(a_cipher_that_checks_nothing_is_refused),
        cmocka_unit_test(a_key_that_is_no_recipient_is_refused),
        cmocka_unit_test(a_key_may_come_with_its_certificate),
        cmocka_unit_test(a_passphrase_opens_an_encrypted_key),
        cmocka_unit_test(too_much_is_not_encrypted),
        cmocka_unit_test(all_good_curves_and_sizes_work),
        cmocka_unit_test(openssl_opens_it_too),
        cmocka_unit_test(a_signer_that_does_not_fit_is_refused),
        cmocka_unit_test(a_signature_is_of_one_text_and_one_signer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
