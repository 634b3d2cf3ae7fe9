#include "certs/x509.h"

#include "base/buf.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/x509v3.h>
#include <time.h>

/* Far above what real names need; a longer one is shown as "(too long)". */
#define NAME_MAX_SHOWN 4096

static char *taken(struct buf *text)
{
    char *result = buf_take(text);
    return result ? result : xstrdup("(too long)");
}

char *x509_name(const X509_NAME *name)
{
    struct buf text = BUF(NAME_MAX_SHOWN);
    cleanup(x509_bio_free) BIO *bio = BIO_new(BIO_s_mem());
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        const char *data;
        size_t length = (size_t)BIO_get_mem_data(bio, &data);
        buf_add(&text, (struct str){data, length});
    }
    return taken(&text);
}

static void add_hex(struct buf *text, const unsigned char *bytes, size_t count, const char *between)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(text, "%s%02X", i ? between : "", bytes[i]);
}

char *x509_serial(const ASN1_INTEGER *serial)
{
    struct buf text = BUF(NAME_MAX_SHOWN);
    add_hex(&text, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), "");
    return taken(&text);
}

static char *fingerprint_text(const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    struct buf text = BUF(NAME_MAX_SHOWN);
    if (X509_digest(certificate, EVP_sha256(), digest, &length))
        add_hex(&text, digest, length, ":");
    return taken(&text);
}

/* Whether the curve is written out instead of named, which Go refuses even for P-256. */
static bool has_explicit_curve(const EVP_PKEY *key)
{
    int explicit_curve = 0;
    return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                  &explicit_curve) &&
           explicit_curve;
}

char *x509_key_type(EVP_PKEY *key)
{
    char group[64];
    if (!key)
        return xstrdup("unknown");
    if (!EVP_PKEY_is_a(key, "EC"))
        return xasprintf("%s %d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
    if (has_explicit_curve(key) || !EVP_PKEY_get_group_name(key, group, sizeof(group), NULL))
        return xstrdup("ECDSA on a curve without a name");
    const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));
    return xasprintf("ECDSA %s", nist ? nist : group);
}

/* A DNS name is text of the certificate's maker: it may hold anything. */
static void add_dns_name(struct strlist *names, const ASN1_STRING *name)
{
    const unsigned char *data = ASN1_STRING_get0_data(name);
    struct buf text = BUF(NAME_MAX_SHOWN);
    for (int i = 0; i < ASN1_STRING_length(name); i++)
        buf_addf(&text, data[i] > 0x20 && data[i] < 0x7f ? "%c" : "\\%02X", data[i]);
    autofree char *shown = taken(&text);
    strlist_add(names, str_of(shown));
}

static void add_ip_address(struct strlist *names, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN];
    int length = ASN1_STRING_length(address);
    int family = length == 4 ? AF_INET : AF_INET6;
    if (length != 4 && length != 16)
        return;
    inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text));
    strlist_add(names, str_of(text));
}

static void add_names(struct strlist *names, const X509 *certificate)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS)
            add_dns_name(names, name->d.dNSName);
        if (name->type == GEN_IPADD)
            add_ip_address(names, name->d.iPAddress);
    }
    GENERAL_NAMES_free(all);
}

static bool seconds_of(const ASN1_TIME *time, int64_t *ret)
{
    struct tm parts;
    if (!ASN1_TIME_to_tm(time, &parts))
        return false;
    *ret = timegm(&parts);
    return true;
}

bool x509_describe(X509 *certificate, struct certificate *ret, struct error *err)
{
    int64_t not_before;
    int64_t not_after;
    if (!seconds_of(X509_get0_notBefore(certificate), &not_before) ||
        !seconds_of(X509_get0_notAfter(certificate), &not_after))
        return error_set(err, "is damaged, its validity is not two dates");
    *ret = (struct certificate){
        .subject = x509_name(X509_get_subject_name(certificate)),
        .issuer = x509_name(X509_get_issuer_name(certificate)),
        .serial = x509_serial(X509_get0_serialNumber(certificate)),
        .key_type = x509_key_type(X509_get0_pubkey(certificate)),
        .fingerprint = fingerprint_text(certificate),
        .not_before = not_before,
        .not_after = not_after,
        .is_ca = X509_check_ca(certificate) > 0,
    };
    add_names(&ret->names, certificate);
    return true;
}

void x509_describe_done(struct certificate *certificate)
{
    free(certificate->subject);
    free(certificate->issuer);
    free(certificate->serial);
    free(certificate->key_type);
    free(certificate->fingerprint);
    strlist_clear(&certificate->names);
}
