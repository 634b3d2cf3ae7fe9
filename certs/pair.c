#include "certs/pair.h"

#include "base/mem.h"
#include "certs/secret.h"
#include "certs/x509.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>

/* Where in the file, "tls.crt: certificate 1 of 2 ('CN=a')"; the caller frees. */
static char *place_of(const struct chain *chain, size_t index)
{
    return xasprintf("%s: certificate %zu of %zu ('%.100s')", chain->name, index + 1, chain->count,
                     chain->certificates[index].subject);
}

/* Besides RSA, what Go's crypto/tls takes from a server (names as x509_key_type() gives them). */
static const char *const key_types[] = {"ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "ED25519 256"};

static bool key_accepted(const EVP_PKEY *key, const char *type)
{
    if (key && EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 8192;
    for (size_t i = 0; i < sizeof(key_types) / sizeof(*key_types); i++)
        if (str_is(str_of(type), key_types[i]))
            return true;
    return false;
}

/* Digests of the signatures that Go's crypto/x509 verifies; Ed25519 has its own. */
static bool digest_accepted(int digest, int key)
{
    return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512 ||
           key == NID_ED25519;
}

static void judge_strength(const struct chain *chain, size_t index, struct strlist *findings)
{
    X509 *certificate = sk_X509_value(chain->x509, (int)index);
    autofree char *place = place_of(chain, index);
    if (!key_accepted(X509_get0_pubkey(certificate), chain->certificates[index].key_type))
        strlist_addf(findings,
                     "%s: key is %s, expected RSA 2048 to 8192, ECDSA P-256, P-384 or P-521, or "
                     "Ed25519; issue it again with such a key",
                     place, chain->certificates[index].key_type);

    /* Nobody verifies the signature of a root that is sent along. */
    if (index > 0 && (X509_get_extension_flags(certificate) & EXFLAG_SS))
        return;
    int digest = NID_undef;
    int key = NID_undef;
    X509_get_signature_info(certificate, &digest, &key, NULL, NULL);
    if (!digest_accepted(digest, key))
        strlist_addf(findings,
                     "%s: signed with %s, which the API server refuses; issue it again with "
                     "SHA-256",
                     place, digest == NID_undef ? "an unknown digest" : OBJ_nid2ln(digest));
}

static void judge_leaf(const struct chain *chain, struct strlist *findings)
{
    autofree char *place = place_of(chain, 0);
    if (!chain->certificates[0].names.count)
        strlist_addf(findings,
                     "%s: has no subjectAltName, and the API server ignores the common name; issue "
                     "it again with its DNS names there",
                     place);
    if (X509_check_purpose(sk_X509_value(chain->x509, 0), X509_PURPOSE_SSL_SERVER, 0) != 1)
        strlist_addf(findings,
                     "%s: its key usage does not allow a TLS server; issue it again with extended "
                     "key usage serverAuth and key usage digitalSignature",
                     place);
}

/* Which certificate of the chain has this key; chain->count when none. */
static size_t owner_of(const struct chain *chain, const EVP_PKEY *key)
{
    size_t index = 0;
    while (index < chain->count &&
           EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(chain->x509, (int)index)), key) != 1)
        index++;
    return index;
}

static void judge_key(const struct chain *chain, const char *key_name, const EVP_PKEY *key,
                      struct strlist *findings)
{
    size_t owner = owner_of(chain, key);
    if (owner == 0)
        return;
    if (owner < chain->count)
        strlist_addf(findings,
                     "%s: belongs to certificate %zu of %zu in %s, expected the first; put the "
                     "server's own certificate at the top of that file",
                     key_name, owner + 1, chain->count, chain->name);
    else
        strlist_addf(findings,
                     "%s: is the key of another certificate, not of '%.100s' in %s; take "
                     "certificate and key from the same issue",
                     key_name, chain->certificates[0].subject, chain->name);
}

static void judge_chain(const struct chain *chain, struct strlist *findings)
{
    judge_leaf(chain, findings);
    for (size_t i = 0; i < chain->count; i++)
        judge_strength(chain, i, findings);
}

/* Everything that does not depend on time, names or trust. *ret_chain stays NULL when there are no
 * certificates that can be read. */
static void judge_pair(struct pem_text certificates, struct pem_text key_text,
                       struct chain **ret_chain, struct strlist *findings)
{
    struct error err;
    if (certificates.text.data && !chain_parse(certificates, ret_chain, &err))
        strlist_add(findings, str_of(err.text));
    cleanup(x509_key_free) EVP_PKEY *key = NULL;
    if (key_text.text.data && !x509_read_key(key_text, &key, &err))
        strlist_add(findings, str_of(err.text));
    if (*ret_chain && key)
        judge_key(*ret_chain, key_text.name, key, findings);
    if (*ret_chain)
        judge_chain(*ret_chain, findings);
}

bool pair_new(struct pem_text certificates, struct pem_text key, struct pair **ret,
              struct error *err)
{
    cleanup(strlist_clear) struct strlist findings = {0};
    cleanup(chain_drop) struct chain *chain = NULL;
    judge_pair(certificates, key, &chain, &findings);
    if (findings.count) {
        autofree char *all = strlist_join(&findings, "; ");
        return error_set(err, "%s", all);
    }
    struct pair *pair = xcalloc(1, sizeof(*pair));
    pair->chain = TAKE(chain);
    pair->certificates = BUF(CHAIN_PEM_MAX);
    buf_add(&pair->certificates, certificates.text);
    pair->key = BUF(CHAIN_PEM_MAX);
    buf_add(&pair->key, key.text);
    *ret = pair;
    return true;
}

bool pair_matches(struct pem_text certificates, struct pem_text key_text, struct error *err)
{
    cleanup(chain_drop) struct chain *chain = NULL;
    cleanup(x509_key_free) EVP_PKEY *key = NULL;
    if (!chain_parse(certificates, &chain, err) || !x509_read_key(key_text, &key, err))
        return false;
    return owner_of(chain, key) == 0 ||
           error_set(err, "%s: is not the key of the first certificate ('%.100s') in %s",
                     key_text.name, chain->certificates[0].subject, certificates.name);
}

void pair_free(struct pair *pair)
{
    if (!pair)
        return;
    chain_free(pair->chain);
    buf_clear(&pair->certificates);
    secret_clear(&pair->key);
    free(pair);
}

static void judge_names(const struct chain *chain, const struct strlist *names,
                        struct strlist *findings)
{
    autofree char *known = strlist_join(&chain->certificates[0].names, ", ");
    for (size_t i = 0; i < names->count; i++)
        if (!chain_has_name(chain, names->items[i]))
            strlist_addf(findings,
                         "%s: is not for '%.253s', only for %.1024s; issue it again with that name",
                         chain->name, names->items[i], *known ? known : "no name at all");
}

static void judge_trust(const struct chain *chain, struct pem_text bundle_text, int64_t now,
                        struct strlist *findings)
{
    struct error err;
    cleanup(chain_drop) struct chain *bundle = NULL;
    if (!chain_parse(bundle_text, &bundle, &err) ||
        (chain && !chain_verify(chain, bundle, now, &err)))
        strlist_add(findings, str_of(err.text));
}

void pair_findings(const struct pair_question *question, struct strlist *findings)
{
    struct error err;
    cleanup(chain_drop) struct chain *chain = NULL;
    judge_pair(question->certificates, question->key, &chain, findings);
    if (chain && !chain_check_time(chain, question->now, &err))
        strlist_add(findings, str_of(err.text));
    if (chain && question->names)
        judge_names(chain, question->names, findings);
    if (question->bundle.text.data)
        judge_trust(chain, question->bundle, question->now, findings);
}
