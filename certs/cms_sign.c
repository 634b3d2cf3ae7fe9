#include "certs/cms.h"

#include "base/mem.h"
#include "certs/cms_parts.h"

#include <openssl/err.h>

/* The certificate that goes with the key: the first of its own text, or of the key's. */
static bool read_signer(struct cms_key key, struct pem_text certificate, struct chain **ret,
                        struct error *err)
{
    if (certificate.text.data)
        return chain_parse(certificate, ret, err);
    if (str_find(key.pem.text, STR("-----BEGIN CERTIFICATE-----")) < 0)
        return error_set(err,
                         "%s: has no certificate beside the key; put the signer's certificate into "
                         "that file, or give it on its own",
                         key.pem.name);
    return chain_parse(key.pem, ret, err);
}

static bool check_signer(struct cms_key key, EVP_PKEY *private, const struct chain *chain,
                         int64_t now, struct error *err)
{
    const struct certificate *certificate = &chain->certificates[0];
    X509 *x509 = sk_X509_value(chain->x509, 0);
    if (EVP_PKEY_eq(X509_get0_pubkey(x509), private) != 1)
        return error_set(err, "%s: is the key of another certificate, not of '%.100s' in %s",
                         key.pem.name, certificate->subject, chain->name);
    if (!cms_key_usage(private, certificate->key_type))
        return error_set(err,
                         "%s: is a key %s, expected RSA 2048 to 8192 or ECDSA P-256, P-384 or "
                         "P-521 for signing",
                         key.pem.name, certificate->key_type);
    return cms_check_dates(certificate, now, err) || error_wrap(err, "%s", chain->name);
}

bool cms_sign(struct cms_key key, struct pem_text certificate, struct str text, int64_t now,
              struct buf *signature, struct error *err)
{
    cleanup(x509_key_free) EVP_PKEY *private = NULL;
    cleanup(chain_drop) struct chain *chain = NULL;
    if (!x509_read_sealed_key(key.pem, key.passphrase, &private, err) ||
        !read_signer(key, certificate, &chain, err) || !check_signer(key, private, chain, now, err))
        return false;
    unsigned flags = CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP;
    cleanup(x509_bio_free) BIO *bio = BIO_new_mem_buf(text.data, (int)text.length);
    cleanup(cms_message_free) CMS_ContentInfo *message =
        CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL);
    if (!bio || !message ||
        !CMS_add1_signer(message, sk_X509_value(chain->x509, 0), private, EVP_sha256(), flags) ||
        !CMS_final(message, bio, NULL, flags) || !cms_message_write(message, signature))
        return x509_fail("cannot sign", err);
    return true;
}

/* Whether one of the signatures says to be the certificate's. */
static bool names_signer(CMS_ContentInfo *message, X509 *certificate)
{
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(message);
    for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++)
        if (CMS_SignerInfo_cert_cmp(sk_CMS_SignerInfo_value(signers, i), certificate) == 0)
            return true;
    return false;
}

bool cms_verify(struct pem_text signature, struct pem_text certificate, struct str text,
                struct error *err)
{
    cleanup(chain_drop) struct chain *chain = NULL;
    cleanup(cms_message_free) CMS_ContentInfo *message = NULL;
    if (!chain_parse(certificate, &chain, err) ||
        !cms_message_read(signature, NID_pkcs7_signed, "a signature (CMS signedData, DER)",
                          &message, err))
        return false;
    X509 *x509 = sk_X509_value(chain->x509, 0);
    if (!names_signer(message, x509))
        return error_set(err, "%s: is not a signature by '%.100s' in %s, but by somebody else",
                         signature.name, chain->certificates[0].subject, chain->name);
    STACK_OF(X509) *signers = sk_X509_new_null();
    cleanup(x509_bio_free) BIO *bio = BIO_new_mem_buf(text.data, (int)text.length);
    bool fine = signers && bio && sk_X509_push(signers, x509) &&
                CMS_verify(message, signers, NULL, bio, NULL,
                           CMS_BINARY | CMS_DETACHED | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY);
    sk_X509_free(signers);
    ERR_clear_error();
    return fine ? true
                : error_set(err,
                            "%s: does not fit: what it was made for, or the signature, was altered",
                            signature.name);
}
