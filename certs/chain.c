#include "certs/chain.h"

#include "base/mem.h"
#include "certs/x509.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <time.h>

bool chain_parse(struct pem_text pem, struct chain **ret, struct error *err)
{
    cleanup(chain_drop) struct chain *chain = xcalloc(1, sizeof(*chain));
    chain->name = xstrdup(pem.name);
    if (!x509_read(pem, &chain->x509, err))
        return false;
    size_t count = (size_t)sk_X509_num(chain->x509);
    chain->certificates = xcalloc(count, sizeof(*chain->certificates));
    for (size_t i = 0; i < count; i++, chain->count++) {
        X509 *certificate = sk_X509_value(chain->x509, (int)i);
        if (!x509_describe(certificate, &chain->certificates[i], err))
            return error_wrap(err, "%s: certificate %zu", pem.name, i + 1);
    }
    *ret = TAKE(chain);
    return true;
}

void chain_free(struct chain *chain)
{
    if (!chain)
        return;
    for (size_t i = 0; i < chain->count; i++)
        x509_describe_done(&chain->certificates[i]);
    free(chain->certificates);
    sk_X509_pop_free(chain->x509, X509_free);
    free(chain->name);
    free(chain);
}

void chain_drop(struct chain **chain)
{
    chain_free(*chain);
}

size_t chain_count(const struct chain *chain)
{
    return chain->count;
}

const struct certificate *chain_at(const struct chain *chain, size_t index)
{
    return &chain->certificates[index];
}

bool chain_has_name(const struct chain *chain, const char *name)
{
    X509 *leaf = sk_X509_value(chain->x509, 0);
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_check_ip_asc(leaf, name, 0) == 1;
    /* OpenSSL takes ".example.com" for a question about all subdomains, and "" for no question. */
    if (name[0] == '.' || name[0] == '\0')
        return false;
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    return X509_check_host(leaf, name, 0, flags, NULL) == 1;
}

const char *chain_time(int64_t seconds, char text[CHAIN_TIME_SIZE])
{
    time_t time = seconds;
    struct tm parts;
    if (!gmtime_r(&time, &parts) || !strftime(text, CHAIN_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts))
        text[0] = '\0';
    return text;
}

static bool outdated(const struct certificate *certificate, int64_t now, struct error *err)
{
    char limit[CHAIN_TIME_SIZE];
    char today[CHAIN_TIME_SIZE];
    chain_time(now, today);
    if (now > certificate->not_after)
        return error_set(err, "expired at %s, now it is %s; renew it",
                         chain_time(certificate->not_after, limit), today);
    if (now < certificate->not_before)
        return error_set(err,
                         "is valid only from %s on, now it is %s; check this machine's clock, or "
                         "wait",
                         chain_time(certificate->not_before, limit), today);
    return true;
}

static bool is_root(X509 *certificate)
{
    return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
}

bool chain_check_time(const struct chain *chain, int64_t now, struct error *err)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (i > 0 && is_root(sk_X509_value(chain->x509, (int)i)))
            continue;
        const struct certificate *certificate = &chain->certificates[i];
        if (!outdated(certificate, now, err))
            return error_wrap(err, "%s: certificate %zu of %zu ('%.100s')", chain->name, i + 1,
                              chain->count, certificate->subject);
    }
    return true;
}

/* What a person does about a verdict of OpenSSL; those without a row get its own words. */
static const struct {
    int code;
    const char *advice;
} verdicts[] = {
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
     "no certificate of the CA bundle signed it; add the CA that did, or send the intermediates "
     "along"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "no certificate of the CA bundle signed it; add the CA that did, or send the intermediates "
     "along"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     "it signed itself and is not in the CA bundle; add it there, or use one that a CA signed"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     "the chain ends in a root that is not in the CA bundle; add that root there"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE,
     "its signature was made with another key than its issuer's; issue it again"},
    {X509_V_ERR_CERT_HAS_EXPIRED, "it has expired; renew it"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "it is not valid yet; check this machine's clock"},
    {X509_V_ERR_INVALID_PURPOSE,
     "its key usage does not allow what it is used for here (a server's certificate needs "
     "serverAuth, a CA keyCertSign)"},
    {X509_V_ERR_INVALID_CA,
     "it signed another one but is no CA; issue it with basicConstraints CA:TRUE"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "it is signed with a weak digest; issue it again with SHA-256"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "its key is too small; expected ECDSA or at least RSA 2048"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "its key is too small; expected ECDSA or at least RSA 2048"},
};

static const char *verdict_text(int code)
{
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
        if (verdicts[i].code == code)
            return verdicts[i].advice;
    return X509_verify_cert_error_string(code);
}

static bool explain(X509_STORE_CTX *context, const struct chain *chain, const struct chain *bundle,
                    struct error *err)
{
    cleanup(x509_describe_done) struct certificate culprit = {0};
    struct error unused;
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    bool known = certificate && x509_describe(certificate, &culprit, &unused);
    ERR_clear_error();
    return error_set(
        err, "%s: not accepted by a client that trusts %s: '%.100s', issued by '%.100s': %s",
        chain->name, bundle->name, known ? culprit.subject : "", known ? culprit.issuer : "",
        verdict_text(X509_STORE_CTX_get_error(context)));
}

static void ask_as_client(X509_STORE_CTX *context, int64_t now)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(param, now);
    X509_VERIFY_PARAM_set_auth_level(param, 2); /* 112 bits: no SHA-1, no RSA below 2048 */
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
}

bool chain_verify(const struct chain *chain, const struct chain *bundle, int64_t now,
                  struct error *err)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool ready = store && context &&
                 X509_STORE_CTX_init(context, store, sk_X509_value(chain->x509, 0), chain->x509);
    bool accepted = false;
    if (ready) {
        X509_STORE_CTX_set0_trusted_stack(context, bundle->x509);
        ask_as_client(context, now);
        accepted = X509_verify_cert(context) == 1 || explain(context, chain, bundle, err);
    } else {
        x509_fail("cannot verify a certificate", err);
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return accepted;
}
