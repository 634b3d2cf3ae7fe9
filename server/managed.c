#include "server/managed.h"

#include "base/mem.h"
#include "server/backoff.h"
#include "server/http.h"
#include "server/steward.h"

#include <pthread.h>
#include <sys/random.h>
#include <time.h>

struct managed {
    struct config *config;
    struct log *log;
    struct kube *kube;
    struct steward *steward;
    struct error last; /* what the last look said, "" when all was well */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;          /* under the lock */
    struct error untrusted; /* under the lock: as steward_trusted() says; "" = trusted */
};

/* Logs what changed since the last look. */
static void note_result(struct managed *managed, const struct error *err)
{
    bool same = str_is(str_of(err->text), managed->last.text);
    if (!same && *err->text)
        log_event(managed->log, LOG_ERROR, "certificates cannot be looked after",
                  LOG_FIELDS(log_text("error", err->text)));
    else if (!same)
        log_event(managed->log, LOG_INFO, "certificates are looked after again", NULL);
    managed->last = *err;
}

static bool look(struct managed *managed)
{
    struct error err = {""};
    struct error untrusted = {""};
    bool done = steward_look(managed->steward, time(NULL), http_clock(), &err);
    if (steward_trusted(managed->steward, &untrusted))
        untrusted = (struct error){""};
    pthread_mutex_lock(&managed->lock);
    managed->untrusted = untrusted;
    pthread_mutex_unlock(&managed->lock);
    note_result(managed, done ? &(struct error){""} : &err);
    return done;
}

/* False when it is time to stop. */
static bool wait_ms(struct managed *managed, uint64_t ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    uint64_t nanos = (uint64_t)end.tv_nsec + ms * 1000000;
    end.tv_sec += (time_t)(nanos / 1000000000);
    end.tv_nsec = (long)(nanos % 1000000000);
    pthread_mutex_lock(&managed->lock);
    int code = 0;
    while (!managed->stopping && code == 0)
        code = pthread_cond_timedwait(&managed->wake, &managed->lock, &end);
    bool stopping = managed->stopping;
    pthread_mutex_unlock(&managed->lock);
    return !stopping;
}

static uint32_t random_number(void)
{
    uint32_t number = 0;
    return getrandom(&number, sizeof(number), 0) == sizeof(number) ? number : 0;
}

static void *run(void *context)
{
    struct managed *managed = context;
    unsigned failures = 0;
    uint64_t wait;
    do {
        failures = look(managed) ? 0 : failures + 1;
        wait = backoff_ms(failures, kube_retry_after(managed->kube), random_number());
    } while (wait_ms(managed, wait));
    return NULL;
}

static void free_all(struct managed *managed)
{
    steward_free(managed->steward);
    kube_free(managed->kube);
    pthread_cond_destroy(&managed->wake);
    pthread_mutex_destroy(&managed->lock);
    config_unref(managed->config);
    free(managed);
}

/* Waits are not to end early or late because somebody sets the clock. */
static void init_lock(struct managed *managed)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&managed->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&managed->lock, NULL);
}

static bool start_thread(struct managed *managed, struct error *err)
{
    return pthread_create(&managed->thread, NULL, run, managed) == 0 ||
           error_set(err, "tls.mode: managed: no thread for the certificates");
}

static bool make_client(struct managed *managed, const struct kube_pod *pod, struct error *err)
{
    struct kube_access access;
    if (!kube_access_of_pod(pod, &access, err))
        return error_wrap(err, "tls.mode: managed");
    managed->kube = kube_new(&access);
    return true;
}

bool managed_start(struct config *config, const struct kube_pod *pod, struct keeper *keeper,
                   struct log *log, struct managed **ret, struct error *err)
{
    struct managed *managed = xcalloc(1, sizeof(*managed));
    managed->config = config_ref(config);
    managed->log = log;
    error_set_(&managed->untrusted, "the API server has not been asked yet");
    init_lock(managed);
    if (make_client(managed, pod, err) &&
        steward_new(&config->tls.managed, managed->kube, keeper, log, &managed->steward, err) &&
        start_thread(managed, err)) {
        *ret = managed;
        return true;
    }
    free_all(managed);
    return false;
}

void managed_free(struct managed *managed)
{
    if (!managed)
        return;
    pthread_mutex_lock(&managed->lock);
    managed->stopping = true;
    pthread_cond_signal(&managed->wake);
    pthread_mutex_unlock(&managed->lock);
    kube_cancel(managed->kube);
    pthread_join(managed->thread, NULL);
    free_all(managed);
}

bool managed_trusted(struct managed *managed, struct error *err)
{
    pthread_mutex_lock(&managed->lock);
    bool trusted = !*managed->untrusted.text;
    if (!trusted)
        *err = managed->untrusted;
    pthread_mutex_unlock(&managed->lock);
    return trusted;
}
