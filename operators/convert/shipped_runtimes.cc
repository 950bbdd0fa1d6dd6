#include "operators/convert/shipped_runtimes.h"

#include "operators/codec/document.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

// Images are named without their registry: nothing is pulled.
constexpr char kRuntimes[] = R"(apiVersion: trainer.kubeflow.org/v1alpha1
kind: ClusterTrainingRuntime
metadata:
  name: deepspeed-distributed
  labels: {trainer.kubeflow.org/framework: deepspeed}
spec:
  mlPolicy:
    numNodes: 1
    mpi:
      numProcPerNode: 1
      mpiImplementation: OpenMPI
      sshAuthMountPath: /home/mpiuser/.ssh
      runLauncherAsNode: true
  template:
    spec:
      network: {publishNotReadyAddresses: true}
      successPolicy: {operator: All, targetReplicatedJobs: [launcher]}
      replicatedJobs:
      - name: node
        template:
          spec:
            template:
              spec:
                securityContext: {fsGroup: 1000}
                containers:
                - name: node
                  image: example.invalid/kubeflow/trainer/deepspeed-runtime
                  securityContext: {runAsUser: 1000}
                  command: [/usr/sbin/sshd]
                  args: [-De, -f, /home/mpiuser/.sshd_config]
                  readinessProbe: {tcpSocket: {port: 2222}, initialDelaySeconds: 5}
      - name: launcher
        dependsOn: [{name: node, status: Ready}]
        template:
          metadata:
            labels: {trainer.kubeflow.org/trainjob-ancestor-step: trainer}
          spec:
            template:
              spec:
                securityContext: {fsGroup: 1000}
                containers:
                - name: node
                  image: example.invalid/kubeflow/trainer/deepspeed-runtime
                  securityContext: {runAsUser: 1000}
---
apiVersion: trainer.kubeflow.org/v1alpha1
kind: ClusterTrainingRuntime
metadata:
  name: jax-distributed
  labels: {trainer.kubeflow.org/framework: jax}
spec:
  mlPolicy: {numNodes: 1, jax: {}}
  template:
    spec:
      replicatedJobs:
      - name: node
        template:
          metadata:
            labels: {trainer.kubeflow.org/trainjob-ancestor-step: trainer}
          spec:
            template:
              spec:
                containers:
                - name: node
                  image: example.invalid/nvidia/jax:25.10-py3
---
apiVersion: trainer.kubeflow.org/v1alpha1
kind: ClusterTrainingRuntime
metadata:
  name: torch-distributed
  labels: {trainer.kubeflow.org/framework: torch}
spec:
  mlPolicy: {numNodes: 1, torch: {}}
  template:
    spec:
      replicatedJobs:
      - name: node
        template:
          metadata:
            labels: {trainer.kubeflow.org/trainjob-ancestor-step: trainer}
          spec:
            template:
              spec:
                containers:
                - name: node
                  image: pytorch/pytorch:2.13.0-cuda13.0-cudnn9-runtime
---
apiVersion: trainer.kubeflow.org/v1alpha1
kind: ClusterTrainingRuntime
metadata:
  name: xgboost-distributed
  labels: {trainer.kubeflow.org/framework: xgboost}
spec:
  mlPolicy: {numNodes: 1, xgboost: {}}
  template:
    spec:
      replicatedJobs:
      - name: node
        template:
          metadata:
            labels: {trainer.kubeflow.org/trainjob-ancestor-step: trainer}
          spec:
            template:
              spec:
                containers:
                - name: node
                  image: example.invalid/kubeflow/trainer/xgboost-runtime
)";

const std::vector<Document>& Runtimes() {
  static const std::vector<Document> runtimes = [] {
    Result<std::vector<Document>> parsed = ParseYaml(kRuntimes, "shipped runtimes");
    CHECK(parsed.ok()) << parsed.status().message();
    return std::move(*parsed);
  }();
  return runtimes;
}

std::string NameOf(const Document& runtime) {
  return runtime.value.at("metadata").at("name").get<std::string>();
}

}  // namespace

std::optional<Json> ShippedRuntime(const std::string& name) {
  for (const Document& runtime : Runtimes()) {
    if (NameOf(runtime) == name) return runtime.value;
  }
  return {};
}

std::vector<std::string> ShippedRuntimeNames() {
  std::vector<std::string> names;
  for (const Document& runtime : Runtimes()) names.push_back(NameOf(runtime));
  return names;
}

}  // namespace lockstep
