/*
 * Certificates as no product of ours makes them: weak, nameless, out of date. For the tests of
 * certs/ only.
 */
#ifndef TESTS_UNIT_FORGE_H
#define TESTS_UNIT_FORGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* 2026-09-21T14:13:20Z */
#define FORGE_NOW 1790000000
#define FORGE_DAY 86400

/* What differs from an RSA 2048, SHA-256 certificate without extensions
 * that is valid from one day before FORGE_NOW until one day after. */
struct forge {
    const char *subject;    /* common name */
    const char *curve;      /* ECDSA on it; NULL: RSA */
    bool curve_written_out; /* its parameters instead of its name */
    unsigned bits;          /* of RSA */
    const char *digest;     /* "SHA256" when NULL */
    const char *names;      /* subjectAltName: "DNS:a,IP:10.0.0.1" */
    const char *usage;      /* extendedKeyUsage */
    const char *key_usage;
    const char *constraint; /* basicConstraints */
    int64_t from;
    int64_t until;
};

struct forged {
    X509 *certificate;
    EVP_PKEY *key;
    char *certificate_pem;
    char *key_pem;
};

static inline char *forge_text(BIO *bio)
{
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)length);
    BIO_free(bio);
    return text;
}

static inline void forge_extension(X509 *certificate, int nid, const char *value)
{
    if (!value)
        return;
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* Signed by `issuer`, or by itself when that is NULL. */
static inline struct forged forge(struct forge wish, const struct forged *issuer)
{
    struct forged made = {.certificate = X509_new()};
    made.key = wish.curve ? EVP_EC_gen(wish.curve) : EVP_RSA_gen(wish.bits ? wish.bits : 2048);
    if (wish.curve_written_out)
        EVP_PKEY_set_utf8_string_param(made.key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
    X509_set_version(made.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), 4711);
    X509_NAME *subject = X509_get_subject_name(made.certificate);
    if (wish.subject)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                   (const unsigned char *)wish.subject, -1, -1, 0);
    X509_set_issuer_name(made.certificate,
                         issuer ? X509_get_subject_name(issuer->certificate) : subject);
    ASN1_TIME_set(X509_getm_notBefore(made.certificate),
                  wish.from ? wish.from : FORGE_NOW - FORGE_DAY);
    ASN1_TIME_set(X509_getm_notAfter(made.certificate),
                  wish.until ? wish.until : FORGE_NOW + FORGE_DAY);
    X509_set_pubkey(made.certificate, made.key);
    forge_extension(made.certificate, NID_basic_constraints, wish.constraint);
    forge_extension(made.certificate, NID_subject_alt_name, wish.names);
    forge_extension(made.certificate, NID_ext_key_usage, wish.usage);
    forge_extension(made.certificate, NID_key_usage, wish.key_usage);
    X509_sign(made.certificate, issuer ? issuer->key : made.key,
              EVP_get_digestbyname(wish.digest ? wish.digest : "SHA256"));

    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, made.certificate);
    made.certificate_pem = forge_text(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, made.key, NULL, NULL, 0, NULL, NULL);
    made.key_pem = forge_text(bio);
    return made;
}

static inline void forged_done(struct forged *made)
{
    X509_free(made->certificate);
    EVP_PKEY_free(made->key);
    free(made->certificate_pem);
    free(made->key_pem);
}

#endif
