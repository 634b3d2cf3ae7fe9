#include "certs/cms_parts.h"

#include "base/mem.h"
#include "certs/cms.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* ---- keys ---- */

bool cms_key_is_rsa(const EVP_PKEY *key)
{
    return key && EVP_PKEY_is_a(key, "RSA");
}

uint32_t cms_key_usage(const EVP_PKEY *key, const char *type)
{
    static const char *const curves[] = {"ECDSA P-256", "ECDSA P-384", "ECDSA P-521"};
    if (cms_key_is_rsa(key))
        return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 8192
                   ? KU_KEY_ENCIPHERMENT
                   : 0;
    for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
        if (str_is(str_of(type), curves[i]))
            return KU_KEY_AGREEMENT;
    return 0;
}

bool cms_check_dates(const struct certificate *certificate, int64_t now, struct error *err)
{
    char limit[CHAIN_TIME_SIZE];
    if (now < certificate->not_before)
        return error_set(err, "'%.200s' is not valid before %s; is the clock right?",
                         certificate->subject, chain_time(certificate->not_before, limit));
    if (now > certificate->not_after)
        return error_set(err, "'%.200s' expired at %s; renew it", certificate->subject,
                         chain_time(certificate->not_after, limit));
    return true;
}

/* ---- messages ---- */

void cms_message_free(CMS_ContentInfo **message)
{
    CMS_ContentInfo_free(*message);
}

bool cms_message_write(CMS_ContentInfo *message, struct buf *der)
{
    cleanup(x509_bio_free) BIO *bio = BIO_new(BIO_s_mem());
    const char *data;
    if (!bio || !i2d_CMS_bio(bio, message))
        return false;
    size_t length = (size_t)BIO_get_mem_data(bio, &data);
    buf_add(der, (struct str){data, length});
    return !der->failed;
}

/* How long the DER says to be, header included; 0 when it does not say (RFC 5652 allows BER). */
static size_t stated_length(struct str der)
{
    const unsigned char *at = (const unsigned char *)der.data;
    if (der.length < 2 || at[0] != 0x30 || at[1] == 0x80)
        return 0;
    if (at[1] < 0x80)
        return 2u + at[1];
    size_t digits = at[1] & 0x7fu;
    size_t length = 0;
    if (digits > 4 || der.length < 2 + digits)
        return 0;
    for (size_t i = 0; i < digits; i++)
        length = length << 8 | at[2 + i];
    return 2 + digits + length;
}

static bool no_message(struct pem_text sealed, const char *expected, struct error *err)
{
    ERR_clear_error();
    if (sealed.text.length == 0)
        return error_set(err, "%s: is empty, expected %s", sealed.name, expected);
    size_t stated = stated_length(sealed.text);
    if (stated > sealed.text.length && stated <= CMS_SEALED_MAX)
        return error_set(err,
                         "%s: is truncated, %zu of %zu bytes are there; fetch it again, or take "
                         "another archive",
                         sealed.name, sealed.text.length, stated);
    return error_set(err, "%s: is not %s", sealed.name, expected);
}

bool cms_message_read(struct pem_text sealed, int type, const char *expected, CMS_ContentInfo **ret,
                      struct error *err)
{
    if (sealed.text.length > CMS_SEALED_MAX)
        return error_set(err, "%s: is %zu bytes long, expected at most %u", sealed.name,
                         sealed.text.length, CMS_SEALED_MAX);
    const unsigned char *at = (const unsigned char *)sealed.text.data;
    CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)sealed.text.length);
    size_t used = message ? (size_t)(at - (const unsigned char *)sealed.text.data) : 0;
    if (!message || used != sealed.text.length || OBJ_obj2nid(CMS_get0_type(message)) != type) {
        CMS_ContentInfo_free(message);
        if (used && used != sealed.text.length)
            return error_set(err, "%s: has %zu bytes too many at its end", sealed.name,
                             sealed.text.length - used);
        return no_message(sealed, expected, err);
    }
    *ret = message;
    return true;
}
