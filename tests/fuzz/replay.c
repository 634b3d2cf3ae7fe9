/*
 * Runs a fuzz target on files, and on all files in folders: `fuzz_doc corpus/doc FILE`. What a
 * build without libFuzzer links instead of it, so that every build tests the corpus.
 */
#include "base/file.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

/* Largest input (bytes). */
#define INPUT_MAX (16u * 1024 * 1024)

static size_t replay_file(const char *path)
{
    struct error err;
    cleanup(buf_clear) struct buf buf = BUF(INPUT_MAX);
    if (!file_read(path, &buf, &err)) {
        fprintf(stderr, "replay: %s\n", err.text);
        exit(1);
    }
    /* A copy of the exact size, so that the address sanitizer sees the first byte too many. */
    autofree uint8_t *exact = xmalloc(buf.length);
    memcpy(exact, buf_str(&buf).data, buf.length);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(exact, buf.length);
    return 1;
}

/* Number of inputs that were run. */
static size_t replay(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0)
        return replay_file(path);
    size_t inputs = 0;
    for (int i = 0; i < count; i++) {
        autofree struct dirent *entry = entries[i];
        autofree char *inner = xasprintf("%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            inputs += replay(inner);
    }
    free(entries);
    return inputs;
}

int main(int argc, char **argv)
{
    size_t inputs = 0;
    for (int i = 1; i < argc; i++)
        inputs += replay(argv[i]);
    printf("%zu inputs\n", inputs);
    return inputs ? 0 : 1;
}
