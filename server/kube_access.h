/*
 * Where the API server is and who we are, complete: by the entries of a kubeconfig or by the files
 * that the kubelet mounts. What would run a program, or talk to somebody who has not shown who he
 * is, is refused.
 */
#ifndef SERVER_KUBE_ACCESS_H
#define SERVER_KUBE_ACCESS_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strlist.h"

#include <jansson.h>

/* Largest certificate, key or token, in bytes. */
#define KUBE_PEM_MAX (1024u * 1024)
#define KUBE_TOKEN_MAX (64u * 1024)

/* All owned. The authorities of the API server are in `ca` or `ca_file`; when neither is set those
 * of the system count. */
struct kube_access {
    char *server;           /* "https://host:port", also with a path; no "/" at the end */
    char *ca_file;          /* read for each call: whoever wrote it may renew it */
    struct buf ca;          /* PEM */
    struct buf certificate; /* PEM: a client's chain, and its key */
    struct buf key;
    char *token_file; /* read again when it changes */
    struct buf token; /* without white space around it; not looked at beside token_file */
};

/* Where the kubelet tells a pod of the API server. */
struct kube_pod {
    const char *host;   /* KUBERNETES_SERVICE_HOST: a name or an address, IPv6 without brackets */
    const char *port;   /* KUBERNETES_SERVICE_PORT, decimal */
    const char *folder; /* holds the files token and ca.crt; NULL = where the kubelet puts them */
};

/* Reads no file yet. Fails when the place is incomplete (not in a cluster). The caller ends *ret
 * with kube_access_done(). */
bool kube_access_of_pod(const struct kube_pod *pod, struct kube_access *ret, struct error *err)
    __attribute__((warn_unused_result));

/* A mapping of a kubeconfig: the `cluster` or `user` of an entry. Borrowed. */
struct kube_entry {
    const char *file;
    const char *path; /* in the file: "users[0].user" */
    const json_t *fields;
};

/* Each fills its part of *access, reads the files that the entry names (relative to that of the
 * entry), and adds every mistake with its place; never a value. */
void kube_access_cluster(const struct kube_entry *entry, struct kube_access *access,
                         struct strlist *mistakes);
void kube_access_user(const struct kube_entry *entry, struct kube_access *access,
                      struct strlist *mistakes);

/* Whether the text can be sent as a token: printable ASCII without blanks. */
bool kube_token_valid(struct str token);

/* Overwrites what is secret and leaves an empty one. */
void kube_access_done(struct kube_access *access);

#endif
