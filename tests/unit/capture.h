/* What code under test prints to stdout or stderr, as a text. An assertion that fails in between is
 * printed into the capture too: look at what was captured afterwards. */
#ifndef TESTS_UNIT_CAPTURE_H
#define TESTS_UNIT_CAPTURE_H

#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

struct capture {
    FILE *stream;
    FILE *file;
    int saved;
};

static inline struct capture capture_open(FILE *stream)
{
    fflush(stream);
    struct capture capture = {stream, tmpfile(), dup(fileno(stream))};
    dup2(fileno(capture.file), fileno(stream));
    return capture;
}

/* Gives the stream back and returns what was printed; the caller frees. */
static inline char *capture_close(struct capture *capture)
{
    char text[16384];
    fflush(capture->stream);
    dup2(capture->saved, fileno(capture->stream));
    close(capture->saved);
    rewind(capture->file);
    size_t length = fread(text, 1, sizeof(text), capture->file);
    fclose(capture->file);
    return xstrndup(text, length);
}

#endif
