/* What encrypting and signing have in common: CMS messages, and the keys that are good enough. For
 * certs/cms*.c only. */
#ifndef CERTS_CMS_PARTS_H
#define CERTS_CMS_PARTS_H

#include "certs/x509.h"

#include <openssl/cms.h>

bool cms_key_is_rsa(const EVP_PKEY *key);

/* The key usage (X509_get_key_usage()) by which one encrypts to the holder of the key; 0 for one
 * that is weak, or of no kind that we use. `type` is as x509_key_type() gives it. */
uint32_t cms_key_usage(const EVP_PKEY *key, const char *type);

/* Whether the certificate is valid at `now`. */
bool cms_check_dates(const struct certificate *certificate, int64_t now, struct error *err)
    __attribute__((warn_unused_result));

/* For cleanup(). */
void cms_message_free(CMS_ContentInfo **message);

/* Adds the DER of the message to an empty buffer, in one reservation. */
bool cms_message_write(CMS_ContentInfo *message, struct buf *der)
    __attribute__((warn_unused_result));

/* Exactly one message of this type, a NID, which errors call `expected`; the caller frees. */
bool cms_message_read(struct pem_text sealed, int type, const char *expected, CMS_ContentInfo **ret,
                      struct error *err) __attribute__((warn_unused_result));

#endif
