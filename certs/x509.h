/*
 * OpenSSL's objects from and to PEM text, and what they say. For the files of certs/ only: nobody
 * else sees OpenSSL.
 */
#ifndef CERTS_X509_H
#define CERTS_X509_H

#include "base/buf.h"
#include "certs/chain.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct chain {
    char *name;
    STACK_OF(X509) * x509;
    struct certificate *certificates; /* one for each of x509 */
    size_t count;
};

/* For cleanup(). */
void x509_free(X509 **certificate);
void x509_key_free(EVP_PKEY **key);
void x509_bio_free(BIO **bio);

/* All certificates of the text, at least one; the caller frees. */
bool x509_read(struct pem_text pem, STACK_OF(X509) * *ret, struct error *err)
    __attribute__((warn_unused_result));

/* The text's first private key; never asks for a passphrase. The caller frees. */
bool x509_read_key(struct pem_text pem, EVP_PKEY **ret, struct error *err)
    __attribute__((warn_unused_result));

/* The same for a key that may be encrypted with the passphrase (STR_NONE: there is none). */
bool x509_read_sealed_key(struct pem_text pem, struct str passphrase, EVP_PKEY **ret,
                          struct error *err) __attribute__((warn_unused_result));

/* Adds the certificate, or the key as PKCS#8, as PEM to an empty buffer. */
bool x509_write(X509 *certificate, struct buf *pem) __attribute__((warn_unused_result));
bool x509_write_key(EVP_PKEY *key, struct buf *pem) __attribute__((warn_unused_result));

/* Fills in what the certificate says; fails on dates that are none. The caller frees. */
bool x509_describe(X509 *certificate, struct certificate *ret, struct error *err)
    __attribute__((warn_unused_result));
void x509_describe_done(struct certificate *certificate);

/* The key's kind and size, "RSA 2048"; the caller frees. */
char *x509_key_type(EVP_PKEY *key) __attribute__((warn_unused_result));

/* A name as RFC 2253 has it, and a serial number in hexadecimal; the caller frees. */
char *x509_name(const X509_NAME *name) __attribute__((warn_unused_result));
char *x509_serial(const ASN1_INTEGER *serial) __attribute__((warn_unused_result));

/* Sets "<what>: <the reason OpenSSL gave last>" and yields false. */
bool x509_fail(const char *what, struct error *err);

#endif
