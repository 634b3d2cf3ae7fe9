#include "server/tls.h"

#include "base/mem.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>

/* More certificates than this are not sent along. */
#define CHAIN_MAX 16

/* What a handshake copies; immutable. */
struct served {
    atomic_uint references;
    gnutls_datum_t certificates; /* PEM */
    gnutls_datum_t key;
};

/* What a caller's certificate is judged by; immutable. */
struct trusted {
    atomic_uint references;
    gnutls_x509_trust_list_t list;
};

struct tls {
    pthread_mutex_t lock; /* held only to copy or swap the two pointers */
    struct served *served;
    struct trusted *trusted;
};

const char *const tls_priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

const char *tls_library_version(void)
{
    return gnutls_check_version(NULL);
}

static gnutls_datum_t datum_copy(struct str text)
{
    return (gnutls_datum_t){(unsigned char *)xstrndup(text.data, text.length),
                            (unsigned)text.length};
}

static void served_unref(struct served *served)
{
    if (!served || atomic_fetch_sub(&served->references, 1) != 1)
        return;
    gnutls_memset(served->key.data, 0, served->key.size);
    free(served->key.data);
    free(served->certificates.data);
    free(served);
}

static void trusted_unref(struct trusted *trusted)
{
    if (!trusted || atomic_fetch_sub(&trusted->references, 1) != 1)
        return;
    gnutls_x509_trust_list_deinit(trusted->list, 1);
    free(trusted);
}

static void served_done(struct served **served)
{
    served_unref(*served);
}

static void trusted_done(struct trusted **trusted)
{
    trusted_unref(*trusted);
}

struct tls *tls_new(void)
{
    struct tls *tls = xcalloc(1, sizeof(*tls));
    pthread_mutex_init(&tls->lock, NULL);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    served_unref(tls->served);
    trusted_unref(tls->trusted);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

static struct served *current_served(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct served *served = tls->served;
    if (served)
        atomic_fetch_add(&served->references, 1);
    pthread_mutex_unlock(&tls->lock);
    return served;
}

static struct trusted *current_trusted(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct trusted *trusted = tls->trusted;
    if (trusted)
        atomic_fetch_add(&trusted->references, 1);
    pthread_mutex_unlock(&tls->lock);
    return trusted;
}

struct copy {
    gnutls_pcert_st *list;
    unsigned count;
    gnutls_privkey_t key;
};

static void copy_done(struct copy *copy)
{
    for (unsigned i = 0; i < copy->count; i++)
        gnutls_pcert_deinit(&copy->list[i]);
    gnutls_free(copy->list);
    if (copy->key)
        gnutls_privkey_deinit(copy->key);
}

/* Allocated as GnuTLS does, because it frees what a handshake was given. */
static int copy_make(const struct served *served, struct copy *copy)
{
    unsigned count = CHAIN_MAX;
    copy->list = gnutls_calloc(count, sizeof(*copy->list));
    if (!copy->list)
        return GNUTLS_E_MEMORY_ERROR;
    int code = gnutls_pcert_list_import_x509_raw(copy->list, &count, &served->certificates,
                                                 GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return code;
    copy->count = count;
    code = gnutls_privkey_init(&copy->key);
    if (code < 0)
        return code;
    return gnutls_privkey_import_x509_raw(copy->key, &served->key, GNUTLS_X509_FMT_PEM, NULL, 0);
}

static int retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                    gnutls_pcert_st **certificates, unsigned *count, gnutls_ocsp_data_st **ocsp,
                    unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    (void)info;
    struct tls *tls = gnutls_session_get_ptr(session);
    cleanup(served_done) struct served *served = current_served(tls);
    struct copy copy = {0};
    if (!served || copy_make(served, &copy) < 0) {
        copy_done(&copy);
        return -1;
    }
    *certificates = copy.list;
    *count = copy.count;
    *key = copy.key;
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return 0;
}

void (*tls_retrieve_function(void))(void)
{
    return (void (*)(void))retrieve;
}

void tls_attach(struct tls *tls, void *session)
{
    /* libmicrohttpd uses the pointer itself only for pre-shared keys. */
    gnutls_session_set_ptr(session, tls);
    cleanup(trusted_done) struct trusted *trusted = current_trusted(tls);
    if (trusted)
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

bool tls_set_pair(struct tls *tls, struct str certificates, struct str key, struct error *err)
{
    cleanup(served_done) struct served *served = xcalloc(1, sizeof(*served));
    served->references = 1;
    served->certificates = datum_copy(certificates);
    served->key = datum_copy(key);
    cleanup(copy_done) struct copy trial = {0};
    int code = copy_make(served, &trial);
    if (code < 0)
        return error_set(err, "the certificate or its key cannot be served: %s",
                         gnutls_strerror(code));
    pthread_mutex_lock(&tls->lock);
    struct served *old = tls->served;
    tls->served = TAKE(served);
    pthread_mutex_unlock(&tls->lock);
    served_unref(old);
    return true;
}

static struct trusted *trusted_new(struct str certificates, struct error *err)
{
    cleanup(trusted_done) struct trusted *trusted = xcalloc(1, sizeof(*trusted));
    trusted->references = 1;
    int code = gnutls_x509_trust_list_init(&trusted->list, 0);
    if (code < 0) {
        error_set_(err, "no list of trusted certificates: %s", gnutls_strerror(code));
        return NULL;
    }
    autofree char *copy = xstrndup(certificates.data, certificates.length);
    gnutls_datum_t text = {(unsigned char *)copy, (unsigned)certificates.length};
    if (gnutls_x509_trust_list_add_trust_mem(trusted->list, &text, NULL, GNUTLS_X509_FMT_PEM, 0,
                                             0) > 0)
        return TAKE(trusted);
    error_set_(err, "no usable CA certificate in PEM");
    return NULL;
}

bool tls_set_client_ca(struct tls *tls, struct str certificates, struct error *err)
{
    struct trusted *trusted = certificates.data ? trusted_new(certificates, err) : NULL;
    if (certificates.data && !trusted)
        return false;
    pthread_mutex_lock(&tls->lock);
    struct trusted *old = tls->trusted;
    tls->trusted = trusted;
    pthread_mutex_unlock(&tls->lock);
    trusted_unref(old);
    return true;
}

struct peer {
    gnutls_x509_crt_t list[CHAIN_MAX];
    unsigned count;
};

static void peer_done(struct peer *peer)
{
    for (unsigned i = 0; i < peer->count; i++)
        gnutls_x509_crt_deinit(peer->list[i]);
}

static bool peer_read(const gnutls_datum_t *raw, unsigned count, struct peer *peer)
{
    for (unsigned i = 0; i < count && i < CHAIN_MAX; i++) {
        if (gnutls_x509_crt_init(&peer->list[i]) < 0)
            return false;
        peer->count++;
        if (gnutls_x509_crt_import(peer->list[i], &raw[i], GNUTLS_X509_FMT_DER) < 0)
            return false;
    }
    return true;
}

static bool peer_verify(const struct trusted *trusted, struct peer *peer, struct error *err)
{
    char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st data = {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)purpose, 0};
    unsigned status = 0;
    int code = gnutls_x509_trust_list_verify_crt2(trusted->list, peer->list, peer->count, &data, 1,
                                                  0, &status, NULL);
    if (code < 0)
        return error_set(err, "%s", gnutls_strerror(code));
    if (status == 0)
        return true;
    gnutls_datum_t text = {NULL, 0};
    if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
        return error_set(err, "status %#x", status);
    error_set_(err, "%s", (const char *)text.data);
    gnutls_free(text.data);
    return false;
}

enum tls_client tls_check_client(struct tls *tls, void *session, struct error *err)
{
    cleanup(trusted_done) struct trusted *trusted = current_trusted(tls);
    if (!trusted)
        return TLS_CLIENT_FINE;
    unsigned count = 0;
    const gnutls_datum_t *raw = session ? gnutls_certificate_get_peers(session, &count) : NULL;
    if (!raw || count == 0)
        return TLS_CLIENT_ABSENT;
    cleanup(peer_done) struct peer peer = {.count = 0};
    if (!peer_read(raw, count, &peer)) {
        error_set_(err, "it cannot be read");
        return TLS_CLIENT_REFUSED;
    }
    return peer_verify(trusted, &peer, err) ? TLS_CLIENT_FINE : TLS_CLIENT_REFUSED;
}
