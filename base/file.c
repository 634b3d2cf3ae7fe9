#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct error *err, const char *path, const char *what)
{
    char text[128];
    int code = errno;
    return error_set(err, "%s: cannot %s: %s", path, what, error_errno(code, text, sizeof(text)));
}

static void close_fd(const int *fd)
{
    if (*fd > STDERR_FILENO)
        close(*fd);
}

bool file_read(const char *path, struct buf *buf, struct error *err)
{
    bool standard_input = str_is(str_of(path), "-");
    cleanup(close_fd) int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, path, "open");

    char chunk[16384];
    for (;;) {
        ssize_t count = read(fd, chunk, sizeof(chunk));
        if (count == 0)
            return true;
        if (count < 0 && errno == EINTR)
            continue; /* GCOVR_EXCL_LINE: needs a signal in the middle of a read */
        if (count < 0)
            return fail(err, standard_input ? "standard input" : path, "read");
        buf_add(buf, (struct str){chunk, (size_t)count});
        if (buf->failed)
            return error_set(err, "%s: larger than %zu bytes",
                             standard_input ? "standard input" : path, buf->limit);
    }
}

static bool write_all(int fd, struct str content)
{
    while (content.length) {
        ssize_t count = write(fd, content.data, content.length);
        if (count < 0 && errno == EINTR)
            continue; /* GCOVR_EXCL_LINE: needs a signal in the middle of a write */
        if (count < 0)
            return false;
        content = str_skip(content, (size_t)count);
    }
    return true;
}

/* Under another name first, so that nobody sees half of it. */
static bool write_beside(const char *path, struct str content, mode_t mode, bool replaces,
                         struct error *err)
{
    autofree char *temporary = xasprintf("%s.XXXXXX", path);
    cleanup(close_fd) int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return fail(err, path, "create");
    bool done = fchmod(fd, mode) == 0 && write_all(fd, content) && fsync(fd) == 0 &&
                (replaces ? rename(temporary, path) : link(temporary, path)) == 0;
    if (!done && errno == EEXIST)
        error_set_(err, "%s: is there already and is not replaced", path);
    else if (!done)
        fail(err, path, "write");
    if (!done || !replaces)
        unlink(temporary);
    return done;
}

bool file_write(const char *path, struct str content, mode_t mode, struct error *err)
{
    return write_beside(path, content, mode, true, err);
}

bool file_create(const char *path, struct str content, mode_t mode, struct error *err)
{
    return write_beside(path, content, mode, false, err);
}
