#include "certs/authority.h"

#include "base/mem.h"
#include "certs/rotate.h"
#include "certs/secret.h"
#include "certs/x509.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#define CA_NAME "harbor-pg-webhook CA"
#define DAY 86400
#define HOUR 3600

/* As written by chain_time(). */
#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"

const char *const authority_key_names[AUTHORITY_KEYS] = {
    [AUTHORITY_CA] = "ca.crt",     [AUTHORITY_CA_KEY] = "ca.key",
    [AUTHORITY_NEXT] = "next.crt", [AUTHORITY_NEXT_KEY] = "next.key",
    [AUTHORITY_OLD] = "old.crt",   [AUTHORITY_OLD_UNTIL] = "old.until",
};

struct authority {
    struct buf texts[AUTHORITY_KEYS];
    struct chain *ca; /* NULL where there is none */
    struct chain *next;
    struct chain *old;
    int64_t old_until;
};

static bool is_there(const struct authority *authority, enum authority_key key)
{
    return str_trim(authority_text(authority, key)).length > 0;
}

static struct pem_text pem_of(const struct authority *authority, enum authority_key key)
{
    return (struct pem_text){authority_key_names[key], authority_text(authority, key)};
}

static bool check_ca(const struct chain *chain, struct error *err)
{
    if (chain->count > 1)
        return error_set(err, "%s: holds %zu certificates, expected the CA's alone", chain->name,
                         chain->count);
    if (!chain->certificates[0].is_ca)
        return error_set(err, "%s: '%.100s' is not the certificate of a CA", chain->name,
                         chain->certificates[0].subject);
    return true;
}

/* A CA of which there is everything or nothing; *ret stays NULL for nothing. */
static bool open_ca(const struct authority *authority, enum authority_key certificate,
                    enum authority_key key, struct chain **ret, struct error *err)
{
    if (!is_there(authority, certificate) && !is_there(authority, key))
        return true;
    cleanup(chain_drop) struct chain *chain = NULL;
    cleanup(x509_key_free) EVP_PKEY *private = NULL;
    if (!chain_parse(pem_of(authority, certificate), &chain, err) || !check_ca(chain, err) ||
        !x509_read_key(pem_of(authority, key), &private, err))
        return false;
    if (EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(chain->x509, 0)), private) != 1) {
        ERR_clear_error();
        return error_set(err, "%s: is the key of another certificate, not of the one in %s",
                         authority_key_names[key], authority_key_names[certificate]);
    }
    *ret = TAKE(chain);
    return true;
}

static int64_t latest_end(const struct chain *chain)
{
    int64_t latest = 0;
    for (size_t i = 0; i < chain->count; i++)
        if (chain->certificates[i].not_after > latest)
            latest = chain->certificates[i].not_after;
    return latest;
}

/* The time of the text, or `otherwise` when there is none or a later one. */
static int64_t time_before(const char *text, int64_t otherwise)
{
    struct tm parts = {0};
    const char *end = text ? strptime(text, TIME_FORMAT, &parts) : NULL;
    int64_t time = end ? timegm(&parts) : otherwise;
    return time < otherwise ? time : otherwise;
}

/* Nothing that the old ones signed outlives them, whatever the Secret says. */
static bool open_old(struct authority *authority, struct error *err)
{
    if (!is_there(authority, AUTHORITY_OLD))
        return true;
    if (!chain_parse(pem_of(authority, AUTHORITY_OLD), &authority->old, err))
        return false;
    authority->old_until =
        time_before(authority->texts[AUTHORITY_OLD_UNTIL].data, latest_end(authority->old));
    return true;
}

static bool open_all(struct authority *authority, struct error *err)
{
    if (!open_ca(authority, AUTHORITY_CA, AUTHORITY_CA_KEY, &authority->ca, err) ||
        !open_ca(authority, AUTHORITY_NEXT, AUTHORITY_NEXT_KEY, &authority->next, err) ||
        !open_old(authority, err))
        return false;
    if (!authority->ca && (authority->next || authority->old))
        return error_set(err, "%s: is missing, expected beside %s",
                         authority_key_names[AUTHORITY_CA],
                         authority_key_names[authority->next ? AUTHORITY_NEXT : AUTHORITY_OLD]);
    return true;
}

bool authority_open(const struct str texts[AUTHORITY_KEYS], struct authority **ret,
                    struct error *err)
{
    cleanup(authority_drop) struct authority *authority = xcalloc(1, sizeof(*authority));
    for (size_t i = 0; i < AUTHORITY_KEYS; i++) {
        authority->texts[i] = BUF(CHAIN_PEM_MAX);
        buf_add(&authority->texts[i], texts[i]);
        if (authority->texts[i].failed)
            return error_set(err, "%s: is %zu bytes long, expected at most %u",
                             authority_key_names[i], texts[i].length, CHAIN_PEM_MAX);
    }
    if (!open_all(authority, err))
        return false;
    *ret = TAKE(authority);
    return true;
}

void authority_free(struct authority *authority)
{
    if (!authority)
        return;
    for (size_t i = 0; i < AUTHORITY_KEYS; i++)
        secret_clear(&authority->texts[i]);
    chain_free(authority->ca);
    chain_free(authority->next);
    chain_free(authority->old);
    free(authority);
}

void authority_drop(struct authority **authority)
{
    authority_free(*authority);
}

struct str authority_text(const struct authority *authority, enum authority_key key)
{
    return buf_str(&authority->texts[key]);
}

static enum rotate age_of(const struct chain *chain, int64_t now)
{
    return rotate_at(now, chain->certificates[0].not_before, chain->certificates[0].not_after);
}

enum authority_step authority_step(const struct authority *authority, int64_t now, bool published)
{
    if (!authority->ca)
        return AUTHORITY_CREATE;
    enum rotate age = age_of(authority->ca, now);
    bool usable = authority->next && age_of(authority->next, now) != ROTATE_EXPIRED;
    if (age == ROTATE_EXPIRED)
        return usable ? AUTHORITY_ACTIVATE : AUTHORITY_CREATE;
    if (usable && published)
        return AUTHORITY_ACTIVATE;
    if (!usable && age == ROTATE_RENEW)
        return AUTHORITY_PREPARE;
    if (authority->old && now > authority->old_until)
        return AUTHORITY_FORGET;
    return AUTHORITY_KEEP;
}

static void empty(struct authority *authority, enum authority_key key)
{
    secret_clear(&authority->texts[key]);
}

static void drop(struct authority *authority, enum authority_key certificate,
                 enum authority_key key, struct chain **chain)
{
    empty(authority, certificate);
    empty(authority, key);
    chain_free(TAKE(*chain));
}

static bool make(struct authority *authority, enum authority_key certificate,
                 enum authority_key key, struct chain **chain, int64_t now, struct error *err)
{
    cleanup(ca_pair_done) struct ca_pair pair = {BUF(0), BUF(0)};
    if (!ca_make(CA_NAME, AUTHORITY_CA_DAYS, now, &pair, err))
        return false;
    drop(authority, certificate, key, chain);
    buf_add(&authority->texts[certificate], buf_str(&pair.certificate));
    buf_add(&authority->texts[key], buf_str(&pair.key));
    return open_ca(authority, certificate, key, chain, err);
}

static bool create(struct authority *authority, int64_t now, struct error *err)
{
    drop(authority, AUTHORITY_NEXT, AUTHORITY_NEXT_KEY, &authority->next);
    return make(authority, AUTHORITY_CA, AUTHORITY_CA_KEY, &authority->ca, now, err);
}

static void forget(struct authority *authority)
{
    drop(authority, AUTHORITY_OLD, AUTHORITY_OLD_UNTIL, &authority->old);
}

static void add_chain(const struct chain *chain, struct buf *bundle)
{
    for (size_t i = 0; chain && i < chain->count; i++)
        if (!x509_write(sk_X509_value(chain->x509, (int)i), bundle))
            bundle->failed = true;
}

/* Puts the CA in front of the old ones that something can still depend on. */
static bool retire(struct authority *authority, int64_t now, struct error *err)
{
    if (authority->old && now > authority->old_until)
        forget(authority);
    cleanup(buf_clear) struct buf old = BUF(CHAIN_PEM_MAX);
    add_chain(authority->ca, &old);
    add_chain(authority->old, &old);
    forget(authority);
    buf_add(&authority->texts[AUTHORITY_OLD], buf_str(&old));

    /* Another replica's clock may be behind. */
    int64_t until = now + AUTHORITY_LEAF_DAYS * DAY + HOUR;
    char text[CHAIN_TIME_SIZE];
    buf_add_text(&authority->texts[AUTHORITY_OLD_UNTIL], chain_time(until, text));
    return open_old(authority, err);
}

static bool activate(struct authority *authority, int64_t now, struct error *err)
{
    if (!retire(authority, now, err))
        return false;
    drop(authority, AUTHORITY_CA, AUTHORITY_CA_KEY, &authority->ca);
    buf_add(&authority->texts[AUTHORITY_CA], authority_text(authority, AUTHORITY_NEXT));
    buf_add(&authority->texts[AUTHORITY_CA_KEY], authority_text(authority, AUTHORITY_NEXT_KEY));
    drop(authority, AUTHORITY_NEXT, AUTHORITY_NEXT_KEY, &authority->next);
    return open_ca(authority, AUTHORITY_CA, AUTHORITY_CA_KEY, &authority->ca, err);
}

bool authority_do(struct authority *authority, enum authority_step step, int64_t now,
                  struct error *err)
{
    switch (step) {
    case AUTHORITY_CREATE:
        return create(authority, now, err);
    case AUTHORITY_PREPARE:
        return make(authority, AUTHORITY_NEXT, AUTHORITY_NEXT_KEY, &authority->next, now, err);
    case AUTHORITY_ACTIVATE:
        return activate(authority, now, err);
    case AUTHORITY_FORGET:
        forget(authority);
        return true;
    default:
        return true;
    }
}

void authority_bundle(const struct authority *authority, struct buf *bundle)
{
    add_chain(authority->ca, bundle);
    add_chain(authority->next, bundle);
    add_chain(authority->old, bundle);
}

const struct certificate *authority_ca(const struct authority *authority)
{
    return authority->ca ? chain_at(authority->ca, 0) : NULL;
}

bool authority_known_to(const struct authority *authority, const struct chain *bundle)
{
    X509 *ca = sk_X509_value(authority->ca->x509, 0);
    for (size_t i = 0; i < bundle->count; i++)
        if (X509_cmp(ca, sk_X509_value(bundle->x509, (int)i)) == 0)
            return true;
    return false;
}

bool authority_leaf_due(const struct authority *authority, const struct chain *leaf, int64_t now,
                        bool known)
{
    enum rotate age = leaf ? age_of(leaf, now) : ROTATE_EXPIRED;
    if (age == ROTATE_EXPIRED)
        return true;
    X509 *ca = sk_X509_value(authority->ca->x509, 0);
    if (X509_check_issued(ca, sk_X509_value(leaf->x509, 0)) != X509_V_OK)
        return known;
    return age == ROTATE_RENEW;
}

bool authority_issue(const struct authority *authority, const struct strlist *names, int64_t now,
                     struct ca_pair *ret, struct error *err)
{
    cleanup(ca_pair_done) struct ca_pair ca = {BUF(CHAIN_PEM_MAX), BUF(CHAIN_PEM_MAX)};
    buf_add(&ca.certificate, authority_text(authority, AUTHORITY_CA));
    buf_add(&ca.key, authority_text(authority, AUTHORITY_CA_KEY));
    return ca_issue(&ca, names, AUTHORITY_LEAF_DAYS, now, ret, err);
}
