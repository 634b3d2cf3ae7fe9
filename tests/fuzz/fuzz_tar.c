/* Tar archives: however the bytes come, the same members, contents and verdict; a member's content
 * is never longer than its header says. */
#include "base/mem.h"
#include "server/archive/tar.h"
#include "tests/fuzz/fuzz.h"

#define HEARD_MAX (1024u * 1024)

struct hearing {
    struct buf text;
    uint64_t left; /* of the last member */
};

static void hear_member(void *context, const struct tar_member *member)
{
    struct hearing *hearing = context;
    fuzz_check(hearing->left == 0, "a member is whole before the next one");
    fuzz_check(member->name.length <= TAR_EXTENDED_MAX, "a name is bounded");
    hearing->left = member->size;
    buf_addf(&hearing->text, "%c%llu", member->type, (unsigned long long)member->size);
    buf_add(&hearing->text, member->name);
}

static void hear_content(void *context, struct str bytes)
{
    struct hearing *hearing = context;
    fuzz_check(bytes.length <= hearing->left, "no more content than the header says");
    hearing->left -= bytes.length;
    buf_add(&hearing->text, bytes);
}

static bool read_tar(struct str bytes, size_t step, struct hearing *hearing, struct error *err)
{
    struct tar_handler handler = {hearing, hear_member, hear_content};
    cleanup(tar_done) struct tar tar = TAR_NEW;
    while (bytes.length) {
        size_t count = bytes.length < step ? bytes.length : step;
        if (!tar_feed(&tar, (struct str){bytes.data, count}, &handler, err))
            return false;
        bytes = str_skip(bytes, count);
    }
    bool whole = tar_end(&tar, err);
    fuzz_check(!whole || hearing->left == 0, "the last member of a whole archive is whole");
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error one_err = {""}, all_err = {""};
    struct hearing one = {.text = BUF(HEARD_MAX)}, all = {.text = BUF(HEARD_MAX)};
    struct str bytes = {(const char *)data, size};
    bool one_read = read_tar(bytes, 1 + size % 700, &one, &one_err);
    bool all_read = read_tar(bytes, size + 1, &all, &all_err);
    fuzz_check(one_read == all_read, "the same verdict in pieces");
    fuzz_check(strcmp(one_err.text, all_err.text) == 0, "the same error in pieces");
    fuzz_check(one_read == !*one_err.text, "an error says what is wrong");
    fuzz_check(one.text.failed == all.text.failed &&
                   (one.text.failed || str_equal(buf_str(&one.text), buf_str(&all.text))),
               "the same members in pieces");
    buf_clear(&one.text);
    buf_clear(&all.text);
    return 0;
}
