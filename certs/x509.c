#include "certs/x509.h"

#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#define BEGIN_CERTIFICATE "-----BEGIN CERTIFICATE-----"

void x509_free(X509 **certificate)
{
    X509_free(*certificate);
}

void x509_key_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

void x509_bio_free(BIO **bio)
{
    BIO_free(*bio);
}

bool x509_fail(const char *what, struct error *err)
{
    char reason[128];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    ERR_clear_error();
    return error_set(err, "%s: %s", what, reason);
}

/* What every PEM text must pass before OpenSSL sees it. */
static bool check_text(struct pem_text pem, const char *expected, struct error *err)
{
    if (str_trim(pem.text).length == 0)
        return error_set(err, "%s: is empty, expected %s", pem.name, expected);
    if (pem.text.length > CHAIN_PEM_MAX)
        return error_set(err, "%s: is %zu bytes long, expected at most %u", pem.name,
                         pem.text.length, CHAIN_PEM_MAX);
    if (str_starts(pem.text, STR("\x30\x82")))
        return error_set(err,
                         "%s: is binary (DER), expected %s; convert it with 'openssl x509 -inform "
                         "DER' (a certificate) or 'openssl pkey -inform DER' (a key)",
                         pem.name, expected);
    return true;
}

static bool no_certificate(struct pem_text pem, struct error *err)
{
    if (str_find(pem.text, STR("PRIVATE KEY-----")) >= 0)
        return error_set(err,
                         "%s: holds a private key but no certificate; are the certificate file and "
                         "the key file exchanged?",
                         pem.name);
    return error_set(err, "%s: holds no certificate, expected PEM with '" BEGIN_CERTIFICATE "'",
                     pem.name);
}

/* What OpenSSL found wrong with a block; its words for a broken content are "ASN1 lib". */
static const char *damage_text(unsigned long reason)
{
    const char *text = ERR_reason_error_string(reason);
    return text && ERR_GET_REASON(reason) != ERR_R_ASN1_LIB ? text : "no certificate inside";
}

/* Reads on until the end of the text; `list` holds what came before a failure. */
static bool read_into(struct pem_text pem, BIO *bio, STACK_OF(X509) * list, struct error *err)
{
    for (;;) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        unsigned long reason = certificate ? 0 : ERR_peek_last_error();
        int count = sk_X509_num(list);
        ERR_clear_error();
        if (ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE)
            return count ? true : no_certificate(pem, err);
        if (!certificate)
            return error_set(err,
                             "%s: certificate %d is damaged (%s), expected unchanged PEM; copy it "
                             "again from where it was issued",
                             pem.name, count + 1, damage_text(reason));
        if (count == CHAIN_COUNT_MAX || !sk_X509_push(list, certificate)) {
            X509_free(certificate);
            return error_set(err, "%s: holds more than %d certificates", pem.name, CHAIN_COUNT_MAX);
        }
    }
}

bool x509_read(struct pem_text pem, STACK_OF(X509) * *ret, struct error *err)
{
    if (!check_text(pem, "PEM certificates", err))
        return false;
    cleanup(x509_bio_free) BIO *bio = BIO_new_mem_buf(pem.text.data, (int)pem.text.length);
    STACK_OF(X509) *list = sk_X509_new_null();
    if (!bio || !list || !read_into(pem, bio, list, err)) {
        sk_X509_pop_free(list, X509_free);
        return false;
    }
    *ret = list;
    return true;
}

/* Without a callback OpenSSL would ask on the terminal. */
static int give_passphrase(char *text, int size, int writing, void *context)
{
    const struct str *passphrase = context;
    (void)writing;
    if (!passphrase->data || passphrase->length > (size_t)size)
        return -1;
    memcpy(text, passphrase->data, passphrase->length);
    return (int)passphrase->length;
}

static bool no_key(struct pem_text pem, struct str passphrase, struct error *err)
{
    bool encrypted = str_find(pem.text, STR("ENCRYPTED")) >= 0;
    if (encrypted && passphrase.data)
        return error_set(err, "%s: the passphrase does not open the private key", pem.name);
    if (encrypted)
        return error_set(err,
                         "%s: the private key is encrypted, expected one without a passphrase; "
                         "write one with 'openssl pkey -in %s -out plain.key'",
                         pem.name, pem.name);
    if (str_find(pem.text, STR("PRIVATE KEY-----")) >= 0)
        return error_set(err,
                         "%s: the private key is damaged or of an unknown kind, expected an "
                         "unchanged RSA, ECDSA or Ed25519 key",
                         pem.name);
    if (str_find(pem.text, STR(BEGIN_CERTIFICATE)) >= 0)
        return error_set(err,
                         "%s: holds a certificate but no private key; are the certificate file and "
                         "the key file exchanged?",
                         pem.name);
    return error_set(
        err, "%s: holds no private key, expected PEM with '-----BEGIN PRIVATE KEY-----'", pem.name);
}

bool x509_read_sealed_key(struct pem_text pem, struct str passphrase, EVP_PKEY **ret,
                          struct error *err)
{
    if (!check_text(pem, "a PEM private key", err))
        return false;
    cleanup(x509_bio_free) BIO *bio = BIO_new_mem_buf(pem.text.data, (int)pem.text.length);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &passphrase) : NULL;
    ERR_clear_error();
    if (!key)
        return no_key(pem, passphrase, err);
    *ret = key;
    return true;
}

bool x509_read_key(struct pem_text pem, EVP_PKEY **ret, struct error *err)
{
    return x509_read_sealed_key(pem, STR_NONE, ret, err);
}

/* One reservation, so that no reallocation leaves a copy of a key behind. */
static bool take_bio(BIO *bio, struct buf *pem)
{
    const char *data;
    size_t length = (size_t)BIO_get_mem_data(bio, &data);
    buf_add(pem, (struct str){data, length});
    return !pem->failed;
}

bool x509_write(X509 *certificate, struct buf *pem)
{
    cleanup(x509_bio_free) BIO *bio = BIO_new(BIO_s_mem());
    return bio && PEM_write_bio_X509(bio, certificate) && take_bio(bio, pem);
}

bool x509_write_key(EVP_PKEY *key, struct buf *pem)
{
    cleanup(x509_bio_free) BIO *bio = BIO_new(BIO_s_mem());
    return bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) &&
           take_bio(bio, pem);
}
