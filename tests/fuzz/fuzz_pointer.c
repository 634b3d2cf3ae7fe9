/* JSON Pointers: a token survives being written and read; a pointer that is read can be written. */
#include "base/mem.h"
#include "patches/pointer.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT 4096

static void write_and_read(struct str token)
{
    struct error err;
    cleanup(buf_clear) struct buf pointer = BUF(2 * LIMIT + 1);
    cleanup(buf_clear) struct buf again = BUF(LIMIT);
    pointer_add(&pointer, token);
    struct str rest = buf_str(&pointer);
    fuzz_check(pointer_next(&rest, &again, &err), "a written token can be read");
    fuzz_check(rest.data && !rest.length, "a written token is one token");
    fuzz_check(str_equal(buf_str(&again), token), "a token survives");
}

static void read_and_write(struct str text)
{
    struct error err = {""};
    cleanup(buf_clear) struct buf token = BUF(LIMIT);
    cleanup(buf_clear) struct buf pointer = BUF(LIMIT);
    struct str rest = text;
    while (pointer_next(&rest, &token, &err))
        pointer_add(&pointer, buf_str(&token));
    if (rest.data)
        fuzz_check(str_equal(buf_str(&pointer), text), "a pointer survives");
    else
        fuzz_check(err.text[0], "a failure has a text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size < LIMIT ? size : LIMIT};
    write_and_read(text);
    read_and_write(text);
    return 0;
}
