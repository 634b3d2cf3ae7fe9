#include "certs/cms.h"

#include "base/mem.h"
#include "certs/cms_parts.h"
#include "certs/secret.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define TAG_LENGTH 16 /* the whole of it */

/* ---- recipients ---- */

bool cms_check_recipient(const struct chain *chain, size_t index, int64_t now, struct error *err)
{
    const struct certificate *certificate = &chain->certificates[index];
    X509 *x509 = sk_X509_value(chain->x509, (int)index);
    uint32_t usage = cms_key_usage(X509_get0_pubkey(x509), certificate->key_type);
    if (!usage)
        return error_set(err,
                         "'%.200s' has the key %s, expected RSA 2048 to 8192 or ECDSA P-256, P-384 "
                         "or P-521; make a recipient with such a key",
                         certificate->subject, certificate->key_type);
    /* All bits are set when the certificate says nothing. */
    if (!(X509_get_key_usage(x509) & usage))
        return error_set(err,
                         "'%.200s' is not for encryption, its key usage lacks %s; make a recipient "
                         "with it, or without key usage",
                         certificate->subject,
                         usage == KU_KEY_AGREEMENT ? "keyAgreement" : "keyEncipherment");
    return cms_check_dates(certificate, now, err);
}

/* ---- encrypting ---- */

static bool use_oaep(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

/* Without a choice it would be SHA-1 (RFC 5753 7.1.1). The rest is as OpenSSL has it: it refuses to
 * be told what it does anyhow. */
static bool use_sha256(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
}

static bool add_recipient(CMS_ContentInfo *message, X509 *certificate)
{
    CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(message, certificate, CMS_KEY_PARAM);
    EVP_PKEY_CTX *context = recipient ? CMS_RecipientInfo_get0_pkey_ctx(recipient) : NULL;
    if (!context)
        return false;
    return cms_key_is_rsa(X509_get0_pubkey(certificate)) ? use_oaep(context) : use_sha256(context);
}

static bool add_recipients(CMS_ContentInfo *message, const struct chain *const *recipients,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int j = 0; j < sk_X509_num(recipients[i]->x509); j++)
            if (!add_recipient(message, sk_X509_value(recipients[i]->x509, j)))
                return false;
    return count > 0;
}

bool cms_encrypt(const struct chain *const *recipients, size_t count, struct str plain,
                 struct buf *sealed, struct error *err)
{
    if (plain.length > CMS_PLAIN_MAX)
        return error_set(err, "%zu bytes are to be encrypted, expected at most %u", plain.length,
                         CMS_PLAIN_MAX);
    unsigned flags = CMS_BINARY | CMS_PARTIAL;
    cleanup(x509_bio_free) BIO *bio = BIO_new_mem_buf(plain.data, (int)plain.length);
    cleanup(cms_message_free) CMS_ContentInfo *message =
        CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), flags);
    if (!bio || !message || !add_recipients(message, recipients, count) ||
        !CMS_final(message, bio, NULL, flags) || !cms_message_write(message, sealed))
        return x509_fail("cannot encrypt", err);
    return true;
}

/* ---- decrypting ---- */

/* Only OAEP: it fails with a wrong key, so that nothing has to be hidden from whoever asks. */
static bool open_transport(CMS_ContentInfo *message, CMS_RecipientInfo *recipient, EVP_PKEY *key)
{
    X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    if (!cms_key_is_rsa(key) ||
        !CMS_RecipientInfo_ktri_get0_algs(recipient, NULL, NULL, &algorithm) || !algorithm)
        return false;
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    if (OBJ_obj2nid(object) != NID_rsaesOaep || !EVP_PKEY_up_ref(key) ||
        !CMS_RecipientInfo_set0_pkey(recipient, key))
        return false;
    return CMS_RecipientInfo_decrypt(message, recipient) > 0;
}

static bool open_agreement(CMS_ContentInfo *message, CMS_RecipientInfo *recipient, EVP_PKEY *key)
{
    STACK_OF(CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_kari_get0_reks(recipient);
    bool opened = false;
    if (!EVP_PKEY_is_a(key, "EC"))
        return false;
    for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys) && !opened; i++) {
        if (!CMS_RecipientInfo_kari_set0_pkey(recipient, key))
            return false;
        opened = CMS_RecipientInfo_kari_decrypt(message, recipient,
                                                sk_CMS_RecipientEncryptedKey_value(keys, i)) > 0;
        CMS_RecipientInfo_kari_set0_pkey(recipient, NULL);
    }
    return opened;
}

/* Whether the key opens the content's key for one of the recipients. */
static bool open_for(CMS_ContentInfo *message, EVP_PKEY *key)
{
    STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(message);
    bool opened = false;
    for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients) && !opened; i++) {
        CMS_RecipientInfo *recipient = sk_CMS_RecipientInfo_value(recipients, i);
        int type = CMS_RecipientInfo_type(recipient);
        opened = (type == CMS_RECIPINFO_TRANS && open_transport(message, recipient, key)) ||
                 (type == CMS_RECIPINFO_AGREE && open_agreement(message, recipient, key));
    }
    ERR_clear_error();
    return opened;
}

/* "serial 1267 of 'CN=a'" of one recipient; the issuer's name, as a message has nothing else. */
static void describe_recipient(CMS_RecipientInfo *recipient, struct strlist *list)
{
    X509_NAME *issuer = NULL;
    ASN1_INTEGER *serial = NULL;
    STACK_OF(CMS_RecipientEncryptedKey) *keys = NULL;
    if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS)
        CMS_RecipientInfo_ktri_get0_signer_id(recipient, NULL, &issuer, &serial);
    else if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_AGREE)
        keys = CMS_RecipientInfo_kari_get0_reks(recipient);
    if (sk_CMS_RecipientEncryptedKey_num(keys) > 0)
        CMS_RecipientEncryptedKey_get0_id(sk_CMS_RecipientEncryptedKey_value(keys, 0), NULL, NULL,
                                          NULL, &issuer, &serial);
    if (!issuer || !serial)
        return;
    autofree char *name = x509_name(issuer);
    autofree char *number = x509_serial(serial);
    strlist_addf(list, "serial %.40s issued by '%.100s'", number, name);
}

static bool wrong_key(struct pem_text sealed, struct pem_text key, CMS_ContentInfo *message,
                      struct error *err)
{
    cleanup(strlist_clear) struct strlist list = {0};
    STACK_OF(CMS_RecipientInfo) *recipients = CMS_get0_RecipientInfos(message);
    for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); i++)
        describe_recipient(sk_CMS_RecipientInfo_value(recipients, i), &list);
    autofree char *all = strlist_join(&list, ", ");
    return error_set(err, "%s: is not encrypted to the key %s, only to %s", sealed.name, key.name,
                     *all ? all : "nobody");
}

static void content_free(BIO **content)
{
    BIO_free_all(*content);
}

/* OpenSSL takes any cipher that a message names, also one that checks nothing, and a tag as short
 * as it is there. */
static bool is_checked(BIO *content)
{
    EVP_CIPHER_CTX *context = NULL;
    BIO_get_cipher_ctx(content, &context);
    return context && EVP_CIPHER_is_a(EVP_CIPHER_CTX_get0_cipher(context), "AES-256-GCM") &&
           EVP_CIPHER_CTX_get_tag_length(context) == TAG_LENGTH;
}

/* Fills the text up to its size; whether it is all there, and its tag fits. */
static bool decrypt_all(BIO *content, struct buf *text)
{
    int got = 1;
    while (got > 0 && text->length < text->size) {
        got = BIO_read(content, text->data + text->length, (int)(text->size - text->length));
        text->length += got > 0 ? (size_t)got : 0;
    }
    return got == 0 && BIO_get_cipher_status(content) == 1;
}

/* What comes out of a decryption before its tag was checked never leaves this function. */
static bool read_content(struct pem_text sealed, CMS_ContentInfo *message, struct buf *plain,
                         struct error *err)
{
    cleanup(content_free) BIO *content = CMS_dataInit(message, NULL);
    cleanup(secret_clear) struct buf text = BUF(CMS_SEALED_MAX);
    bool whole = content && is_checked(content) && buf_reserve(&text, sealed.text.length) &&
                 decrypt_all(content, &text);
    ERR_clear_error();
    if (!whole)
        return error_set(err,
                         "%s: was altered, its content does not pass the check of AES-GCM; fetch "
                         "it again, or take another archive",
                         sealed.name);
    if (text.length > plain->limit)
        return error_set(err, "%s: holds more than %zu bytes", sealed.name, plain->limit);
    buf_add(plain, buf_str(&text));
    return true;
}

bool cms_decrypt(struct pem_text sealed, struct cms_key key, struct buf *plain, struct error *err)
{
    cleanup(cms_message_free) CMS_ContentInfo *message = NULL;
    cleanup(x509_key_free) EVP_PKEY *private = NULL;
    if (!x509_read_sealed_key(key.pem, key.passphrase, &private, err) ||
        !cms_message_read(sealed, NID_id_smime_ct_authEnvelopedData,
                          "an encrypted archive (CMS authEnvelopedData, DER)", &message, err))
        return false;
    if (!open_for(message, private))
        return wrong_key(sealed, key.pem, message, err);
    return read_content(sealed, message, plain, err);
}
