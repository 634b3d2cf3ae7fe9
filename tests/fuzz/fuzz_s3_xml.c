/* Answers of S3 and STS: whatever they are, what is read of them is within bounds, and a failure
 * has a text. */
#include "certs/secret.h"
#include "server/s3_xml.h"
#include "tests/fuzz/fuzz.h"

static void read_page(struct str xml)
{
    struct error err = {""};
    struct s3_page page;
    bool read = s3_xml_page(xml, &page, &err);
    fuzz_check(read || err.text[0], "a failure has a text");
    fuzz_check(page.count <= S3_XML_PAGE_KEYS, "a page is bounded");
    for (size_t i = 0; read && i < page.count; i++) {
        const struct s3_row *row = &page.rows[i];
        fuzz_check(row->key_length > 0, "each object has a key");
        fuzz_check(row->key + row->key_length <= page.keys.length, "a key is within the keys");
        fuzz_check(!row->folder || !row->size, "a folder has no size");
    }
    s3_page_done(&page);
}

static void read_fault(struct str xml)
{
    struct s3_fault fault;
    bool read = s3_xml_fault(xml, &fault);
    fuzz_check(read == (fault.code[0] != '\0'), "a fault has a code, and nothing else has one");
    fuzz_check(strlen(fault.code) < sizeof(fault.code), "a code ends");
    fuzz_check(strlen(fault.message) < sizeof(fault.message), "a message ends");
    fuzz_check(!strpbrk(fault.message, "\r\n\x1b"), "a message is one line");
}

static void read_session(struct str xml)
{
    struct error err = {""};
    struct s3_session session;
    bool read = s3_xml_session(xml, &session, &err);
    fuzz_check(read || err.text[0], "a failure has a text");
    fuzz_check(!read || (session.id.length && session.key.length && session.token.length),
               "keys are whole");
    secret_clear(&session.id);
    secret_clear(&session.key);
    secret_clear(&session.token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str xml = {(const char *)data, size};
    read_page(xml);
    read_fault(xml);
    read_session(xml);
    return 0;
}
