#include "server/archive/find.h"

#include "base/mem.h"
#include "server/archive/newest.h"

/* Folders that are still to be listed, first in first out. */
struct queue {
    char **items;
    size_t first, count, room;
};

static void push(struct queue *queue, char *folder)
{
    if (queue->count == queue->room) {
        queue->room = queue->room ? 2 * queue->room : 64;
        queue->items = xrealloc(queue->items, queue->room * sizeof(*queue->items));
    }
    queue->items[queue->count++] = folder;
}

static char *pop(struct queue *queue)
{
    return queue->first < queue->count ? queue->items[queue->first++] : NULL;
}

static void queue_done(struct queue *queue)
{
    for (size_t i = queue->first; i < queue->count; i++)
        free(queue->items[i]);
    free(queue->items);
}

struct search {
    struct source *source;
    struct found *found;
    struct queue likely; /* below a folder "spilo/": looked into first */
    struct queue others;
    size_t listed;
};

/* One folder while it is listed. */
struct look {
    struct strlist folders;
    size_t objects;
    bool archive;
};

static bool see(void *context, const struct source_object *object)
{
    struct look *look = context;
    if (!str_ends(object->key, STR("/")))
        return ++look->objects < FIND_OBJECTS_MAX;
    look->archive = look->archive || str_ends(object->key, STR("/" NAMES_BACKUPS)) ||
                    str_ends(object->key, STR("/" NAMES_WAL)) ||
                    str_is(object->key, NAMES_BACKUPS) || str_is(object->key, NAMES_WAL);
    strlist_add(&look->folders, object->key);
    return true;
}

static size_t depth(struct str folder)
{
    size_t count = 0;
    for (size_t i = 0; i < folder.length; i++)
        count += folder.data[i] == '/';
    return count;
}

static void queue_folders(struct search *search, const struct look *look)
{
    search->found->cut = search->found->cut || look->folders.dropped;
    for (size_t i = 0; i < look->folders.count; i++) {
        struct str folder = str_of(look->folders.items[i]);
        bool likely = str_starts(folder, STR("spilo/")) || str_find(folder, STR("/spilo/")) >= 0;
        if (depth(folder) > FIND_DEPTH_MAX)
            search->found->cut = true;
        else
            push(likely ? &search->likely : &search->others, xstrdup(folder.data));
    }
}

static void add_archive(struct search *search, const char *folder)
{
    struct found *found = search->found;
    if (found->count == FIND_ARCHIVES_MAX) {
        found->cut = true;
        return;
    }
    found->archives = xrealloc(found->archives, (found->count + 1) * sizeof(*found->archives));
    struct found_archive *archive = &found->archives[found->count++];
    size_t length = strlen(folder);
    *archive = (struct found_archive){.path = xstrndup(folder, length ? length - 1 : 0)};
    newest_backup(search->source, folder, archive, &found->not_read);
    newest_wal(search->source, folder, archive, &found->not_read);
}

static void look_into(struct search *search, const char *folder)
{
    struct error err;
    struct look look = {0};
    enum source_status status = source_list_folder(search->source, folder, see, &look, &err);
    if (status == SOURCE_UNKNOWN)
        strlist_addf(&search->found->not_read, "%s: %s",
                     folder[0] ? folder : source_name(search->source), err.text);
    else if (look.archive)
        add_archive(search, folder);
    else
        queue_folders(search, &look);
    if (status == SOURCE_STOPPED)
        search->found->cut = true;
    strlist_clear(&look.folders);
}

static int by_wal_time(const void *a, const void *b)
{
    const struct found_archive *left = a;
    const struct found_archive *right = b;
    if (left->wal_time != right->wal_time)
        return left->wal_time < right->wal_time ? -1 : 1;
    return strcmp(left->path, right->path);
}

void find_archives(struct source *source, struct found *ret)
{
    *ret = (struct found){0};
    struct search search = {.source = source, .found = ret};
    char *folder = xstrdup("");
    for (; folder && search.listed < FIND_FOLDERS_MAX; search.listed++) {
        look_into(&search, folder);
        free(folder);
        folder = pop(&search.likely);
        folder = folder ? folder : pop(&search.others);
    }
    ret->cut = ret->cut || folder;
    free(folder);
    queue_done(&search.likely);
    queue_done(&search.others);
    if (ret->count)
        qsort(ret->archives, ret->count, sizeof(*ret->archives), by_wal_time);
}

void found_done(struct found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        free(found->archives[i].path);
        free(found->archives[i].newest_backup);
        free(found->archives[i].newest_wal);
    }
    free(found->archives);
    strlist_clear(&found->not_read);
    *found = (struct found){0};
}
