// The mutating webhook of azure-workload-identity: its own pod mutator, served on one loopback port.
//
// The project's own main listens on every address of the machine, and on a port that no flag changes.
package main

import (
	"flag"
	"os"

	wh "github.com/Azure/azure-workload-identity/pkg/webhook"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"monis.app/mlog"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

func main() {
	// controller-runtime registers --kubeconfig by itself.
	port := flag.Int("port", 0, "port on 127.0.0.1 to serve on")
	certDir := flag.String("webhook-cert-dir", "", "directory with tls.crt and tls.key")
	audience := flag.String("audience", "", "audience of the projected tokens; the webhook's default when empty")
	flag.Parse()
	logger := mlog.New()
	log.SetLogger(logger.Logr())
	if err := serve(*port, *certDir, *audience); err != nil {
		logger.Error("the webhook ends", err)
		os.Exit(1)
	}
}

func serve(port int, certDir, audience string) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:         scheme,
		Metrics:        metricsserver.Options{BindAddress: "0"},
		WebhookServer:  webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: certDir}),
		MapperProvider: apiutil.NewDynamicRESTMapper,
	})
	if err != nil {
		return err
	}
	mutator, err := wh.NewPodMutator(manager.GetClient(), manager.GetAPIReader(), audience, scheme)
	if err != nil {
		return err
	}
	manager.GetWebhookServer().Register("/mutate-v1-pod", &webhook.Admission{Handler: mutator})
	return manager.Start(ctrl.SetupSignalHandler())
}
