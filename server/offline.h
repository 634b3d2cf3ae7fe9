/*
 * What `patch` and `explain` have in common: the options, the configuration, the walk over the
 * documents of a file, messages on stderr, and the result of all of them.
 */
#ifndef SERVER_OFFLINE_H
#define SERVER_OFFLINE_H

#include "server/command.h"
#include "server/verdict.h"

/* Rows of the options that both have. */
#define OFFLINE_OPTIONS                                                                            \
    {"config", "FILE", false, "the configuration of the server (its defaults)"},                   \
        {"profile", "NAME", false, "the restore profile for Pods, or 'unlisted'"},                 \
        {"backup-profile", "NAME", false, "the backup profile for Pods, asked before the other"},  \
    {                                                                                              \
        "namespace", "NAME", false, "of manifests that name none (default)"                        \
    }

/* The lines about documents and exit status that both help texts have. */
#define OFFLINE_ABOUT                                                                              \
    "FILE, or standard input, holds AdmissionReviews or plain manifests of a postgresql\n"         \
    "(acid.zalan.do/v1), a Pod or a ConfigMap (v1), as JSON or YAML: one, several\n"               \
    "separated by '---', or a List. A manifest is decided as if it were created. A Pod\n"          \
    "needs --profile, --backup-profile, or both; the other kinds ignore them.\n"                   \
    "\n"                                                                                           \
    "Exit status: 0 allowed, 3 denied, 1 bad input or unknown profile, 2 usage; of several\n"      \
    "documents the worst, in the order 1, 3, 0.\n"

/* One document with its verdict, as a command prints it. */
struct offline_document {
    const struct manifest *manifest;
    const struct verdict *verdict;
    const char *label; /* "Pod harbor/postgresql-harbor-harbor-0" */
    size_t printed;    /* documents before this one that something was printed for */
    const void *context;
};

/* Prints a document to stdout and returns whether there was anything to print. */
typedef bool offline_print(const struct offline_document *document);

/* Runs over the documents of the argument (or standard input) and calls `print` for each that was
 * decided, handing it `context`. `quiet` keeps warnings and denials off stderr. Gives an enum
 * command_result. */
int offline_run(const struct options *options, offline_print *print, const void *context,
                bool quiet);

#endif
