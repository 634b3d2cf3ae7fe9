/* Finds the cluster that a person or a pod means, by the files and the rules of kubectl. */
#ifndef SERVER_KUBE_CONFIG_H
#define SERVER_KUBE_CONFIG_H

#include "server/kube_access.h"

/* Largest kubeconfig in bytes, and most files in KUBECONFIG. */
#define KUBE_CONFIG_MAX (1024u * 1024)
#define KUBE_CONFIG_FILES_MAX 64

/* What decides; NULL or "" for what is not given. */
struct kube_question {
    const char *file;       /* --kubeconfig */
    const char *context;    /* --context */
    const char *kubeconfig; /* KUBECONFIG: files with ':' between; those that exist are merged */
    const char *home;       /* HOME: .kube/config in it */
    struct kube_pod pod;
};

/* A question with what the environment says. */
struct kube_question kube_question_of_environment(void);

/* The first that there is: --kubeconfig, KUBECONFIG, HOME/.kube/config, the pod that we are. With
 * several files, each name is taken from the first file that has it. Only what the context names is
 * judged. Adds every mistake with its place: "FILE: users[0].user.exec: ...", never a value that
 * may be secret. Talks to nobody. The caller ends *ret with kube_access_done(). */
bool kube_config_read(const struct kube_question *question, struct kube_access *ret,
                      struct strlist *mistakes) __attribute__((warn_unused_result));

#endif
