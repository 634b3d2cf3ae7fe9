#include "server/steward.h"

#include "base/mem.h"
#include "server/ca_secret.h"
#include "server/webhooks.h"

#include <ctype.h>

#define WEBHOOKS "/apis/admissionregistration.k8s.io/v1/"

/* How long every configuration must have carried a successor before it signs: by then every API
 * server has heard of it. */
#define SETTLE_NANOS (30 * (uint64_t)1000000000)

/* How often one look begins anew because another replica was faster. */
#define CONFLICTS_MOST 3

enum { MUTATING, VALIDATING, CONFIGURATIONS };

struct steward {
    struct kube *kube;
    struct keeper *keeper;
    struct log *log;
    char *secrets; /* the collection that holds the Secret */
    struct kube_object secret;
    struct kube_object configurations[CONFIGURATIONS];
    struct webhooks_service service;
    struct strlist names;
    struct chain *leaf;     /* what we serve; NULL = nothing yet */
    struct error untrusted; /* why the API server does not trust it; "" = it does */
    struct buf carried;     /* the bundle that every configuration carries */
    uint64_t carried_since; /* by the clock of steward_look(); 0 = not every one does */
};

/* What one look sees, and how it is after each change. */
struct look {
    int64_t now;
    uint64_t clock;
    json_t *configurations[CONFIGURATIONS]; /* NULL = absent */
    json_t *secret;
    struct authority *authority;
};

static void look_done(struct look *look)
{
    for (size_t i = 0; i < CONFIGURATIONS; i++)
        json_decref(look->configurations[i]);
    json_decref(look->secret);
    authority_free(look->authority);
}

/* The configurations are read before the Secret. So a bundle that is then written, guarded by the
 * version that was read here, is never older than the one it replaces. */
static enum kube_status read_configurations(const struct steward *steward, struct look *look,
                                            struct error *err)
{
    for (size_t i = 0; i < CONFIGURATIONS; i++) {
        if (!*steward->configurations[i].name)
            continue;
        enum kube_status status =
            kube_get(steward->kube, &steward->configurations[i], &look->configurations[i], err);
        if (status != KUBE_DONE && status != KUBE_ABSENT)
            return status;
    }
    return KUBE_DONE;
}

static enum kube_status open_secret(const struct steward *steward, struct look *look,
                                    struct error *err)
{
    if (ca_secret_read(look->secret, &look->authority, err))
        return KUBE_DONE;
    error_wrap_(err, "secrets/%s", steward->secret.name);
    return KUBE_REFUSED;
}

static enum kube_status read_secret(const struct steward *steward, struct look *look,
                                    struct error *err)
{
    enum kube_status status = kube_get(steward->kube, &steward->secret, &look->secret, err);
    return status == KUBE_DONE ? open_secret(steward, look, err) : status;
}

static bool all_carry(const struct steward *steward, const struct look *look, struct str bundle)
{
    for (size_t i = 0; i < CONFIGURATIONS; i++) {
        cleanup(json_decrefp) json_t *patch =
            look->configurations[i]
                ? webhooks_patch(look->configurations[i], &steward->service, bundle)
                : NULL;
        if (patch)
            return false;
    }
    return true;
}

/* Whether the bundle, as it was found, has been everywhere for long enough. */
static bool is_settled(struct steward *steward, const struct look *look)
{
    cleanup(buf_clear) struct buf bundle = BUF(CHAIN_PEM_MAX);
    authority_bundle(look->authority, &bundle);
    bool carried = all_carry(steward, look, buf_str(&bundle));
    if (carried && steward->carried_since &&
        str_equal(buf_str(&bundle), buf_str(&steward->carried)))
        return look->clock - steward->carried_since >= SETTLE_NANOS;
    buf_clear(&steward->carried);
    buf_add(&steward->carried, buf_str(&bundle));
    steward->carried_since = carried ? look->clock : 0;
    return false;
}

static const char *const step_messages[] = {
    [AUTHORITY_CREATE] = "made the CA",
    [AUTHORITY_PREPARE] = "made the CA's successor",
    [AUTHORITY_ACTIVATE] = "the CA's successor signs from now on",
    [AUTHORITY_FORGET] = "dropped the CA that signed before",
};

/* Does what is due with the CA. When that cannot be written the CA stays what it was. */
static enum kube_status advance(struct steward *steward, struct look *look, struct error *err)
{
    enum authority_step step =
        authority_step(look->authority, look->now, is_settled(steward, look));
    if (step == AUTHORITY_KEEP)
        return KUBE_DONE;
    cleanup(authority_drop) struct authority *authority = NULL;
    if (!ca_secret_read(look->secret, &authority, err) ||
        !authority_do(authority, step, look->now, err))
        return KUBE_REFUSED;
    cleanup(json_decrefp) json_t *wanted = ca_secret_write(look->secret, authority);
    cleanup(json_decrefp) json_t *written = NULL;
    enum kube_status status = kube_put(steward->kube, &steward->secret, wanted, &written, err);
    if (status != KUBE_DONE)
        return status;
    log_event(steward->log, LOG_INFO, step_messages[step],
              LOG_FIELDS(log_text("secret", steward->secret.name),
                         log_text("fingerprint", authority_ca(authority)->fingerprint)));
    authority_free(look->authority);
    look->authority = TAKE(authority);
    return KUBE_DONE;
}

static enum kube_status publish_to(struct steward *steward, json_t **configuration,
                                   const struct kube_object *object, struct str bundle,
                                   struct error *err)
{
    cleanup(json_decrefp) json_t *patch = webhooks_patch(*configuration, &steward->service, bundle);
    if (!patch)
        return KUBE_DONE;
    json_t *patched = NULL;
    enum kube_status status = kube_patch(steward->kube, object, patch, &patched, err);
    if (status != KUBE_DONE)
        return status;
    log_event(steward->log, LOG_INFO, "set caBundle",
              LOG_FIELDS(log_text("configuration", object->name),
                         log_text("kind", strrchr(object->collection, '/') + 1),
                         log_number("entries", (int64_t)json_array_size(patch) / 2)));
    json_decref(*configuration);
    *configuration = patched;
    return KUBE_DONE;
}

/* Tells the first failure, but does what can be done. */
static enum kube_status publish(struct steward *steward, struct look *look, struct error *err)
{
    enum kube_status result = KUBE_DONE;
    cleanup(buf_clear) struct buf bundle = BUF(CHAIN_PEM_MAX);
    authority_bundle(look->authority, &bundle);
    for (size_t i = 0; i < CONFIGURATIONS; i++) {
        struct error unused;
        if (!look->configurations[i])
            continue;
        enum kube_status status =
            publish_to(steward, &look->configurations[i], &steward->configurations[i],
                       buf_str(&bundle), result == KUBE_DONE ? err : &unused);
        result = result == KUBE_DONE ? status : result;
    }
    return result;
}

static bool all_know(const struct steward *steward, const struct look *look)
{
    for (size_t i = 0; i < CONFIGURATIONS; i++)
        if (look->configurations[i] &&
            !webhooks_know(look->configurations[i], &steward->service, look->authority))
            return false;
    return true;
}

static bool serve_leaf(struct steward *steward, const struct look *look, struct error *err)
{
    if (!authority_leaf_due(look->authority, steward->leaf, look->now, all_know(steward, look)))
        return true;
    cleanup(ca_pair_done) struct ca_pair pair = {BUF(0), BUF(0)};
    cleanup(chain_drop) struct chain *leaf = NULL;
    if (!authority_issue(look->authority, &steward->names, look->now, &pair, err))
        return error_wrap(err, "secrets/%s", steward->secret.name);
    struct pem_text certificate = {"certificate", buf_str(&pair.certificate)};
    if (!chain_parse(certificate, &leaf, err) ||
        !keeper_serve(steward->keeper, certificate, (struct pem_text){"key", buf_str(&pair.key)},
                      err))
        return false;
    chain_free(steward->leaf);
    steward->leaf = TAKE(leaf);
    return true;
}

static void set_trust(struct steward *steward, const struct error *untrusted)
{
    bool changed = !*untrusted->text != !*steward->untrusted.text;
    steward->untrusted = *untrusted;
    if (changed && *untrusted->text)
        log_event(steward->log, LOG_WARN, "the API server does not trust the certificate",
                  LOG_FIELDS(log_text("error", untrusted->text)));
    else if (changed)
        log_event(steward->log, LOG_INFO, "the API server trusts the certificate", NULL);
}

static void judge_trust(struct steward *steward, const struct look *look)
{
    struct error untrusted = {""};
    for (size_t i = 0; steward->leaf && i < CONFIGURATIONS; i++) {
        const struct kube_object *object = &steward->configurations[i];
        if (!look->configurations[i] || webhooks_accept(look->configurations[i], &steward->service,
                                                        steward->leaf, look->now, &untrusted))
            continue;
        error_wrap_(&untrusted, "the API server does not trust our CA yet: %s/%s",
                    strrchr(object->collection, '/') + 1, object->name);
        break;
    }
    if (steward->leaf)
        set_trust(steward, &untrusted);
}

/* Makes the CA known, and serves what it signed. */
static enum kube_status use_ca(struct steward *steward, struct look *look, struct error *err)
{
    struct error second;
    enum kube_status status = publish(steward, look, err);
    if (status == KUBE_CONFLICT)
        return status;
    bool served = serve_leaf(steward, look, status == KUBE_DONE ? err : &second);
    return status == KUBE_DONE && !served ? KUBE_REFUSED : status;
}

/* Everything once. KUBE_CONFLICT: another replica was faster, look again. */
static enum kube_status look_once(struct steward *steward, int64_t now, uint64_t clock,
                                  struct error *err)
{
    cleanup(look_done) struct look look = {.now = now, .clock = clock};
    enum kube_status status = read_configurations(steward, &look, err);
    if (status != KUBE_DONE)
        return status;
    status = read_secret(steward, &look, err);
    if (status == KUBE_DONE)
        status = advance(steward, &look, err);
    if (status != KUBE_CONFLICT && look.authority && authority_ca(look.authority)) {
        struct error second;
        enum kube_status spread = use_ca(steward, &look, status == KUBE_DONE ? err : &second);
        status = status == KUBE_DONE || spread == KUBE_CONFLICT ? spread : status;
    }
    if (status != KUBE_CONFLICT)
        judge_trust(steward, &look);
    return status;
}

/* What the API server takes for a name, as far as a path is concerned. */
static bool is_object_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-' &&
            (*c != '.' || c == name))
            return false;
    return *name && strlen(name) <= 253;
}

static bool check_names(const struct config_managed *config, struct error *err)
{
    const struct {
        const char *key;
        const char *name;
        bool fine;
    } rows[] = {
        {"namespace", config->namespace, str_is_dns_label(str_of(config->namespace))},
        {"service", config->service, str_is_dns_label(str_of(config->service))},
        {"secret", config->secret, is_object_name(config->secret)},
        {"mutatingConfiguration", config->mutating_configuration,
         !*config->mutating_configuration || is_object_name(config->mutating_configuration)},
        {"validatingConfiguration", config->validating_configuration,
         !*config->validating_configuration || is_object_name(config->validating_configuration)},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!rows[i].fine)
            return error_set(err, "tls.managed.%s: '%.253s' is not the name of a Kubernetes object",
                             rows[i].key, rows[i].name);
    return true;
}

static void fill_names(struct steward *steward, const struct config_managed *config)
{
    const char *namespace = config->namespace;
    const char *service = config->service;
    steward->service = (struct webhooks_service){namespace, service};
    steward->secrets = xasprintf("/api/v1/namespaces/%s/secrets", namespace);
    steward->secret =
        (struct kube_object){steward->secrets, config->secret, "get and update of this Secret"};
    const char *verbs = "get and patch of this configuration";
    steward->configurations[MUTATING] = (struct kube_object){
        WEBHOOKS "mutatingwebhookconfigurations", config->mutating_configuration, verbs};
    steward->configurations[VALIDATING] = (struct kube_object){
        WEBHOOKS "validatingwebhookconfigurations", config->validating_configuration, verbs};
    strlist_addf(&steward->names, "%s.%s.svc", service, namespace);
    strlist_addf(&steward->names, "%s.%s.svc.cluster.local", service, namespace);
    strlist_addf(&steward->names, "%s.%s", service, namespace);
    strlist_addf(&steward->names, "%s", service);
}

bool steward_new(const struct config_managed *config, struct kube *kube, struct keeper *keeper,
                 struct log *log, struct steward **ret, struct error *err)
{
    if (!check_names(config, err))
        return false;
    struct steward *steward = xcalloc(1, sizeof(*steward));
    steward->kube = kube;
    steward->keeper = keeper;
    steward->log = log;
    steward->carried = BUF(CHAIN_PEM_MAX);
    error_set_(&steward->untrusted, "the API server has not been asked yet");
    fill_names(steward, config);
    *ret = steward;
    return true;
}

void steward_free(struct steward *steward)
{
    if (!steward)
        return;
    chain_free(steward->leaf);
    buf_clear(&steward->carried);
    strlist_clear(&steward->names);
    free(steward->secrets);
    free(steward);
}

bool steward_look(struct steward *steward, int64_t now, uint64_t clock, struct error *err)
{
    enum kube_status status = KUBE_CONFLICT;
    for (int i = 0; i < CONFLICTS_MOST && status == KUBE_CONFLICT; i++)
        status = look_once(steward, now, clock, err);
    if (status != KUBE_DONE && !steward->leaf)
        steward->untrusted = *err;
    return status == KUBE_DONE;
}

bool steward_trusted(const struct steward *steward, struct error *err)
{
    if (*steward->untrusted.text)
        *err = steward->untrusted;
    return !*steward->untrusted.text;
}
