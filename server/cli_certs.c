#include "server/cli_certs.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/ca.h"
#include "certs/pair.h"
#include "certs/secret.h"
#include "server/command_group.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define CA_NAME "harbor-pg-webhook CA"
#define DAY 86400
#define DAYS_DEFAULT 365

static void add_all_names(const struct options *options, struct strlist *names)
{
    const char *name;
    for (size_t i = 0; (name = options_value(options, "dns", i)); i++)
        strlist_add(names, str_of(name));
}

/* "(12 days left)": rounded down, so that 0 days means "today". */
static void print_left(const struct certificate *certificate, int64_t now)
{
    long long left = certificate->not_after - now;
    long long days = (left < 0 ? -left : left) / DAY;
    const char *unit = days == 1 ? "day" : "days";
    if (now < certificate->not_before)
        printf("(not valid yet)");
    else if (left < 0)
        printf("(expired %lld %s ago)", days, unit);
    else
        printf("(%lld %s left)", days, unit);
}

/* ---- issue ---- */

static const struct option_row issue_options[] = {
    {"dns", "NAME", true, "a DNS name or IP address that the certificate is for"},
    {"days", "N", false, "how long both certificates are valid (365)"},
    {"out", "DIR", false, "the folder to write to, made if it is not there"},
    {0},
};

static const struct command_help issue_help = {
    .name = "certs issue",
    .synopsis = "--dns NAME... [--days N] --out DIR",
    .about =
        "Makes a CA and a server certificate that it signed (ECDSA P-256), and writes\n"
        "  ca.crt   the CA's certificate: what goes, in base64, into caBundle\n"
        "  tls.crt  the server's certificate\n"
        "  tls.key  its private key, readable for the owner only\n"
        "Files that are there already are never overwritten. The CA's own key is not kept: to\n"
        "renew, issue all three again.\n",
    .options = issue_options,
    .examples =
        "  harbor-pg-webhook certs issue --dns harbor-pg-webhook.harbor-pg-webhook.svc --out "
        "certs\n"
        "  harbor-pg-webhook certs issue --dns localhost --dns 127.0.0.1 --days 30 --out certs\n",
};

enum issued_file { ISSUED_CA, ISSUED_CERTIFICATE, ISSUED_KEY, ISSUED_COUNT };

static const struct {
    const char *name;
    mode_t mode;
} issued_files[ISSUED_COUNT] = {
    [ISSUED_CA] = {"ca.crt", 0644},
    [ISSUED_CERTIFICATE] = {"tls.crt", 0644},
    [ISSUED_KEY] = {"tls.key", 0600},
};

static char *issued_path(const char *folder, size_t file)
{
    return xasprintf("%s/%s", folder, issued_files[file].name);
}

static bool make_folder(const char *folder, struct error *err)
{
    char text[128];
    if (mkdir(folder, 0755) == 0 || errno == EEXIST)
        return true;
    return error_set(err, "%s: cannot make the folder: %s", folder,
                     error_errno(errno, text, sizeof(text)));
}

static bool check_free(const char *folder, struct error *err)
{
    for (size_t i = 0; i < ISSUED_COUNT; i++) {
        autofree char *path = issued_path(folder, i);
        struct stat unused;
        if (lstat(path, &unused) == 0)
            return error_set(err,
                             "%s: is there already and is not overwritten; move it away or give "
                             "another folder to --out",
                             path);
    }
    return true;
}

/* Writes all files or none. */
static bool write_files(const char *folder, const struct str contents[ISSUED_COUNT],
                        struct error *err)
{
    size_t done = 0;
    for (; done < ISSUED_COUNT; done++) {
        autofree char *path = issued_path(folder, done);
        if (!file_write(path, contents[done], issued_files[done].mode, err))
            break;
    }
    if (done == ISSUED_COUNT)
        return true;
    while (done-- > 0) {
        autofree char *path = issued_path(folder, done);
        remove(path);
    }
    return false;
}

static void print_issued(const char *folder, const struct strlist *names, int64_t end)
{
    char until[CHAIN_TIME_SIZE];
    autofree char *all = strlist_join(names, ", ");
    chain_time(end, until);
    printf("wrote %s/ca.crt: the CA, valid until %s\n"
           "wrote %s/tls.crt: for %s, valid until %s\n"
           "wrote %s/tls.key: its private key, mode 0600\n",
           folder, until, folder, all, until, folder);
}

static bool issue(const char *folder, const struct strlist *names, unsigned days, int64_t now,
                  struct error *err)
{
    cleanup(ca_pair_done) struct ca_pair ca = {0};
    cleanup(ca_pair_done) struct ca_pair leaf = {0};
    if (!ca_make(CA_NAME, days, now, &ca, err) || !ca_issue(&ca, names, days, now, &leaf, err) ||
        !make_folder(folder, err) || !check_free(folder, err))
        return false;
    const struct str contents[ISSUED_COUNT] = {
        [ISSUED_CA] = buf_str(&ca.certificate),
        [ISSUED_CERTIFICATE] = buf_str(&leaf.certificate),
        [ISSUED_KEY] = buf_str(&leaf.key),
    };
    if (!write_files(folder, contents, err))
        return false;
    print_issued(folder, names, now + (int64_t)days * DAY);
    return true;
}

static bool read_days(const struct options *options, unsigned *ret, struct error *err)
{
    uint64_t days = DAYS_DEFAULT;
    const char *text = options_value(options, "days", 0);
    if (text && (!str_number(str_of(text), &days) || days == 0 || days > CA_DAYS_MAX))
        return error_set(err, "--days: '%s' is not a number from 1 to %u", text, CA_DAYS_MAX);
    *ret = (unsigned)days;
    return true;
}

static int run_issue(int argc, char **argv)
{
    int result;
    unsigned days;
    struct error err;
    cleanup(options_done) struct options options = {0};
    cleanup(strlist_clear) struct strlist names = {0};
    if (!command_options(&issue_help, argc, argv, 0, &options, &result))
        return result;
    add_all_names(&options, &names);
    const char *folder = options_get(&options, "out", "");
    if (!*folder)
        return command_usage_error(issue_help.name, "--out is missing, expected a folder");
    if (!read_days(&options, &days, &err) ||
        (!ca_check_names(&names, &err) && !error_wrap(&err, "--dns")))
        return command_usage_error(issue_help.name, err.text);
    return issue(folder, &names, days, time(NULL), &err) ? COMMAND_FINE : command_failed(err.text);
}

/* ---- show ---- */

static const struct option_row show_options[] = {{0}};

static const struct command_help show_help = {
    .name = "certs show",
    .synopsis = "FILE",
    .about =
        "Prints what every certificate in the PEM file says; '-' is standard input. Whether a\n"
        "server can use them is the question of 'certs verify'.\n",
    .options = show_options,
    .examples = "  harbor-pg-webhook certs show certs/tls.crt\n"
                "  kubectl get mutatingwebhookconfiguration harbor-pg-webhook \\\n"
                "    -o jsonpath='{.webhooks[0].clientConfig.caBundle}' | base64 -d |\n"
                "    harbor-pg-webhook certs show -\n",
};

static void print_certificate(const struct certificate *certificate, int64_t now)
{
    char from[CHAIN_TIME_SIZE];
    char until[CHAIN_TIME_SIZE];
    autofree char *names = strlist_join(&certificate->names, ", ");
    printf("  subject:     %s\n"
           "  issuer:      %s\n"
           "  serial:      %s\n"
           "  names:       %s\n"
           "  valid from:  %s\n"
           "  valid until: %s ",
           certificate->subject, certificate->issuer, certificate->serial, *names ? names : "none",
           chain_time(certificate->not_before, from), chain_time(certificate->not_after, until));
    print_left(certificate, now);
    printf("\n"
           "  key:         %s\n"
           "  kind:        %s\n"
           "  SHA-256:     %s\n",
           certificate->key_type, certificate->is_ca ? "CA" : "leaf", certificate->fingerprint);
}

/* The file's content, under the name that messages give it. */
static bool read_pem(const char *path, struct buf *content, struct pem_text *ret, struct error *err)
{
    *content = BUF(CHAIN_PEM_MAX);
    if (!file_read(path, content, err))
        return false;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    *ret = (struct pem_text){name, buf_str(content)};
    return true;
}

static int run_show(int argc, char **argv)
{
    int result;
    struct error err;
    struct pem_text pem;
    cleanup(options_done) struct options options = {0};
    cleanup(secret_clear) struct buf content = {0};
    cleanup(chain_drop) struct chain *chain = NULL;
    if (!command_options(&show_help, argc, argv, 1, &options, &result))
        return result;
    if (!options.argument_count)
        return command_usage_error(show_help.name, "no file, expected one with certificates");
    if (!read_pem(options.arguments[0], &content, &pem, &err) || !chain_parse(pem, &chain, &err))
        return command_failed(err.text);
    for (size_t i = 0; i < chain_count(chain); i++) {
        printf("%scertificate %zu of %zu\n", i ? "\n" : "", i + 1, chain_count(chain));
        print_certificate(chain_at(chain, i), time(NULL));
    }
    return COMMAND_FINE;
}

/* ---- verify ---- */

static const struct option_row verify_options[] = {
    {"cert", "FILE", false, "the server's certificate, intermediates behind it"},
    {"key", "FILE", false, "its private key"},
    {"ca", "FILE", false, "the CA certificates that clients trust (caBundle)"},
    {"dns", "NAME", true, "a DNS name or IP address that clients use"},
    {0},
};

static const struct command_help verify_help = {
    .name = "certs verify",
    .synopsis = "--cert FILE --key FILE [--ca FILE] [--dns NAME]...",
    .about =
        "Judges a server's certificate as the API server would: key, dates, names, strength and,\n"
        "with --ca, the chain of trust. Prints everything that is wrong and the way out of it,\n"
        "and gives 1; or one line, and gives 0.\n",
    .options = verify_options,
    .examples = "  harbor-pg-webhook certs verify --cert certs/tls.crt --key certs/tls.key \\\n"
                "    --ca certs/ca.crt --dns harbor-pg-webhook.harbor-pg-webhook.svc\n",
};

/* A file that cannot be read is a finding like any other: the rest is judged all the same. */
static void read_for(const struct options *options, const char *option, struct buf *content,
                     struct pem_text *ret, struct strlist *findings)
{
    struct error err;
    const char *path = options_value(options, option, 0);
    if (path && !read_pem(path, content, ret, &err))
        strlist_add(findings, str_of(err.text));
}

static int print_findings(const struct strlist *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        command_failed(findings->items[i]);
    return COMMAND_FAILED;
}

static int print_verified(struct pem_text certificates, bool trust_judged, int64_t now)
{
    struct error err;
    cleanup(chain_drop) struct chain *chain = NULL;
    if (!chain_parse(certificates, &chain, &err))
        return command_failed(err.text);
    const struct certificate *leaf = chain_at(chain, 0);
    char until[CHAIN_TIME_SIZE];
    autofree char *names = strlist_join(&leaf->names, ", ");
    printf("%s: fine, for %s, valid until %s ", certificates.name, names,
           chain_time(leaf->not_after, until));
    print_left(leaf, now);
    printf("%s\n", trust_judged ? "" : "; whether clients trust it was not judged (--ca)");
    return COMMAND_FINE;
}

static int verify(const struct options *options, int64_t now)
{
    cleanup(buf_clear) struct buf certificates = {0};
    cleanup(secret_clear) struct buf key = {0};
    cleanup(buf_clear) struct buf bundle = {0};
    cleanup(strlist_clear) struct strlist names = {0};
    cleanup(strlist_clear) struct strlist findings = {0};
    add_all_names(options, &names);
    struct pair_question question = {.names = &names, .now = now};
    read_for(options, "cert", &certificates, &question.certificates, &findings);
    read_for(options, "key", &key, &question.key, &findings);
    read_for(options, "ca", &bundle, &question.bundle, &findings);
    pair_findings(&question, &findings);
    if (findings.count)
        return print_findings(&findings);
    return print_verified(question.certificates, question.bundle.text.data != NULL, now);
}

static int run_verify(int argc, char **argv)
{
    int result;
    cleanup(options_done) struct options options = {0};
    if (!command_options(&verify_help, argc, argv, 0, &options, &result))
        return result;
    if (!options_has(&options, "cert"))
        return command_usage_error(verify_help.name, "--cert is missing, expected a file");
    if (!options_has(&options, "key"))
        return command_usage_error(verify_help.name, "--key is missing, expected a file");
    return verify(&options, time(NULL));
}

/* ---- certs ---- */

static const struct command_of_group commands[] = {
    {"issue", run_issue, &issue_help, "make a CA and a server certificate"},
    {"show", run_show, &show_help, "print what certificates say"},
    {"verify", run_verify, &verify_help, "judge a server's certificate and key as clients would"},
};

int cli_certs(int argc, char **argv)
{
    const struct command_group group = {"certs", "", commands,
                                        sizeof(commands) / sizeof(*commands)};
    return command_group_run(&group, argc, argv);
}
