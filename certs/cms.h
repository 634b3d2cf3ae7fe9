/*
 * Sealed texts (CMS, RFC 5652): encrypted to the holders of certificates with AES-256-GCM
 * (authEnvelopedData, RFC 5083), and signatures beside a text. Everything is in memory and bounded;
 * what held plaintext is overwritten. No clock: time is a parameter, in seconds UTC.
 * `openssl cms` reads and writes the same.
 */
#ifndef CERTS_CMS_H
#define CERTS_CMS_H

#include "base/buf.h"
#include "certs/chain.h"

/* Largest text that is encrypted, and largest CMS message that is read. */
#define CMS_PLAIN_MAX (8u * 1024 * 1024)
#define CMS_SEALED_MAX (CMS_PLAIN_MAX + 256u * 1024)
#define CMS_SIGNATURE_MAX (64u * 1024)

/* A private key as PEM, perhaps encrypted, perhaps with its certificate in the same text. */
struct cms_key {
    struct pem_text pem;
    struct str passphrase; /* STR_NONE: there is none */
};

/* Whether one can encrypt to the holder of this certificate at `now`: it is valid, its key is RSA
 * 2048 to 8192 or ECDSA P-256, P-384 or P-521, and its key usage allows it. The error says what is
 * wrong and the way out, without the place. */
bool cms_check_recipient(const struct chain *chain, size_t index, int64_t now, struct error *err)
    __attribute__((warn_unused_result));

/* Adds to `sealed` (empty) the DER of `plain` for all certificates of all chains, each of which
 * has passed cms_check_recipient(). RSA keys are used with OAEP and SHA-256, others by ECDH. */
bool cms_encrypt(const struct chain *const *recipients, size_t count, struct str plain,
                 struct buf *sealed, struct error *err) __attribute__((warn_unused_result));

/* Adds to `plain` (empty; the caller clears it with secret_clear()) what is inside. `sealed.name`
 * is what messages call it. Tells apart: what is no such message, a truncated one, a key that is
 * not for any recipient, and content that was altered. */
bool cms_decrypt(struct pem_text sealed, struct cms_key key, struct buf *plain, struct error *err)
    __attribute__((warn_unused_result));

/* Adds to `signature` (empty) the DER of a signature of the text, which is not inside. The
 * certificate is the first one of `certificate`, or, when that text is absent, of the key's. It
 * must belong to the key and be valid at `now`. */
bool cms_sign(struct cms_key key, struct pem_text certificate, struct str text, int64_t now,
              struct buf *signature, struct error *err) __attribute__((warn_unused_result));

/* Whether the holder of the (first) certificate signed the text. The certificate is trusted as it
 * is: whoever calls has chosen it. A signature outlives its certificate. */
bool cms_verify(struct pem_text signature, struct pem_text certificate, struct str text,
                struct error *err) __attribute__((warn_unused_result));

#endif
