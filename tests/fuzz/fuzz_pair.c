/* Certificates, key and CA bundle, divided by a line of "---": whatever a file holds, it is read,
 * judged and shown without harm, and what pair_new() takes has no finding that time cannot mend. */
#include "base/mem.h"
#include "certs/pair.h"
#include "tests/fuzz/fuzz.h"

#define DIVIDER STR("\n---\n")
#define NOW 1790000000

static struct str next_part(struct str *rest)
{
    long end = str_find(*rest, DIVIDER);
    struct str part = {rest->data, end < 0 ? rest->length : (size_t)end};
    *rest = str_skip(*rest, part.length + DIVIDER.length);
    return part;
}

static void is_printable(const char *text)
{
    for (; *text; text++)
        fuzz_check(*text >= 0x20 && *text < 0x7f, "texts of a certificate are printable");
}

static void describe(const struct chain *chain)
{
    for (size_t i = 0; i < chain_count(chain); i++) {
        const struct certificate *certificate = chain_at(chain, i);
        is_printable(certificate->subject);
        is_printable(certificate->issuer);
        is_printable(certificate->key_type);
        for (size_t j = 0; j < certificate->names.count; j++)
            is_printable(certificate->names.items[j]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {size ? (const char *)data : "", size};
    struct error err = {""};
    struct pair *pair = NULL;
    cleanup(strlist_clear) struct strlist names = {0};
    cleanup(strlist_clear) struct strlist findings = {0};
    strlist_add(&names, STR("webhook.harbor.svc"));
    struct pair_question question = {.names = &names, .now = NOW};
    question.certificates = (struct pem_text){"tls.crt", next_part(&rest)};
    question.key = (struct pem_text){"tls.key", next_part(&rest)};

    bool usable = pair_new(question.certificates, question.key, &pair, &err);
    pair_findings(&(struct pair_question){.certificates = question.certificates,
                                          .key = question.key,
                                          .now = NOW},
                  &findings);
    if (usable) {
        fuzz_check(findings.count == !chain_check_time(pair->chain, NOW, &err), "one judgement");
        describe(pair->chain);
    } else {
        fuzz_check(err.text[0] && findings.count, "a refusal has a text");
    }
    pair_free(pair);

    question.bundle = (struct pem_text){"ca.crt", next_part(&rest)};
    pair_findings(&question, &findings);
    return 0;
}
