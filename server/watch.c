#include "server/watch.h"

#include "base/mem.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* What makes a file this file; all zero when there is none. */
struct identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
};

struct watched {
    char *path;
    char *folder;
    struct identity told; /* the one that watch_changed() told of */
    struct identity seen; /* the one that is there now */
};

struct watch {
    int fd;
    struct watched *files;
    size_t count;
    uint64_t moved; /* when a file was last seen to change */
};

static struct identity identify(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (struct identity){0};
    return (struct identity){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same(const struct identity *a, const struct identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* The folder, not the file: a watch on a link's target is deaf after the first swap. Asking again
 * for a folder that is already watched changes nothing, and finds one that was made anew. */
static void listen_to(const struct watch *watch)
{
    uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB;
    for (size_t i = 0; watch->fd >= 0 && i < watch->count; i++)
        inotify_add_watch(watch->fd, watch->files[i].folder, events | IN_ONLYDIR);
}

static void forget(struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        free(watch->files[i].path);
        free(watch->files[i].folder);
    }
    free(watch->files);
    watch->files = NULL;
    watch->count = 0;
}

struct watch *watch_new(void)
{
    struct watch *watch = xcalloc(1, sizeof(*watch));
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    forget(watch);
    if (watch->fd >= 0)
        close(watch->fd);
    free(watch);
}

void watch_files(struct watch *watch, const char *const *paths, size_t count)
{
    forget(watch);
    watch->files = xcalloc(count, sizeof(*watch->files));
    for (size_t i = 0; i < count; i++) {
        if (!paths[i] || !*paths[i])
            continue;
        struct identity identity = identify(paths[i]);
        watch->files[watch->count++] =
            (struct watched){xstrdup(paths[i]), folder_of(paths[i]), identity, identity};
    }
    listen_to(watch);
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

bool watch_is_unsettled(const struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        if (!same(&watch->files[i].seen, &watch->files[i].told))
            return true;
    return false;
}

static void look(struct watch *watch, uint64_t now)
{
    for (size_t i = 0; i < watch->count; i++) {
        struct identity identity = identify(watch->files[i].path);
        if (same(&identity, &watch->files[i].seen))
            continue;
        watch->files[i].seen = identity;
        watch->moved = now;
    }
}

bool watch_changed(struct watch *watch, uint64_t now)
{
    char events[4096];
    while (watch->fd >= 0 && read(watch->fd, events, sizeof(events)) > 0)
        continue;
    listen_to(watch);
    look(watch, now);
    if (!watch_is_unsettled(watch) || now - watch->moved < WATCH_SETTLE_MS)
        return false;
    for (size_t i = 0; i < watch->count; i++)
        watch->files[i].told = watch->files[i].seen;
    return true;
}
