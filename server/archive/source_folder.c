#include "server/archive/source_kind.h"

#include "base/mem.h"
#include "patches/shown.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 16
#define CHUNK (256u * 1024)

struct folder {
    char *path;
    atomic_bool cancelled;
};

/* A listing under way. */
struct walk {
    struct folder *folder;
    struct str start; /* what the last part of each key begins with, in the first folder */
    bool folders;
    source_visit visit;
    void *context;
    struct buf key; /* of what is looked at */
    struct error *err;
};

static void fd_done(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void dir_done(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static enum source_status unknown(struct error *err, const char *what, const char *place, int code)
{
    char text[128];
    error_set_(err, "%s '%s': %s", what, shown(str_of(place)).text,
               error_errno(code, text, sizeof(text)));
    return SOURCE_UNKNOWN;
}

/* A symbolic link inside may lead out of the archive: whose objects would be judged? */
static enum source_status link_met(struct error *err, const char *place)
{
    error_set_(err,
               "'%s' is a symbolic link, and is not followed; look at the folder that it leads to",
               shown(str_of(place)).text);
    return SOURCE_UNKNOWN;
}

static enum source_status too_long(struct error *err)
{
    error_set_(err, "a key is longer than %d bytes", SOURCE_KEY_MAX);
    return SOURCE_UNKNOWN;
}

static enum source_status stopped(struct error *err)
{
    error_set_(err, "stopped");
    return SOURCE_UNKNOWN;
}

/* Opens the next part of a key below `fd`, which it closes; ELOOP for a symbolic link. */
static int open_part(int fd, struct str part, int flags)
{
    struct stat stat;
    autofree char *name = xstrndup(part.data, part.length);
    bool inside = part.length && !str_is(part, ".") && !str_is(part, "..");
    int next = inside ? openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags) : -1;
    int code = inside ? errno : ENOENT;
    if (code == ENOTDIR && fstatat(fd, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(stat.st_mode))
        code = ELOOP;
    close(fd);
    errno = code;
    return next;
}

/* Opens what the key names below `fd`, which it closes, a part at a time so that no link leads
 * away; -1 with errno. */
static int open_key(int fd, struct str key, int flags)
{
    for (long slash = str_find(key, STR("/")); fd >= 0 && slash >= 0;
         slash = str_find(key, STR("/"))) {
        fd = open_part(fd, (struct str){key.data, (size_t)slash}, O_DIRECTORY);
        key = str_skip(key, (size_t)slash + 1);
    }
    return fd >= 0 && key.length ? open_part(fd, key, flags) : fd;
}

/* Whether the errno says that nothing of that name is there, or could be. */
static bool cannot_be(int code)
{
    return code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG;
}

/* The archive itself may be reached over links; what is not there is no empty archive. */
static int open_folder(const struct folder *folder, struct error *err)
{
    int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        unknown(err, "cannot open the folder", folder->path, errno);
    return fd;
}

static enum source_status walk_folder(struct walk *walk, int fd, unsigned depth);

static enum source_status give(struct walk *walk, const struct stat *stat)
{
    bool folder = S_ISDIR(stat->st_mode);
    struct source_object object = {buf_str(&walk->key), folder ? 0 : (uint64_t)stat->st_size,
                                   folder ? 0 : stat->st_mtime};
    return walk->visit(walk->context, &object) ? SOURCE_DONE : SOURCE_STOPPED;
}

static enum source_status go_down(struct walk *walk, int parent, const char *name, unsigned depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return SOURCE_DONE;
    if (fd < 0)
        return unknown(walk->err, "cannot open the folder", walk->key.data, errno);
    return walk_folder(walk, fd, depth + 1);
}

/* One entry of a folder; `walk->key` is already its key. What vanishes meanwhile was never there;
 * what is neither file nor folder is no object. */
static enum source_status visit_entry(struct walk *walk, int fd, const char *name, unsigned depth)
{
    struct stat stat;
    if (walk->key.failed)
        return too_long(walk->err);
    if (fstatat(fd, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? SOURCE_DONE
                               : unknown(walk->err, "cannot look at", walk->key.data, errno);
    if (S_ISLNK(stat.st_mode))
        return link_met(walk->err, walk->key.data);
    if (S_ISREG(stat.st_mode))
        return give(walk, &stat);
    if (!S_ISDIR(stat.st_mode))
        return SOURCE_DONE;
    buf_add_char(&walk->key, '/');
    if (walk->key.failed)
        return too_long(walk->err);
    return walk->folders ? give(walk, &stat) : go_down(walk, fd, name, depth);
}

static enum source_status walk_entries(struct walk *walk, DIR *dir, unsigned depth)
{
    size_t above = walk->key.length;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            return errno ? unknown(walk->err, "cannot read the folder", walk->folder->path, errno)
                         : SOURCE_DONE;
        struct str name = str_of(entry->d_name);
        if (atomic_load(&walk->folder->cancelled))
            return stopped(walk->err);
        if (str_is(name, ".") || str_is(name, "..") || (!depth && !str_starts(name, walk->start)))
            continue;
        buf_add(&walk->key, name);
        enum source_status status = visit_entry(walk, dirfd(dir), entry->d_name, depth);
        if (status != SOURCE_DONE)
            return status;
        walk->key.length = above;
    }
}

/* All that is in the folder, which it closes. */
static enum source_status walk_folder(struct walk *walk, int fd, unsigned depth)
{
    if (depth == DEPTH_MAX) {
        close(fd);
        error_set_(walk->err, "'%s' is deeper than any archive", shown(buf_str(&walk->key)).text);
        return SOURCE_UNKNOWN;
    }
    cleanup(dir_done) DIR *dir = fdopendir(fd);
    return walk_entries(walk, dir, depth);
}

static enum source_status list(void *it, const char *prefix, bool folders, source_visit visit,
                               void *context, struct error *err)
{
    struct folder *folder = it;
    const char *slash = strrchr(prefix, '/');
    struct str above = {prefix, slash ? (size_t)(slash - prefix) + 1 : 0};
    struct walk walk = {folder,  str_skip(str_of(prefix), above.length),
                        folders, visit,
                        context, BUF(SOURCE_KEY_MAX),
                        err};
    int fd = open_folder(folder, err);
    if (fd < 0)
        return SOURCE_UNKNOWN;
    fd = open_key(fd, above, 0);
    if (fd < 0 && errno == ELOOP)
        return link_met(err, prefix);
    if (fd < 0 && !cannot_be(errno))
        return unknown(err, "cannot open the folder", prefix, errno);
    if (fd < 0)
        return SOURCE_DONE;
    buf_add(&walk.key, above);
    enum source_status status = walk_folder(&walk, fd, 0);
    buf_clear(&walk.key);
    return status;
}

static enum source_status read_file(const struct folder *folder, int fd, const char *key,
                                    source_bytes take, void *context, struct error *err)
{
    autofree char *chunk = xmalloc(CHUNK);
    for (;;) {
        if (atomic_load(&folder->cancelled))
            return stopped(err);
        ssize_t count = read(fd, chunk, CHUNK);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return unknown(err, "cannot read", key, errno);
        if (count == 0)
            return SOURCE_DONE;
        if (!take(context, (struct str){chunk, (size_t)count}))
            return SOURCE_STOPPED;
    }
}

static enum source_status read_object(void *it, const char *key, source_bytes take, void *context,
                                      struct error *err)
{
    const struct folder *folder = it;
    struct stat stat;
    int root = open_folder(folder, err);
    if (root < 0)
        return SOURCE_UNKNOWN;
    cleanup(fd_done) int fd = open_key(root, str_of(key), O_NONBLOCK);
    if (fd < 0 && errno == ELOOP)
        return link_met(err, key);
    if (fd < 0 && !cannot_be(errno))
        return unknown(err, "cannot open", key, errno);
    if (fd < 0 || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        error_set_(err, "there is no such file");
        return SOURCE_ABSENT;
    }
    return read_file(folder, fd, key, take, context, err);
}

static void cancel(void *it)
{
    struct folder *folder = it;
    atomic_store(&folder->cancelled, true);
}

static void close_folder(void *it)
{
    struct folder *folder = it;
    free(folder->path);
    free(folder);
}

static const struct source_kind kind = {list, read_object, cancel, close_folder};

const struct source_kind *source_folder_open(const struct source_place *place, void **ret,
                                             struct error *err)
{
    if (!*place->prefix) {
        error_set_(err, "the prefix is empty, expected 's3://bucket/path' or a folder");
        return NULL;
    }
    struct folder *folder = xcalloc(1, sizeof(*folder));
    folder->path = xstrdup(place->prefix);
    *ret = folder;
    return &kind;
}
