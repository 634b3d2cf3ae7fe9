#include "server/archive/progress.h"

#include "base/mem.h"
#include "server/archive/render_text.h"

#include <unistd.h>

#define SECOND UINT64_C(1000000000)

/* How often a terminal's line changes, and how often a file gets one. */
#define TERMINAL_NS (SECOND / 5)
#define FILE_NS (10 * SECOND)

#define WIDTH 100
#define LINE_MAX (4 * WIDTH)

#define ERASE "\r\033[K"

struct progress progress_to(int fd)
{
    return (struct progress){.fd = fd, .terminal = isatty(fd) == 1};
}

void progress_line(const struct progress_state *state, uint64_t nanos, size_t width,
                   struct buf *line)
{
    size_t begin = line->length;
    buf_addf(line, "%llu of %llu objects, ", (unsigned long long)state->objects,
             (unsigned long long)state->objects_all);
    render_size(line, state->bytes);
    buf_add_text(line, " of ");
    render_size(line, state->bytes_all);
    if (nanos >= SECOND) {
        buf_add_text(line, ", ");
        render_size(line, (uint64_t)((double)state->bytes / ((double)nanos / (double)SECOND)));
        buf_add_text(line, "/s");
    }
    size_t used = line->length - begin + 2;
    if (!state->key || used >= width)
        return;
    /* The end of a key says more than its beginning. */
    struct str key = str_of(state->key);
    size_t most = width - used;
    buf_add_text(line, ": ");
    for (struct str rest = key.length > most ? str_skip(key, key.length - most) : key; rest.length;
         rest = str_skip(rest, 1))
        buf_add_char(line, *rest.data >= ' ' && *rest.data <= '~' ? *rest.data : '?');
}

void progress_show(struct progress *progress, const struct progress_state *state, uint64_t now)
{
    uint64_t step = progress->terminal ? TERMINAL_NS : FILE_NS;
    if (!progress->begun)
        progress->begun = progress->last = now;
    if (progress->fd < 0 || now - progress->last < step)
        return;
    progress->last = now;
    cleanup(buf_clear) struct buf line = BUF(LINE_MAX);
    if (progress->terminal)
        buf_add_text(&line, ERASE);
    progress_line(state, now - progress->begun, WIDTH, &line);
    if (!progress->terminal)
        buf_add_char(&line, '\n');
    (void)!write(progress->fd, buf_str(&line).data, line.length);
}

void progress_end(struct progress *progress)
{
    if (progress->fd >= 0 && progress->terminal && progress->last != progress->begun)
        (void)!write(progress->fd, ERASE, sizeof(ERASE) - 1);
}
