#include "certs/ca.h"

#include "base/mem.h"
#include "certs/secret.h"
#include "certs/x509.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#define COMMON_NAME_MAX 64 /* ub-common-name, RFC 5280 appendix A.1 */
#define SERIAL_BITS 128
#define HOUR 3600
#define DAY (24 * HOUR)
#define PEM_MAX (64u * 1024)

/* X.509 counts versions from 0. */
#define VERSION_3 2

struct extension {
    int nid;
    const char *value;
};

static const struct extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};

static const struct extension leaf_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static bool is_ip_address(const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* RFC 1123 2.1: letters in lower case here, because clients compare what they print. The last
 * label is never a number: that would be a mistyped IP address. */
static bool is_dns_name(struct str name)
{
    uint64_t number;
    if (name.length > 253)
        return false;
    if (str_starts(name, STR("*.")))
        name = str_skip(name, 2);
    for (;;) {
        long dot = str_find(name, STR("."));
        struct str label = {name.data, dot < 0 ? name.length : (size_t)dot};
        if (!str_is_dns_label(label))
            return false;
        if (dot < 0)
            return !str_number(label, &number);
        name = str_skip(name, label.length + 1);
    }
}

static bool check_days(unsigned days, struct error *err)
{
    if (days == 0 || days > CA_DAYS_MAX)
        return error_set(err, "a life of %u days, expected 1 to %u", days, CA_DAYS_MAX);
    return true;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *serial = BN_new();
    bool done = serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
    BN_free(serial);
    return done;
}

static bool set_subject(X509 *certificate, const char *name)
{
    size_t length = strnlen(name, COMMON_NAME_MAX);
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                      MBSTRING_UTF8, (const unsigned char *)name, (int)length, -1,
                                      0) == 1;
}

static bool set_dates(X509 *certificate, const X509 *issuer, unsigned days, int64_t now)
{
    time_t first = now - HOUR;
    time_t last = now + (int64_t)days * DAY;
    if (!ASN1_TIME_set(X509_getm_notBefore(certificate), first))
        return false;
    if (issuer && X509_cmp_time(X509_get0_notAfter(issuer), &last) < 0)
        return X509_set1_notAfter(certificate, X509_get0_notAfter(issuer)) == 1;
    return ASN1_TIME_set(X509_getm_notAfter(certificate), last) != NULL;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *extensions,
                           size_t count)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_nconf_nid(NULL, &context, extensions[i].nid, extensions[i].value);
        bool added = extension && X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        if (!added)
            return false;
    }
    return true;
}

/* Hands the value over to the new name, or frees it. */
static bool push_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    if (!name || !value) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name))
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool push_text(GENERAL_NAMES *names, const char *text)
{
    if (is_ip_address(text))
        return push_name(names, GEN_IPADD, a2i_IPADDRESS(text));
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    if (value && !ASN1_STRING_set(value, text, -1)) {
        ASN1_IA5STRING_free(value);
        return false;
    }
    return push_name(names, GEN_DNS, value);
}

/* Built by value and not by OpenSSL's text syntax, in which a comma in a name adds another one. */
static bool add_names(X509 *certificate, const struct strlist *names)
{
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    bool done = all != NULL;
    for (size_t i = 0; done && i < names->count; i++)
        done = push_text(all, names->items[i]);
    done = done && X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, 0) == 1;
    GENERAL_NAMES_free(all);
    return done;
}

/* All but the extensions. Without an issuer the certificate is its own. */
static bool fill(X509 *certificate, EVP_PKEY *key, const X509 *issuer, const char *name,
                 unsigned days, int64_t now)
{
    if (!X509_set_version(certificate, VERSION_3) || !set_serial(certificate) ||
        !set_subject(certificate, name) || !X509_set_pubkey(certificate, key))
        return false;
    return X509_set_issuer_name(certificate,
                                X509_get_subject_name(issuer ? issuer : certificate)) &&
           set_dates(certificate, issuer, days, now);
}

static bool sign_and_write(X509 *certificate, EVP_PKEY *key, EVP_PKEY *signer, struct ca_pair *ret)
{
    struct ca_pair pair = {BUF(PEM_MAX), BUF(PEM_MAX)};
    if (X509_sign(certificate, signer, EVP_sha256()) &&
        x509_write(certificate, &pair.certificate) && x509_write_key(key, &pair.key)) {
        *ret = pair;
        return true;
    }
    ca_pair_done(&pair);
    return false;
}

bool ca_make(const char *name, unsigned days, int64_t now, struct ca_pair *ret, struct error *err)
{
    if (!check_days(days, err))
        return false;
    cleanup(x509_key_free) EVP_PKEY *key = EVP_EC_gen("P-256");
    cleanup(x509_free) X509 *certificate = X509_new();
    if (key && certificate && fill(certificate, key, NULL, name, days, now) &&
        add_extensions(certificate, NULL, ca_extensions,
                       sizeof(ca_extensions) / sizeof(*ca_extensions)) &&
        sign_and_write(certificate, key, key, ret))
        return true;
    return x509_fail("cannot make a CA", err);
}

bool ca_check_names(const struct strlist *names, struct error *err)
{
    if (names->count == 0)
        return error_set(err, "no name, expected at least one DNS name or IP address");
    if (names->count > CA_NAMES_MAX)
        return error_set(err, "%zu names, expected at most %d", names->count, CA_NAMES_MAX);
    for (size_t i = 0; i < names->count; i++)
        if (!is_ip_address(names->items[i]) && !is_dns_name(str_of(names->items[i])))
            return error_set(err,
                             "'%.253s' is neither a DNS name (lower-case letters, digits, '-' and "
                             "'.') nor an IP address",
                             names->items[i]);
    return true;
}

/* The CA's first certificate and its key, out of the texts. */
static bool read_issuer(const struct ca_pair *ca, X509 **ret_certificate, EVP_PKEY **ret_key,
                        struct error *err)
{
    STACK_OF(X509) *list = NULL;
    if (!x509_read((struct pem_text){"CA certificate", buf_str(&ca->certificate)}, &list, err))
        return false;
    *ret_certificate = sk_X509_shift(list);
    sk_X509_pop_free(list, X509_free);
    if (!x509_read_key((struct pem_text){"CA key", buf_str(&ca->key)}, ret_key, err))
        return false;
    if (X509_check_private_key(*ret_certificate, *ret_key) == 1)
        return true;
    ERR_clear_error();
    return error_set(err, "CA key: is the key of another certificate, not the CA's");
}

bool ca_issue(const struct ca_pair *ca, const struct strlist *names, unsigned days, int64_t now,
              struct ca_pair *ret, struct error *err)
{
    if (!check_days(days, err) || !ca_check_names(names, err))
        return false;
    cleanup(x509_free) X509 *ca_certificate = NULL;
    cleanup(x509_key_free) EVP_PKEY *ca_key = NULL;
    if (!read_issuer(ca, &ca_certificate, &ca_key, err))
        return false;
    cleanup(x509_key_free) EVP_PKEY *key = EVP_EC_gen("P-256");
    cleanup(x509_free) X509 *certificate = X509_new();
    if (key && certificate && fill(certificate, key, ca_certificate, names->items[0], days, now) &&
        add_extensions(certificate, ca_certificate, leaf_extensions,
                       sizeof(leaf_extensions) / sizeof(*leaf_extensions)) &&
        add_names(certificate, names) && sign_and_write(certificate, key, ca_key, ret))
        return true;
    return x509_fail("cannot issue a certificate", err);
}

void ca_pair_done(struct ca_pair *pair)
{
    buf_clear(&pair->certificate);
    secret_clear(&pair->key);
}
