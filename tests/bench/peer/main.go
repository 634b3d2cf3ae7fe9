// Command peer is the webhook that most people would write: controller-runtime's own admission
// handler, which decodes the Pod, adds twelve variables and answers with the difference.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

var variables = []corev1.EnvVar{
	{Name: "CLONE_METHOD", Value: "CLONE_WITH_WALE"},
	{Name: "CLONE_WITH_WALE", Value: "true"},
	{Name: "CLONE_SCOPE", Value: "postgresql-harbor-harbor"},
	{Name: "CLONE_HOST", Value: "postgresql-harbor-harbor"},
	{Name: "CLONE_USER", Value: "standby"},
	{Name: "CLONE_PORT", Value: "5432"},
	{Name: "CLONE_WAL_S3_BUCKET", Value: "harbor-db-backups"},
	{Name: "CLONE_WAL_BUCKET_SCOPE_SUFFIX", Value: "/99e85b8a-3f92-4c86-8d42-5056348c1e7e"},
	{Name: "CLONE_USE_WALG_RESTORE", Value: "true"},
	{Name: "USE_WALG_RESTORE", Value: "true"},
	{Name: "CLONE_AWS_REGION", Value: "eu-central-1"},
	{Name: "CLONE_TARGET_TIMELINE", Value: "latest"},
}

type injector struct {
	decoder admission.Decoder
}

func (i *injector) Handle(_ context.Context, request admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := i.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	at := slices.IndexFunc(pod.Spec.Containers, func(container corev1.Container) bool {
		return container.Name == "postgres"
	})
	if at < 0 {
		return admission.Allowed("no container postgres")
	}
	pod.Spec.Containers[at].Env = append(pod.Spec.Containers[at].Env, variables...)
	patched, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, patched)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9443", "address to listen on")
	certificate := flag.String("cert", "tls.crt", "certificate file")
	key := flag.String("key", "tls.key", "key file")
	flag.Parse()

	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		log.Fatal(err)
	}
	handler, err := admission.StandaloneWebhook(
		&admission.Webhook{Handler: &injector{decoder: admission.NewDecoder(scheme)}},
		admission.StandaloneOptions{Logger: ctrl.Log})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/pods/restore/", handler)
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServeTLS(*listen, *certificate, *key, mux))
}
