#include "server/snapshot.h"

#include "base/mem.h"

#include <pthread.h>

struct snapshot {
    pthread_mutex_t lock; /* held only to read or swap the pointer */
    struct config *config;
};

struct snapshot *snapshot_new(struct config *config)
{
    struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));
    pthread_mutex_init(&snapshot->lock, NULL);
    snapshot->config = config;
    return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    config_unref(snapshot->config);
    pthread_mutex_destroy(&snapshot->lock);
    free(snapshot);
}

struct config *snapshot_get(struct snapshot *snapshot)
{
    pthread_mutex_lock(&snapshot->lock);
    struct config *config = config_ref(snapshot->config);
    pthread_mutex_unlock(&snapshot->lock);
    return config;
}

void snapshot_set(struct snapshot *snapshot, struct config *config)
{
    pthread_mutex_lock(&snapshot->lock);
    struct config *old = snapshot->config;
    snapshot->config = config;
    pthread_mutex_unlock(&snapshot->lock);
    config_unref(old);
}
